package workflows_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// scarce lists a product of the test's own, of which so much is there.
func (b *bench) scarce(quantity int64) orders.Draft {
	b.Helper()
	sku := "RARE-" + uuid.NewString()[:8]
	_, err := b.sql.Exec(context.Background(), `
		INSERT INTO products (sku, kind, name, unit, list_price, currency) VALUES ($1, 'goods', '孤品', '件', 12800, 'CNY')`, sku)
	require.NoError(b, err)
	if quantity > 0 {
		b.receive(sku, quantity)
	}
	draft := goods()
	draft.Lines[0].SKU = sku
	return draft
}

func (b *bench) receive(sku string, quantity int64) {
	b.Helper()
	_, err := b.db.ReceiveStock(context.Background(), orders.GoodsReceipt{
		Key: uuid.NewString(), SKU: sku, Warehouse: "SZ", Quantity: quantity, Actor: clerk,
	})
	require.NoError(b, err)
}

// relay delivers what the stock book wrote for the order, as the relay does.
func (b *bench) relay() {
	b.Helper()
	rows, err := b.sql.Query(context.Background(), `
		SELECT name, payload FROM commands WHERE order_number = $1 AND name = 'stock-allotted' ORDER BY position`, b.order.Number)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var payload []byte
		require.NoError(b, rows.Scan(&name, &payload))
		b.signal(name, rawJSON(payload))
	}
	require.NoError(b, rows.Err())
}

func TestARequestOfStockThatComesAfterTheVoidTakesNothing(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.packs(1, func() { b.void(wish()) })
	b.tends(care{})
	b.run()
	b.nothingLeaks(0)
	rounds := []int{}
	for _, r := range b.database.asked {
		rounds = append(rounds, r.Round)
	}
	require.Equal(t, []int{1, 2, 3}, rounds, "reserved, given back, unpacked")
	late := b.database.asked[0]
	late.Key += "/late" // of an attempt whose connection hung
	answer, err := b.db.ReserveStock(context.Background(), late)
	require.NoError(t, err)
	require.Empty(t, answer.Added)
	b.nothingLeaks(0)
}

func TestShortStockIsParkedUntilGoodsComeIn(t *testing.T) {
	b := setup(t)
	draft := b.scarce(3)
	b.create(draft)
	taken := false
	b.database.before = func() { // somebody else takes one between the review and the reservation
		if !taken {
			taken = true
			_, err := b.db.ReserveStock(context.Background(), orders.StockRequest{
				Key: uuid.NewString(), Order: "DD-OTHER", Lines: []orders.Wanted{{LineID: "L1", Kind: orders.Goods, SKU: draft.Lines[0].SKU, Quantity: 1}},
			})
			require.NoError(t, err)
		}
	}
	b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() {
		require.Equal(t, "buyer", b.lastSeen.Attention[0].Role)
		require.Equal(t, int64(2), b.lastSeen.Lines[0].Reserved)
		b.receive(draft.Lines[0].SKU, 5)
		b.relay()
		b.relay() // told twice
	})
	b.finish()
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 2, b.times("stock_reserved"), "what came in is counted once")
	require.Equal(t, 3, b.count(`SELECT sum(consumed) FROM reservations WHERE order_number = $1`))
}

func TestAShortOrderIsRetriedByAPerson(t *testing.T) {
	b := setup(t)
	draft := b.scarce(1)
	b.create(draft)
	b.when("the review, which saw it", in(orders.InReview), func() {
		b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
	b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() { b.update("retry", &orders.Retry{}) })
	b.when("the second answer", func(o orders.Order) bool {
		return o.Stock.Round == 2 && !o.Stock.Pending && parked("reserve", orders.ReasonShortStock)(o)
	}, func() {
		b.receive(draft.Lines[0].SKU, 2)
		b.relay()
	})
	b.finish()
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 3, b.count(`SELECT sum(held) FROM reservations WHERE order_number = $1`))
}

func TestWhatIsThereIsShippedWhileTheRestIsShort(t *testing.T) {
	b := setup(t)
	draft := b.scarce(1)
	b.create(draft)
	b.when("the review, which saw it", in(orders.InReview), func() {
		b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
	b.when("the shortage", func(o orders.Order) bool { return parked("reserve", orders.ReasonShortStock)(o) && len(o.Tasks()) == 0 },
		func() { b.update("ship", &orders.Ship{Carrier: "SF"}) })
	b.when("the first parcel", func(o orders.Order) bool { return len(o.Shipments) == 1 && len(o.Tasks()) == 0 }, func() {
		b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
		b.receive(draft.Lines[0].SKU, 2)
		b.relay()
	})
	b.when("the rest", func(o orders.Order) bool { return o.Lines[0].Reserved == 2 && quiet(o) }, func() {
		b.update("ship", &orders.Ship{Carrier: "SF"})
	})
	b.when("the second parcel", func(o orders.Order) bool { return len(o.Shipments) == 2 && quiet(o) }, func() {
		b.update("hand-over", &orders.HandOver{ShipmentID: "S2"})
	})
	b.when("both on their way", in(orders.SigningOff), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, yuan(39600), b.stored().Payments[0].Captured)
}

func TestRejectingAShortOrderLeavesTheQueue(t *testing.T) {
	b := setup(t)
	b.create(b.scarce(0))
	b.when("the review, which saw it", in(orders.InReview), func() {
		b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
	b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() {
		b.update("reject", &orders.Reject{ReasonCode: "out_of_stock"})
	})
	b.run()
	require.Zero(t, b.count(`SELECT coalesce(sum(waiting), 0) FROM backorders WHERE order_number = $1`))
	require.Equal(t, orders.Rejected, b.stored().Stage)
}
