package orders_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// stopping is an order whose one parcel is on its way and is to be stopped.
func stopping(t *testing.T) *house {
	t.Helper()
	h := onItsWay(t)
	h.agreed()
	require.Equal(t, orders.StepRunning, h.state(orders.StepIntercept))
	return h
}

// asked is one whose carrier will answer later.
func asked(t *testing.T) *house {
	t.Helper()
	h := stopping(t)
	h.do(&orders.TaskDone{Task: h.task(h.stepTask(orders.StepIntercept)), Outcome: orders.EffectOutcome{Done: true, Pending: true}})
	require.Equal(t, orders.StepWaiting, h.state(orders.StepIntercept))
	return h
}

func TestAnInterceptionEndsAsTheCarrierAnswers(t *testing.T) {
	t.Parallel()
	intercept := func(h *house) string { return h.stepTask(orders.StepIntercept) }
	for name, test := range map[string]struct {
		from    func(*testing.T) *house
		answer  func(h *house)
		outcome string
		status  orders.ShipmentStatus
		agree   bool // a person has to agree the return with the customer
	}{
		"accepted at once": {
			stopping, func(h *house) { h.done(intercept(h)) }, orders.OutcomeIntercepted, orders.Intercepted, false,
		},
		"accepted later": {asked, func(h *house) { h.do(report("SF-1", "intercepted")) }, orders.OutcomeIntercepted, orders.Intercepted, false},
		"refused at once": {
			stopping, func(h *house) { h.failed(intercept(h), orders.RefusedTooLate) }, orders.OutcomeRefused, orders.HandedOver, true,
		},
		"refused later":           {asked, func(h *house) { h.do(report("SF-1", "intercept_refused")) }, orders.OutcomeRefused, orders.HandedOver, true},
		"delivered meanwhile":     {asked, func(h *house) { h.do(report("SF-1", "delivered")) }, orders.OutcomeDelivered, orders.Delivered, true},
		"delivered before asking": {stopping, func(h *house) { h.do(report("SF-1", "delivered")) }, orders.OutcomeDelivered, orders.Delivered, true},
		"refused at the door":     {asked, func(h *house) { h.do(&orders.RefuseDelivery{ShipmentID: "S1"}) }, orders.OutcomeAtDoor, orders.Refused, false},
		"by hand":                 {silent, func(h *house) { h.complete(orders.StepIntercept) }, orders.OutcomeIntercepted, orders.Intercepted, false},
		"refused, by hand": {silent, func(h *house) {
			c := h.completion(orders.StepIntercept)
			c.Outcome = orders.OutcomeRefused
			h.do(c)
		}, orders.OutcomeRefused, orders.HandedOver, true},
	} {
		h := test.from(t)
		test.answer(h)
		require.Equal(t, test.outcome, h.the(orders.StepIntercept).Outcome, name)
		require.NotEmpty(t, h.the(orders.StepIntercept).End, name)
		require.Equal(t, test.status, h.order.Shipments[0].Status, name)
		require.Equal(t, test.agree, h.has(orders.StepApproveReturn), name)
		require.Equal(t, orders.StepPending, h.state(orders.StepRefund), "the money waits for the goods: %s", name)
		h.carryThrough()
		h.ended(orders.Completed, orders.Voided)
		require.Equal(t, int64(2), h.order.Lines[0].Returned, name)
		require.Equal(t, "0.00", h.kept(), name)
	}
}

func (h *house) has(kind string) bool {
	return slices.ContainsFunc(h.last().Steps, func(s orders.Step) bool { return s.Kind == kind })
}

// silent is one whose carrier has not answered by the deadline.
func silent(t *testing.T) *house {
	h := asked(t)
	h.later(72*time.Hour - 1)
	require.Empty(t, h.attention())
	h.later(1)
	require.Equal(t, []string{"intercept/1.1 carrier_silent warehouse"}, h.attention())
	return h
}

func TestACarrierThatStaysSilentBlocksTheStepAndMayHaveTheWholeTimeAgain(t *testing.T) {
	t.Parallel()
	h := silent(t)
	require.Equal(t, orders.StepBlocked, h.state(orders.StepIntercept))
	h.do(&orders.RetryStep{StepRef: h.ref(orders.StepIntercept)})
	require.Equal(t, h.now.Add(72*time.Hour), h.the(orders.StepIntercept).DueAt)
	h.do(report("SF-1", "intercepted"))
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	h = silent(t)
	h.do(report("SF-1", "intercept_refused"))
	require.Empty(t, h.attention(), "an answer that comes late is an answer")
}

func TestAParcelThatIsLostIsNotWaitedForAndItsMoneyGoesBack(t *testing.T) {
	t.Parallel()
	h := asked(t)
	h.do(report("SF-1", "lost"))
	require.Equal(t, orders.EndMoot, h.the(orders.StepRestock).End)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Zero(t, h.order.Lines[0].Returned)
	require.Equal(t, "0.00", h.kept())
}

func TestGoodsThatAreBackAreInspectedWhateverTheCarrierSays(t *testing.T) {
	t.Parallel()
	h := asked(t)
	h.do(report("SF-1", "intercepted"))
	h.complete(orders.StepReceive)
	h.do(report("SF-1", "lost"))
	require.Equal(t, orders.StepWaiting, h.state(orders.StepInspect))
	h.carryThrough()
	require.Equal(t, orders.EndDone, h.the(orders.StepRestock).End)
}

func TestWhatIsDamagedIsScrappedAndTheRestGoesWhereItIsWanted(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	w := wish()
	w.Restock = []orders.Restock{{LineID: "L1", Warehouse: "SZ"}}
	h.approve(h.voidAs(clerk, enough, w))
	h.do(report("SF-1", "refused"))
	h.complete(orders.StepReceive)
	c := h.completion(orders.StepInspect)
	for outcome, code := range map[string]string{"": "required", "lovely": "unknown_value", orders.OutcomeIntercepted: "unknown_value"} {
		c.Outcome = outcome
		problem := h.refuse(c).Fields[0]
		require.Equal(t, []string{"outcome", code}, []string{problem.Field, problem.Code})
	}
	c.Outcome, c.Damaged = orders.OutcomeGood, []orders.ShipLine{units("L1", 1)}
	require.Equal(t, "damaged", h.refuse(c).Fields[0].Field, "what is good is not damaged")
	for field, damaged := range map[string][]orders.ShipLine{
		"damaged[0].quantity": {units("L1", 3)}, "damaged[0].line_id": {units("L9", 1)}, "damaged[1].line_id": {units("L1", 1), units("L1", 1)},
	} {
		c.Outcome, c.Damaged = orders.OutcomeDamaged, damaged
		require.Equal(t, field, h.refuse(c).Fields[0].Field)
	}
	c.Damaged = []orders.ShipLine{units("L1", 1)}
	h.do(c)
	var good, damaged int64
	for _, l := range h.order.Inspected(h.task(h.stepTask(orders.StepRestock))) {
		require.Equal(t, "SZ", l.Warehouse)
		good, damaged = good+l.Good, damaged+l.Damaged
	}
	require.Equal(t, []int64{1, 1}, []int64{good, damaged})
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestTheMoneyWaitsForTheInspectionUnlessPolicySaysOtherwise(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.order.Policy.RefundFirst, h.replay.Policy.RefundFirst = true, true
	h.agreed()
	require.Equal(t, orders.StepRunning, h.state(orders.StepRefund))
	h.done(h.stepTask(orders.StepRefund))
	require.Equal(t, orders.Voiding, h.order.Stage, "the goods are still to come")
	h = stopping(t)
	h.done(h.stepTask(orders.StepIntercept))
	h.complete(orders.StepReceive)
	require.Equal(t, orders.StepPending, h.state(orders.StepRefund))
	h.complete(orders.StepInspect)
	require.Equal(t, orders.StepRunning, h.state(orders.StepRefund))
}

func TestAHandOverBeforeTheParcelIsUnpackedTurnsPuttingBackIntoAReturn(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(h *house){
		"told by the warehouse": func(h *house) { h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"}) },
		"told by a scan":        func(h *house) { h.do(report("SF-1", "in_transit")) },
	} {
		h := place(t, draft(tea("L1", 2)))
		h.outcome.AtOnce, h.outcome.Reference = true, "SF-1"
		h.work()
		h.do(&orders.Ship{Carrier: "SF"})
		h.work()
		h.void()
		h.done(h.stepTask(orders.StepRelease))
		require.Equal(t, int64(2), h.order.Lines[0].Reserved, "what may still leave stays held")
		require.Equal(t, orders.StepPending, h.state(orders.StepRefund), "no money leaves while the parcel may")
		leave(h)
		require.Equal(t, orders.EndMoot, h.the(orders.StepPutBack).End, name)
		require.Equal(t, orders.StepRunning, h.state(orders.StepIntercept), name)
		require.Equal(t, orders.StepPending, h.state(orders.StepRefund), "the money waits for the goods")
		for _, c := range h.order.Captures {
			require.True(t, c.Done, "nothing is taken for what is void")
		}
		require.Equal(t, int64(2), h.order.Lines[0].Recalled)
		h.carryThrough()
		h.ended(orders.Completed, orders.Voided)
		require.Equal(t, "0.00", h.kept(), name)
	}
}

func TestOfAnAuthorisedOrderNothingIsTakenForAParcelThatLeftAfterItsVoid(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
	require.Empty(t, h.order.Captures)
	require.Equal(t, orders.StepPending, h.state(orders.StepReleasePayment), "the money waits for the goods")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, orders.PaymentReleased, h.order.Payments[0].Status)
}

func TestNoMoneyLeavesWhileAPackedParcelMayStillLeaveUnlessPolicySaysOtherwise(t *testing.T) {
	t.Parallel()
	for kind, atOnce := range map[string]bool{orders.StepRefund: true, orders.StepReleasePayment: false} {
		for _, first := range []bool{false, true} {
			policy := orders.DefaultPolicy()
			policy.RefundFirst = first
			h := placeWith(t, draft(tea("L1", 2)), policy)
			h.outcome.AtOnce, h.outcome.Reference = atOnce, "SF-1"
			h.work()
			h.do(&orders.Ship{Carrier: "SF"})
			h.work()
			h.void()
			if first {
				money := h.answer(h.task(h.stepTask(kind)))
				h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
				h.do(money) // it was under way when the parcel left
				require.Equal(t, orders.StepDone, h.state(kind), "%s does not wait", kind)
			} else {
				require.Equal(t, orders.StepPending, h.state(kind), kind)
				h.complete(orders.StepPutBack)
				require.Equal(t, orders.StepPending, h.state(kind), "the stock book has not agreed: %s", kind)
				h.done(h.stepTask(orders.StepPutBack))
				require.Equal(t, orders.StepRunning, h.state(kind), kind)
			}
			h.carryThrough()
			h.ended(orders.Completed, orders.Voided)
			require.Equal(t, "0.00", h.kept())
		}
	}
}

func TestAfterTheWarehouseConfirmedThatAParcelStaysItDoesNotLeave(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.complete(orders.StepPutBack)
	hand := &orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"}
	require.Equal(t, orders.Problem{Code: orders.CodeParcelStopped, Params: []string{"S1"}}, h.refuse(hand))
	h.do(report("SF-1", "in_transit"))
	require.Equal(t, orders.Packed, h.order.Shipments[0].Status, "a scan contradicts it, and is looked at")
	require.Equal(t, "carrier_contradiction", h.order.Incidents[0].Code)
	h.done(h.stepTask(orders.StepPutBack))
	require.Equal(t, orders.Cancelled, h.order.Shipments[0].Status)
	require.Equal(t, orders.CodeNotPacked, h.refuse(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"}).Code)
	h.carryThrough()
	require.Equal(t, orders.Completed, h.last().Status)
	require.Equal(t, orders.Voided, h.order.Stage)
}

func TestWhereTheStockBookSaysThatTheParcelHasLeftTheHandOverIsStillTaken(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.complete(orders.StepPutBack)
	h.do(&orders.TaskDone{Task: h.task(h.stepTask(orders.StepPutBack)), Left: true})
	require.Equal(t, []string{"put_back/1.2 left_the_house warehouse"}, h.attention())
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
	require.Empty(t, h.attention())
	require.Equal(t, orders.EndMoot, h.the(orders.StepPutBack).End)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestWhatIsGivenBackIsNeverWhatLiesInAParcelThatMayLeave(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	h.done("authorise/P1")
	h.do(&orders.TaskDone{Task: h.task(orders.TaskReserve), Added: []orders.Reservation{{LineID: "L1", Warehouse: "south", Quantity: 1}}})
	h.do(&orders.Ship{Carrier: "SF"})
	h.do(&orders.StockAllotted{})
	h.do(&orders.TaskDone{Task: h.task(orders.TaskReserve), Added: []orders.Reservation{{LineID: "L1", Warehouse: "north", Quantity: 1}}})
	h.void(units("L1", 1))
	h.done(h.stepTask(orders.StepRelease))
	require.Equal(t, []orders.Reservation{{LineID: "L1", Warehouse: "south", Quantity: 1}}, h.order.Reservations, "the parcel's")
}

func TestWhatIsParkedOfAVoidedParcelIsForgotten(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1), tea("L2", 1)))
	h.work()
	h.ship("SF-1", units("L1", 1))
	h.do(report("SF-1", "refused"))
	require.NotEmpty(t, h.attention())
	h.agreed(units("L1", 1))
	require.Empty(t, h.attention(), "or somebody would send it out again")
	require.Equal(t, orders.StepWaiting, h.state(orders.StepReceive))
}
