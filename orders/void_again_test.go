package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// carriedOver is a void of everything that is left whose money pays for the order that is placed again.
func carriedOver() orders.VoidWish {
	w := wish()
	w.Refund.Mode = orders.RefundCarryOver
	return w
}

func TestAnOrderIsPlacedAgainWithWhatItsWholeVoidTook(t *testing.T) {
	t.Parallel()
	odd := tea("L1", 3)
	odd.Discount = yuan("0.05")
	for name, test := range map[string]struct {
		before []orders.ShipLine // was voided and given back first
		lines  map[string]int64
		total  string
	}{
		"everything":                {nil, map[string]int64{"L1": 3, "L2": 1}, "595.95"},
		"one tea less":              {[]orders.ShipLine{units("L1", 1)}, map[string]int64{"L1": 2, "L2": 1}, "467.97"},
		"without the service":       {[]orders.ShipLine{units("L2", 1)}, map[string]int64{"L1": 3}, "395.95"},
		"nothing is delivered then": {[]orders.ShipLine{units("L1", 3)}, map[string]int64{"L2": 1}, "200.00"},
	} {
		h := place(t, draft(odd, install("L2")))
		h.outcome.AtOnce = true
		h.work()
		if test.before != nil {
			h.void(test.before...)
			h.carryThrough()
		}
		_, err := h.order.Again()
		require.Equal(t, orders.CodeNotVoided, orders.AsProblem(err).Code, name)
		paid := h.order.Total()
		require.Equal(t, test.total, paid.Decimal(), name)
		h.voidAs(clerk, enough, carriedOver())
		again, err := h.order.Again()
		require.NoError(t, err)
		lines := map[string]int64{}
		for _, l := range again.Lines {
			lines[l.ID] = l.Ordered
			require.Zero(t, l.Voided+l.Reserved+l.Shipped+l.Delivered+l.Returned+l.Recalled, name)
		}
		require.Equal(t, test.lines, lines, name)
		require.Equal(t, paid, again.Total(), "%s: at what it cost", name)
		require.Equal(t, &orders.Carried{Payment: "P1", Amount: paid}, again.Carried, name)
		require.Equal(t, h.order.Number, again.Replaces, name)
		fresh := place(t, again)
		fresh.done(orders.TaskCheck)
		require.Equal(t, paid, fresh.task("authorise/P1").Amount, "%s: that is what it pays with", name)
	}
}

func TestMoneyThatIsNotCarriedOverAfterAllKeepsItsEvidence(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.voidAs(clerk, enough, carriedOver())
	c := h.completion(orders.StepCarryOver)
	c.Evidence = "letter-3"
	require.Equal(t, "outcome", h.refuse(c).Fields[0].Field)
	c.Outcome = orders.OutcomeRefund
	h.do(c)
	require.Equal(t, "letter-3", h.the(orders.StepRefund).Evidence)
	again, err := h.order.Again()
	require.NoError(t, err)
	require.Nil(t, again.Carried, "it is on its way back")
	h.done(h.stepTask(orders.StepRefund))
	require.Equal(t, "letter-3", h.the(orders.StepRefund).Evidence, "the provider's word does not take its place")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, "0.00", h.kept())
}

func TestMoneyThatIsNotCarriedOverAfterAllWaitsForTheGoods(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.do(&orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{units("L1", 1)}})
	h.voidAs(clerk, enough, carriedOver())
	c := h.completion(orders.StepCarryOver)
	c.Outcome = orders.OutcomeRefund
	h.do(c)
	require.Equal(t, orders.StepPending, h.state(orders.StepRefund), "a packed parcel may still leave")
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-7"})
	require.Equal(t, orders.StepPending, h.state(orders.StepRefund), "it has left")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, "0.00", h.kept())
}

func TestARefundByHandThatCouldNotBeCheckedIsLookedAt(t *testing.T) {
	t.Parallel()
	h := refundRefused(t)
	h.complete(orders.StepRefund)
	outcome := orders.EffectOutcome{Done: true, ByHand: true, Unchecked: true}
	h.do(&orders.TaskDone{Task: h.task(h.stepTask(orders.StepRefund)), Outcome: outcome})
	require.Equal(t, "refund_unchecked", h.order.Incidents[0].Code)
	require.Equal(t, []string{"needs_attention", "voiding"}, h.order.Flags())
}
