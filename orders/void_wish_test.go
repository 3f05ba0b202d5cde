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
