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
