package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

// ended checks that a void has ended as it should: every step is over and the money is right.
func (h *house) ended(status orders.AmendmentStatus, stage orders.Stage) {
	require.Equal(h.t, status, h.last().Status, "%v", h.steps())
	require.Equal(h.t, stage, h.order.Stage)
	for _, s := range h.last().Steps {
		require.NotEmpty(h.t, s.End, s.Kind)
	}
	h.refold()
}

// kept is what of the money that came in was not given back.
func (h *house) kept() string { return money.New(moneyIn(h.order), "CNY").Decimal() }

func TestAVoidInAnyStageEndsWithNothingHeldAndTheMoneyBack(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		for name, to := range map[string]func(h *house){
			"created":          func(*house) {},
			"just approved":    func(h *house) { h.done(orders.TaskCheck) },
			"reserved":         func(h *house) { h.work() },
			"packed, no label": func(h *house) { h.work(); h.do(&orders.Ship{Carrier: "SF"}) },
			"packed, labelled": func(h *house) { h.work(); h.do(&orders.Ship{Carrier: "SF"}); h.work() },
			"half packed": func(h *house) {
				h.work()
				h.do(&orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{units("L1", 1)}})
				h.work()
			},
			"half on its way":    func(h *house) { h.work(); h.ship("SF-1", units("L1", 1)) },
			"on its way":         func(h *house) { h.work(); h.ship("SF-1"); h.work() },
			"on hold":            func(h *house) { h.work(); h.do(&orders.PutOnHold{}) },
			"on hold, in review": func(h *house) { h.do(&orders.PutOnHold{}) },
			"delivered":          func(h *house) { h.work(); h.ship("SF-1"); h.do(report("SF-1", "delivered")); h.work() },
			"lost":               func(h *house) { h.work(); h.ship("SF-1"); h.do(report("SF-1", "lost")); h.work() },
			"refused":            func(h *house) { h.work(); h.ship("SF-1"); h.do(report("SF-1", "refused")) },
			"after sales":        func(h *house) { h.work(); h.ship("SF-1"); h.do(&orders.SignOff{}); h.work() },
			"just signed off":    func(h *house) { h.work(); h.ship("SF-1"); h.do(&orders.SignOff{}) },
		} {
			h := place(t, draft(tea("L1", 2)))
			h.outcome.AtOnce, h.outcome.Reference = atOnce, "SF-1"
			to(h)
			if id := h.void(); h.last().Status == orders.AwaitingApproval {
				h.approve(id)
			}
			require.Equal(t, orders.Voiding, h.order.Stage, name)
			require.Contains(t, h.order.Flags(), "voiding")
			h.carryThrough()
			h.ended(orders.Completed, orders.Voided)
			require.Equal(t, "0.00", h.kept(), name)
			require.Empty(t, h.order.Flags(), name)
			_, any := h.order.NextWake()
			require.False(t, any, "nothing will ever happen to it again: %s", name)
		}
	}
}

func TestAnswersThatCameAfterTheVoidAreCompensated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(h *house)
		want   string // what becomes of the money
	}{
		"authorised":    {func(h *house) { h.done("authorise/P1") }, "release_payment"},
		"taken at once": {func(h *house) { h.outcome.AtOnce = true; h.done("authorise/P1") }, "refund"},
		"declined":      {func(h *house) { h.failed("authorise/P1", orders.RefusedDeclined) }, ""},
		"unreachable at first": {func(h *house) {
			h.failed("authorise/P1", orders.ReasonUnreachable)
			h.later(h.order.Policy.UnreachableRetry)
			h.done("authorise/P1")
		}, "release_payment"},
	} {
		h := place(t, draft(tea("L1", 2)))
		h.done(orders.TaskCheck)
		reserve := h.answer(h.task(orders.TaskReserve))
		h.void()
		require.NotContains(t, h.names(), orders.TaskReserve, "nothing new is taken")
		require.Equal(t, orders.StepPending, h.state(orders.StepReleasePayment), "the provider's word is waited for: %s", name)
		test.answer(h)
		if test.want != "" {
			require.Equal(t, yuan("268.00"), h.task(h.stepTask(test.want)).Amount, name)
		}
		h.do(reserve)
		h.carryThrough()
		h.ended(orders.Completed, orders.Voided)
		require.Equal(t, test.want == "", h.the(orders.StepTellMoney).End == orders.EndMoot, "no money, no message of it: %s", name)
	}
}

func TestACaptureUnderWayIsWaitedForAndThenRefunded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer   func(h *house)
		refunded string
	}{
		"captured": {func(h *house) { h.done("capture/C1") }, "268.00"},
		"refused":  {func(h *house) { h.failed("capture/C1", orders.RefusedRefused) }, "0.00"},
		"unreachable at first": {func(h *house) {
			h.failed("capture/C1", orders.ReasonUnreachable)
			h.do(&orders.Retry{})
			h.done("capture/C1")
		}, "268.00"},
	} {
		h := place(t, draft(tea("L1", 2)))
		h.work()
		h.ship("SF-1")
		h.agreed()
		require.Contains(t, h.names(), "capture/C1", name)
		h.do(report("SF-1", "refused"))
		h.complete(orders.StepReceive)
		h.complete(orders.StepInspect)
		require.Equal(t, orders.StepPending, h.state(orders.StepRefund), name)
		test.answer(h)
		h.carryThrough()
		h.ended(orders.Completed, orders.Voided)
		require.Equal(t, test.refunded, h.order.Payments[0].Refunded.Decimal(), name)
		require.Equal(t, test.refunded == "0.00", h.the(orders.StepRefund).End == orders.EndMoot, "nobody asks for nothing: %s", name)
	}
}

func TestMoneyThatIsNotTakenAfterAllIsReleasedWhenTheGoodsAreBack(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1")
	h.agreed()
	h.failed("capture/C1", orders.RefusedRefused)
	require.Equal(t, orders.EndMoot, h.the(orders.StepRefund).End)
	require.Equal(t, orders.StepPending, h.state(orders.StepReleasePayment), "the parcel is on its way")
	h.done(h.stepTask(orders.StepIntercept))
	h.complete(orders.StepReceive)
	h.complete(orders.StepInspect)
	require.Equal(t, orders.StepRunning, h.state(orders.StepReleasePayment))
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestABookingUnderWayIsWaitedForAndItsLabelIsCancelled(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.void()
	h.complete(orders.StepPutBack)
	h.done(h.stepTask(orders.StepPutBack))
	require.Equal(t, orders.StepPending, h.state(orders.StepCancelLabel))
	h.done("book/S1")
	require.Equal(t, orders.StepRunning, h.state(orders.StepCancelLabel))
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, orders.BookingCancelled, h.order.Shipments[0].Booking)
}

func TestAPartVoidLeavesTheRestRunningToItsEnd(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		for name, before := range map[string]func(h *house){
			"created":          func(*house) {},
			"just approved":    func(h *house) { h.done(orders.TaskCheck) },
			"reserved":         func(h *house) { h.work() },
			"packed":           func(h *house) { h.work(); h.do(&orders.Ship{Carrier: "SF"}); h.work() },
			"one on its way":   func(h *house) { h.work(); h.ship("SF-1", units("L1", 1)); h.work() },
			"all on their way": func(h *house) { h.work(); h.ship("SF-1"); h.work() },
			"declined": func(h *house) {
				h.done(orders.TaskCheck)
				h.done(orders.TaskReserve)
				h.failed("authorise/P1", orders.RefusedDeclined)
			},
		} {
			h := place(t, draft(tea("L1", 3)))
			h.outcome.AtOnce, h.outcome.Reference = atOnce, "SF-1"
			before(h)
			if id := h.void(units("L1", 1)); h.last().Status == orders.AwaitingApproval {
				h.approve(id)
			}
			require.NotEqual(t, orders.Voiding, h.order.Stage, name)
			require.Equal(t, "268.00", h.order.Total().Decimal(), name)
			h.carryThrough()
			require.Equal(t, orders.Completed, h.last().Status, "%s: %v", name, h.steps())
			h.toTheEnd()
			require.Equal(t, orders.Closed, h.order.Stage, name)
			require.Equal(t, "268.00", h.kept(), name)
			require.Equal(t, int64(1), h.order.Lines[0].Voided)
			if p := h.order.Payments[0]; !atOnce && p.Captured.Less(p.Amount) {
				require.Equal(t, orders.PaymentReleased, p.Status, "what nobody needs is released: %s", name)
			}
			h.refold()
		}
	}
}

// toTheEnd brings what is left of an order to its close.
func (h *house) toTheEnd() {
	if len(h.order.Attention) > 0 {
		h.do(&orders.Retry{})
	}
	h.work()
	for _, s := range h.order.Shipments {
		if s.Status == orders.Packed {
			h.do(&orders.HandOver{ShipmentID: s.ID, TrackingNumber: "SF-9"})
		}
	}
	if h.order.Stage == orders.Fulfilling {
		h.ship("SF-8")
	}
	h.work()
	h.do(&orders.SignOff{})
	h.work()
	h.later(9 * day)
}

func TestOnlyTheKeptPartOfAParcelIsTaken(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 3)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.void(units("L1", 1))
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
	require.Equal(t, "268.00", h.order.Captures[0].Amount.Decimal())
	require.Equal(t, int64(1), h.order.Lines[0].Recalled)
	require.Equal(t, orders.StepWaiting, h.state(orders.StepApproveReturn), "the customer has it with the rest")
	h.carryThrough()
	require.Equal(t, orders.Completed, h.last().Status)
	require.Equal(t, int64(1), h.order.Lines[0].Returned)
}

func TestAStageChangeThatAPartVoidBringsHappensAtOnceButNotWhileAParcelIsUnpacked(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1", units("L1", 1))
	h.do(&orders.Ship{Carrier: "SF"})
	h.void(units("L1", 1))
	require.Equal(t, orders.Fulfilling, h.order.Stage, "the second parcel may still leave")
	h.do(&orders.HandOver{ShipmentID: "S2", TrackingNumber: "SF-2"})
	require.Equal(t, orders.SigningOff, h.order.Stage)
	require.Equal(t, orders.StepRunning, h.state(orders.StepIntercept))
	h = place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1", units("L1", 1))
	h.void(units("L1", 1))
	require.Equal(t, orders.SigningOff, h.order.Stage)
}

func TestASecondVoidTakesTheRestWhileTheFirstRuns(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		for name, before := range map[string]func(h *house){
			"just approved": func(h *house) { h.done(orders.TaskCheck) },
			"reserved":      func(h *house) { h.work() },
			"packed":        func(h *house) { h.work(); h.do(&orders.Ship{Carrier: "SF"}) },
		} {
			h := place(t, draft(tea("L1", 3)))
			h.outcome.AtOnce, h.outcome.Reference = atOnce, "SF-1"
			before(h)
			h.void(units("L1", 1))
			h.void(units("L1", 1))
			h.void()
			require.Equal(t, orders.Voiding, h.order.Stage, name)
			h.carryThrough()
			h.ended(orders.Completed, orders.Voided)
			require.Equal(t, "0.00", h.kept(), name)
			require.Equal(t, orders.CodeAlreadyVoided, h.refuse(&orders.Void{VoidWish: wish(), PlanHash: "x"}).Code)
		}
	}
}

func TestTwoPartVoidsWhileThePaymentIsAuthorisedNeverGiveTooMuchBack(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 3)))
	h.done(orders.TaskCheck)
	h.void(units("L1", 1))
	h.void(units("L1", 1))
	h.outcome.AtOnce = true
	h.carryThrough()
	require.Equal(t, "140.00", h.kept())
}

func TestAPartVoidRunsOnDuringAHold(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.outcome.AtOnce = true
	h.work()
	h.do(&orders.PutOnHold{})
	h.void(units("L1", 1))
	h.carryThrough()
	require.Equal(t, orders.Completed, h.last().Status)
	require.NotNil(t, h.order.Hold, "the rest stays on hold")
	require.Equal(t, "140.00", h.kept())
}

func TestANewDraftMayReplaceLinesOfAVoidWhoseMessageIsStillToBeSent(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	id := h.void(units("L2", 1))
	fresh := draft(tea("L1", 1))
	h.do(&orders.Resubmit{Draft: &fresh})
	data, known := h.order.VoidMessage("Amends", id)
	require.True(t, known)
	require.Empty(t, data.Void.Lines)
	h.carryThrough()
}
