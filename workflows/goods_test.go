package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestGoodsLiveFromCreationToTheEnd(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.arrives()
	b.run()
	o := b.stored()
	require.Equal(t, orders.Closed, o.Stage)
	require.Equal(t, yuan(39600), o.Payments[0].Captured)
	require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"))
	require.Equal(t, []string{"booked"}, b.entries("carrier"))
	require.Equal(t, int64(3), o.Version)
}
