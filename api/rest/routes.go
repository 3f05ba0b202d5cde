package rest

import (
	"net/http"

	"amends/orders"
)

// route is one entry of the API. Without a right, the route is open to everybody or checks for itself who calls.
type route struct {
	method, path string
	right        string
	handle       func(*call) error
}

func (s *Server) routes() []route {
	const (
		get   = http.MethodGet
		head  = http.MethodHead
		post  = http.MethodPost
		base  = "/api/v1"
		order = base + "/orders/:number"
		made  = base + "/voids/:void"
	)
	return []route{
		{post, base + "/orders", orders.CmdCreate, s.createOrder},
		{get, base + "/orders", orders.DoReadOrder, s.listOrders},
		{get, order, orders.DoReadOrder, s.readOrder},
		{get, order + "/timeline", orders.DoReadOrder, s.readTimeline},
		{post, order + "/notes", orders.DoNote, s.addNote},
		{post, order + "/contacts", orders.DoContact, s.addContact},
		{post, order + "/approve", orders.CmdApprove, act(http.StatusOK, approve)},
		{post, order + "/send-back", orders.CmdSendBack, act(http.StatusOK, sendBack)},
		{post, order + "/resubmit", orders.CmdResubmit, act(http.StatusOK, resubmit)},
		{post, order + "/reject", orders.CmdReject, act(http.StatusOK, reject)},
		{post, order + "/hold", orders.CmdHold, act(http.StatusOK, hold)},
		{post, order + "/resume", orders.CmdResume, act(http.StatusOK, resume)},
		{post, order + "/retry", orders.CmdRetry, act(http.StatusOK, retry)},
		{post, order + "/shipments", orders.CmdShip, act(http.StatusCreated, ship)},
		{post, order + "/shipments/:shipment/hand-over", orders.CmdHandOver, act(http.StatusOK, handOver)},
		{post, order + "/appointments/:appointment/perform", orders.CmdPerform, act(http.StatusOK, perform)},
		{post, order + "/appointments/:appointment/reschedule", orders.CmdReschedule, act(http.StatusOK, reschedule)},
		{post, order + "/receipts", orders.CmdReceivePayment, act(http.StatusOK, receivePayment)},
		{post, order + "/sign-off", orders.CmdSignOff, act(http.StatusOK, signOff)},
		{post, order + "/refuse-delivery", orders.CmdRefuseDelivery, act(http.StatusOK, refuseDelivery)},
		{post, order + "/place-again", orders.CmdPlaceAgain, s.placeAgain},
		{post, order + "/void-plans", orders.CmdVoid, s.planVoid},
		{post, order + "/voids", orders.CmdVoid, actShowing(showVoided, http.StatusAccepted, void)},
		{get, order + "/voids", orders.DoReadOrder, s.listVoids},
		{get, order + "/voids/:void", orders.DoReadOrder, s.readVoid},
		{post, made + "/approve", orders.CmdApprovePlan, actShowing(showVoid, http.StatusOK, approvePlan)},
		{post, made + "/decline", orders.CmdDeclinePlan, actShowing(showVoid, http.StatusOK, declinePlan)},
		{post, made + "/revoke", orders.CmdRevoke, actShowing(showVoid, http.StatusOK, revoke)},
		{post, made + "/steps/:step/retry", orders.CmdRetryStep, actShowing(showVoid, http.StatusOK, retryStep)},
		{post, made + "/steps/:step/complete", orders.CmdCompleteStep, actShowing(showVoid, http.StatusOK, completeStep)},
		{post, made + "/steps/:step/waive", orders.CmdWaiveStep, actShowing(showVoid, http.StatusOK, waiveStep)},
		{post, order + "/purchases", orders.CmdRequestPurchase, act(http.StatusCreated, requestPurchase)},
		{post, order + "/invoice", orders.CmdIssueInvoice, act(http.StatusOK, issueInvoice)},
		{get, base + "/commands/:id", orders.DoReadOrder, s.readCommand},
		{post, base + "/stock/receipts", orders.DoStockReceipt, s.receiveStock},
		{get, base + "/stock", orders.DoReadStock, s.readStock},
		{get, base + "/webhooks", orders.DoReadWebhooks, s.listWebhooks},
		{post, base + "/webhooks/carrier", "", s.carrierWebhook},
		{post, base + "/webhooks/payments", "", s.paymentsWebhook},
		{get, base + "/openapi.yaml", "", s.readContract},
		{get, "/healthz", "", s.healthy},
		{head, "/healthz", "", s.healthy},
		{get, "/livez", "", s.alive},
		{head, "/livez", "", s.alive},
		{get, "/metrics", "", s.metrics.answer},
	}
}
