package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestNoMoneyBackMeansNoneAlsoWhereItIsTakenAfterTheVoidWasAskedFor(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	w := wish()
	w.Refund.Mode = orders.RefundNone
	h.voidAs(clerk, enough, w)
	h.outcome.AtOnce = true
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	paid := h.order.Payments[0]
	require.Positive(t, paid.Captured.Minor)
	require.True(t, paid.Refunded.IsZero())
	require.Equal(t, paid.Captured, h.order.Amendments[0].Retained)
}

// bought is an order that is short of goods for which the supplier was asked.
func bought(t *testing.T) *house {
	h := place(t, draft(tea("L1", 5)))
	h.short = 2
	h.work()
	h.do(&orders.RequestPurchase{Header: as(manager), LineID: "L1"})
	h.work()
	require.Equal(t, orders.PurchaseRequested, h.order.Purchases[0].Status)
	return h
}

func TestAVoidThatCancelsAPurchaseIsStillTheSamePlanWhenItIsApproved(t *testing.T) {
	t.Parallel()
	h := bought(t)
	id := h.voidAs(clerk, 0, wish())
	require.Equal(t, orders.AwaitingApproval, h.order.Amendment(id).Status)
	h.do(&orders.ApprovePlan{Header: as(manager), ID: id, Limit: enough})
	require.Equal(t, orders.Running, h.order.Amendment(id).Status)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, orders.PurchaseCancelled, h.order.Purchases[0].Status)
}

func TestRejectingAnOrderCancelsWhatWasAskedOfTheSupplier(t *testing.T) {
	t.Parallel()
	h := bought(t)
	h.do(&orders.Reject{Header: as(manager), ReasonCode: "price_error"})
	h.work()
	require.Equal(t, orders.PurchaseCancelled, h.order.Purchases[0].Status)
	require.True(t, h.order.AtRest())
}

func TestThePlanNamesTheWarehouseToWhichGoodsComeBack(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	w := wish()
	w.Restock = []orders.Restock{{LineID: "L1", Warehouse: "SH"}}
	plan := h.plan(w)
	for _, s := range plan.Steps {
		if s.Kind == orders.StepRestock {
			require.Equal(t, "SH", s.Lines[0].Warehouse)
		}
		if s.Kind == orders.StepReceive {
			require.NotEqual(t, "SH", s.Lines[0].Warehouse)
		}
	}
}
