package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestWhatIsNotGivenBackIsRetained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refund   orders.RefundWish
		retained string
		kept     string
	}{
		"everything": {orders.RefundWish{}, "0.00", "268.00"},
		"a part":     {orders.RefundWish{Mode: orders.RefundOriginal, Amount: "100.00"}, "28.00", "296.00"},
		"nothing":    {orders.RefundWish{Mode: orders.RefundNone}, "128.00", "396.00"},
	} {
		h := taken(t, orders.DefaultPolicy())
		w := wish(units("L1", 1))
		w.Refund = test.refund
		h.voidAs(clerk, enough, w)
		require.Equal(t, test.retained, h.last().Retained.Decimal(), name)
		h.carryThrough()
		require.Equal(t, test.kept, h.kept(), name)
		h.toTheEnd()
		require.Equal(t, orders.Closed, h.order.Stage, "%s: what was retained does not keep it open", name)
	}
}

func TestALaterVoidDoesNotGiveBackWhatAnEarlierOneKept(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.voidAs(clerk, enough, free(wish(units("L1", 1))))
	h.carryThrough()
	plan := h.plan(wish())
	require.Equal(t, "268.00", plan.Money[0].Refund.Decimal(), "of 396.00")
	h.void()
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, "128.00", h.kept())
	h = taken(t, orders.DefaultPolicy())
	h.voidAs(clerk, enough, free(wish(units("L1", 1))))
	h.void(units("L1", 1))
	h.carryThrough()
	h.toTheEnd()
	require.Equal(t, orders.Closed, h.order.Stage)
	require.Equal(t, "268.00", h.kept(), "one tea with the fee, and one that was retained")
}

func TestNothingIsRetainedOfMoneyThatWasNotTaken(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(h *house){
		"authorised": func(h *house) { h.done("authorise/P1") },
		"declined":   func(h *house) { h.failed("authorise/P1", orders.RefusedDeclined) },
	} {
		h := place(t, draft(tea("L1", 2)))
		h.done(orders.TaskCheck)
		h.voidAs(clerk, enough, free(wish(units("L1", 1))))
		require.Equal(t, "128.00", h.last().Retained.Decimal(), "should it be taken at once")
		answer(h)
		h.carryThrough()
		h.toTheEnd()
		require.Equal(t, orders.Closed, h.order.Stage, name)
		require.Equal(t, "140.00", h.kept(), name)
	}
}

func TestTheFeeThatWasTakenBeforeTheGoodsWereVoidedGoesBack(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(h *house){
		"captured":         func(h *house) { h.work(); h.do(&orders.Perform{AppointmentID: "A1"}); h.work() },
		"being captured":   func(h *house) { h.work(); h.do(&orders.Perform{AppointmentID: "A1"}) },
		"being authorised": func(h *house) { h.done(orders.TaskCheck); h.do(&orders.Perform{AppointmentID: "A1"}) },
		"declined": func(h *house) {
			h.done(orders.TaskCheck)
			h.failed("authorise/P1", orders.RefusedDeclined)
			h.do(&orders.Perform{AppointmentID: "A1"})
		},
	} {
		h := place(t, draft(tea("L1", 2), install("L2")))
		before(h)
		h.void(units("L1", 2))
		if len(h.order.Attention) > 0 {
			h.do(&orders.Retry{})
		}
		h.carryThrough()
		h.do(&orders.SignOff{})
		h.work()
		h.later(9 * day)
		require.Equal(t, orders.Closed, h.order.Stage, name)
		require.Equal(t, "200.00", h.kept(), name)
	}
}

func TestARefundIsBoundedByWhatWasReallyTaken(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1", units("L1", 1))
	h.work()
	h.ship("SF-2")
	h.failed("capture/C2", orders.RefusedTooMuch)
	h.agreed()
	require.Equal(t, "140.00", h.the(orders.StepRefund).Amount.Decimal(), "the second capture will never be made")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, "0.00", h.kept())
}

func TestOddAmountsOfPartVoidsAddUp(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		odd := tea("L1", 7)
		odd.Discount = yuan("0.05")
		h := place(t, draft(odd))
		h.outcome.AtOnce, h.outcome.Reference = atOnce, "SF-1"
		h.work()
		h.ship("SF-1", units("L1", 2))
		h.work()
		for range 3 {
			if id := h.void(units("L1", 2)); h.last().Status == orders.AwaitingApproval {
				h.approve(id)
			}
			h.carryThrough()
		}
		h.toTheEnd()
		require.Equal(t, orders.Closed, h.order.Stage)
		require.Equal(t, h.order.Total().Decimal(), h.kept())
	}
}
