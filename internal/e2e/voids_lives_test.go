package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/workflows"
)

func TestAVoidInReviewWithdrawsTheOrder(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	v := o.void("clerk", wish())
	require.Equal(t, []string{"release_stock", "notify_customer", "notify_departments"}, kindsOf(v.Steps))
	require.Empty(t, o.isVoided().Flags)
	require.Empty(t, paid(t, o.number))
	require.Equal(t, "completed", o.readVoid(v.ID).Status)
}

func TestAVoidOfAnOrderThatWasSentBackWithdrawsIt(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	o.tell("reviewer", "send-back", object{"reason": "价格不对"}).want(http.StatusOK)
	o.void("clerk", wish())
	o.isVoided()
	require.Empty(t, paid(t, o.number))
}

func TestAVoidOfAPaidAndReservedOrderReleasesBoth(t *testing.T) {
	t.Parallel()
	f := typed(line("TEA-004", 2, "188.00"), visit("SVC-REPAIR", "180.00"))
	o := place(t, f)
	o.awaitReady()
	w := object{"reason_code": "other", "note": "客户搬家了"}
	w["notify"] = object{"departments": []string{"sales", "finance"}}
	v := o.void("manager", w)
	require.Equal(t, []string{"release_stock", "free_appointment", "release_payment", "notify_customer", "notify_departments", "notify_refund"}, kindsOf(v.Steps))
	o.isVoided()
	require.Equal(t, []string{"authorised 568.00", "released 568.00"}, paid(t, o.number))
}

func TestAVoidOfAPackedOrderIsPutBackByTheWarehouse(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 2, "128.00")))
	o.awaitReady()
	_, label := o.pack()
	v := o.void("clerk", wish())
	o.awaitStep(v.ID, "release_stock", "done")
	require.EqualValues(t, 2, heldFor(t, o.number)) // they lie in the parcel
	require.Equal(t, "voiding", o.view().Stage)
	o.complete("warehouse", v.ID, "put_back", nil)
	require.Equal(t, "cancelled", o.isVoided().Shipments[0].Status)
	require.Equal(t, []string{"booked " + label, "cancelled " + label}, carried(t, o.number))
	require.Equal(t, []string{"authorised 268.00", "released 268.00"}, paid(t, o.number))
}

// carried lists an order's entries in the carrier's book as words, without what parcels went through.
func carried(t testing.TB, order string) []string {
	t.Helper()
	var words []string
	for _, e := range book(t, "carrier", order) {
		if e.Kind != "event" {
			words = append(words, e.Kind+" "+e.TrackingNumber)
		}
	}
	return words
}

// onItsWay brings an order of some tea to where its parcel is on its way.
func onItsWay(t *testing.T, quantity int) (o *order, label string) {
	t.Helper()
	f := typed(line("TEA-001", quantity, "128.00"))
	f["terms"] = object{"payment": "prepaid", "after_sales_days": 7}
	o = place(t, f)
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.await("paid", func(v view) bool { return v.Payments[0].Captured == v.Total })
	return o, label
}

// approved has a void asked for by the clerk and agreed to by the manager.
func approved(o *order, wish object) void {
	o.Helper()
	v := o.void("clerk", wish)
	require.Equal(o, "awaiting_approval", v.Status)
	require.Contains(o, v.Approvals, "goods_have_left")
	o.onVoid("manager", v.ID, "approve", nil).want(http.StatusOK)
	return o.readVoid(v.ID)
}

func TestAVoidOnTheWayWaitsForTheCarrierAndForTheGoods(t *testing.T) {
	t.Parallel()
	onHand, _ := level(t, "SET-001")
	f := typed(line("SET-001", 1, "219.00"))
	o := place(t, f)
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	v := approved(o, wish())
	require.Equal(t, []string{
		"intercept", "receive_return", "inspect_return", "restock", "refund", "notify_customer", "notify_departments", "notify_refund",
	}, kindsOf(v.Steps))
	require.Equal(t, "waiting", o.awaitStep(v.ID, "intercept", "waiting").State)
	o.reported(label, "intercepted", nil)
	require.Equal(t, "pending", o.readVoid(v.ID).step("refund").State)
	o.takesBack(v.ID, "good")
	v1 := o.isVoided()
	require.EqualValues(t, 1, v1.Lines[0].Returned)
	require.Equal(t, []string{"authorised 231.00", "captured 231.00", "refunded 231.00"}, paid(t, o.number))
	now, _ := level(t, "SET-001")
	require.Equal(t, onHand, now)
	require.Equal(t, []string{"booked " + label, "intercept_asked " + label}, carried(t, o.number))
}

func TestARefusedInterceptionTurnsIntoAReturn(t *testing.T) {
	t.Parallel()
	o, label := onItsWay(t, 2)
	v := approved(o, wish())
	o.awaitStep(v.ID, "intercept", "waiting")
	o.reported(label, "intercept_refused", nil)
	o.reported(label, "delivered", nil)
	o.complete("manager", v.ID, "approve_return", nil)
	require.Equal(t, "pending", o.readVoid(v.ID).step("refund").State)
	o.takesBack(v.ID, "damaged")
	o.isVoided()
	require.Equal(t, []string{"authorised 268.00", "captured 268.00", "refunded 268.00"}, paid(t, o.number))
	require.EqualValues(t, -2, scalar[int64](t, `
		SELECT coalesce(sum(on_hand_delta), 0)::bigint FROM stock_movements WHERE order_number = $1`, o.number))
}

func TestARefusalAtTheDoorComesBackWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	o, label := onItsWay(t, 1)
	o.reported(label, "refused", nil)
	o.awaitParked("deliver/S1", "refused_at_door")
	v := approved(o, object{"reason_code": "delivery_refused"})
	require.Equal(t, "receive_return", v.Steps[0].Kind)
	o.takesBack(v.ID, "good")
	o.isVoided()
	require.Equal(t, []string{"authorised 140.00", "captured 140.00", "refunded 140.00"}, paid(t, o.number))
}

func TestAVoidAfterTheSignatureTakesTheGoodsBackAndReversesTheRevenue(t *testing.T) {
	t.Parallel()
	o, label := onItsWay(t, 3)
	o.reported(label, "delivered", object{"proof": true})
	o.reaches("after_sales")
	v := approved(o, wish())
	require.Equal(t, "approve_return", v.Steps[0].Kind)
	o.complete("manager", v.ID, "approve_return", nil)
	o.takesBack(v.ID, "good")
	o.isVoided()
	require.Equal(t, []string{"authorised 396.00", "captured 396.00", "refunded 396.00"}, paid(t, o.number))
	require.Zero(t, scalar[int64](t, `
		SELECT coalesce(sum(minor), 0)::bigint
		FROM ledger_entries e
		JOIN ledger_transactions t ON t.key = e.transaction_key
		WHERE t.order_number = $1 AND account = 'revenue'`, o.number))
}

func TestAVoidOfAPartLeavesTheRestRunningWithRightTotals(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 5, "128.00")))
	o.awaitReady()
	p := o.preview("clerk", some("L1", 3))
	require.False(t, p.Plan.Whole)
	require.Equal(t, yuan("268.00"), p.Plan.Total)
	v := o.void("clerk", some("L1", 3))
	o.await("voided in part", func(v view) bool { return v.Voids[0].Status == "completed" })
	require.EqualValues(t, 2, heldFor(t, o.number))
	require.Equal(t, "completed", o.readVoid(v.ID).Status)
	require.Equal(t, yuan("268.00"), o.view().Total)
	o.sendAll()
	require.Empty(t, o.closes().Flags)
	require.Equal(t, []string{"authorised 652.00", "captured 268.00", "released 384.00"}, paid(t, o.number))
}

// blocked brings a void to where the provider has refused the refund.
func blocked(t *testing.T) (*order, void, step) {
	t.Helper()
	o := immediate(t, 2)
	misbehave(t, "payments", "refund", "refuse", o.number, 1)
	v := o.void("clerk", wish())
	s := o.awaitStep(v.ID, "refund", "blocked")
	require.Equal(t, "refused", s.LastError)
	require.True(t, o.view().has("needs_attention"))
	return o, v, s
}

func TestABlockedRefundIsRetried(t *testing.T) {
	t.Parallel()
	o, v, s := blocked(t)
	o.onVoid("finance", v.ID, "steps/"+s.ID+"/retry", nil).want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"captured 152.00", "refunded 152.00"}, paid(t, o.number))
}

func TestABlockedRefundIsCompletedByHand(t *testing.T) {
	t.Parallel()
	o, v, s := blocked(t)
	o.onVoid("finance", v.ID, "steps/"+s.ID+"/complete", object{"evidence": "BANK-20261122-7"}).want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"captured 152.00"}, paid(t, o.number))
	require.Equal(t, "completed", o.readVoid(v.ID).step("refund").End)
	require.Equal(t, yuan("152.00"), o.view().Payments[0].Refunded)
}

func TestABlockedRefundIsWaivedByTwoPeople(t *testing.T) {
	t.Parallel()
	o, v, s := blocked(t)
	waive := func(role string) answer {
		return o.onVoid(role, v.ID, "steps/"+s.ID+"/waive", object{"reason": "客户放弃退款"})
	}
	waive("finance").want(http.StatusOK)
	waive("finance").refused(http.StatusForbidden, "own_request")
	require.Equal(t, "blocked", o.readVoid(v.ID).step("refund").State)
	waive("manager").want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"captured 152.00"}, paid(t, o.number))
}

func TestAVoidAboveTheLimitWaitsForASecondPerson(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-002", 6, "98.00")))
	o.awaitReady()
	v := o.void("clerk", wish())
	require.Equal(t, "awaiting_approval", v.Status)
	require.Equal(t, []string{"amount_above_limit"}, v.Approvals)
	o.onVoid("clerk", v.ID, "approve", nil).refused(http.StatusForbidden, "forbidden")
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).refused(http.StatusConflict, "plan_open")
	require.Equal(t, "fulfilling", o.view().Stage)
	o.onVoid("finance", v.ID, "approve", nil).want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"authorised 600.00", "released 600.00"}, paid(t, o.number))
}

func TestADeclinedVoidLeavesTheOrderAsItWas(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-002", 6, "98.00")))
	o.awaitReady()
	v := o.void("clerk", wish())
	o.onVoid("manager", v.ID, "decline", object{"reason": "客户已改主意"}).want(http.StatusOK)
	require.Equal(t, "declined", o.readVoid(v.ID).Status)
	o.sendAll()
	o.closes()
	require.Equal(t, []string{"authorised 600.00", "captured 600.00"}, paid(t, o.number))
}

func TestAVoidThatNobodyApprovesExpires(t *testing.T) {
	t.Parallel()
	o := hurried(t, typed(line("TEA-002", 6, "98.00")))
	o.awaitReady()
	v := o.void("clerk", wish())
	require.Equal(t, "awaiting_approval", v.Status)
	o.await("with an expired void", func(v view) bool { return v.Voids[0].Status == "expired" })
	o.onVoid("manager", v.ID, "approve", nil).want(http.StatusConflict)
	o.sendAll()
	o.closes()
}

func TestAVoidIsTakenBackWhileItCoolsOff(t *testing.T) {
	t.Parallel()
	o := hurried(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	v := o.void("clerk", wish())
	require.Equal(t, "cooling_off", v.Status)
	o.onVoid("clerk", v.ID, "revoke", nil).want(http.StatusOK)
	require.Equal(t, "revoked", o.readVoid(v.ID).Status)
	o.sendAll()
	o.closes()
	require.Equal(t, []string{"authorised 140.00", "captured 140.00"}, paid(t, o.number))
}

func TestAVoidRunsWhenItHasCooledOff(t *testing.T) {
	t.Parallel()
	o := hurried(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	require.Equal(t, "cooling_off", o.void("clerk", wish()).Status)
	o.isVoided()
	require.Equal(t, []string{"authorised 140.00", "released 140.00"}, paid(t, o.number))
}

func TestANativeCancellationIsAVoidByAnOperator(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	require.NoError(t, running.temporal.CancelWorkflow(context.Background(), workflows.WorkflowID(o.number), ""))
	v := o.await("asked to be voided", func(v view) bool { return len(v.Voids) == 1 })
	require.Equal(t, "awaiting_approval", v.Voids[0].Status)
	require.Equal(t, []string{"unverified_actor"}, o.readVoid(v.Voids[0].ID).Approvals)
	o.onVoid("manager", v.Voids[0].ID, "approve", nil).want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"authorised 140.00", "released 140.00"}, paid(t, o.number))
	require.Equal(t, []string{"void accepted"}, auditRows(t, o.number, "signal"))
}
