package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestAnOrderWithoutAWorkflowSaysSoAndIsFoundByIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.view.Order.Hold, b.view.Order.Attention = nil, nil
	b.view.GoneAt = noon
	o := read[struct{ Flags []string }](t, b.send(t, request{method: "GET", path: posted + "/" + known}).Body.Bytes())
	require.Equal(t, []string{orders.FlagAttention, orders.FlagGone}, o.Flags)
	require.Equal(t, http.StatusOK, b.send(t, request{method: "GET", path: posted + "?flag=workflow_gone"}).Code)
	require.Equal(t, orders.FlagGone, b.queries[len(b.queries)-1].Flag)
}
