package store_test

import (
	"errors"
	"fmt"
	"testing"

	"amends/orders"
)

// parcelOf is the move that takes a parcel with some of L1 out of the warehouse in Shenzhen.
func parcelOf(order, shipment string, quantity int64) orders.StockMove {
	return orders.StockMove{
		Key: order + "/move_stock/" + shipment + "/1", Order: order, Shipment: shipment,
		Lines: []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: quantity}},
	}
}

// stopOf stops a parcel of the order, of which history knows five of L1 to be held, and wants what is left.
func stopOf(order, shipment string, left int64) orders.ParcelStop {
	r := want(order, "TEA-001", left)
	r.Key = order + "/ZF-1/put_back/" + shipment + "/1"
	r.Holding = []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: 5}}
	return orders.ParcelStop{Shipment: shipment, Stock: r}
}

func (b *bundle) outcomeOf(t *testing.T, order, shipment string) (outcome string) {
	t.Helper()
	check(t, b.sql.QueryRow(t.Context(), `
		SELECT coalesce((SELECT outcome FROM parcel_outcomes WHERE order_number = $1 AND shipment_id = $2), 'none')`,
		order, shipment).Scan(&outcome))
	return outcome
}

func TestAStopAndAHandOverOfAParcelHaveExactlyOneOutcome(t *testing.T) {
	t.Parallel()
	const pairs = 50
	db, ctx := setup(t)
	for i := range pairs {
		_, err := db.ReserveStock(ctx, want(fmt.Sprintf("DD-%d", i), "TEA-001", 5))
		check(t, err)
	}
	answers := make([]orders.StockAnswer, pairs)
	errs := together(2*pairs, func(i int) (err error) {
		order := fmt.Sprintf("DD-%d", i/2)
		if i%2 == 0 {
			return db.ShipStock(ctx, parcelOf(order, "S1", 2))
		}
		answers[i/2], err = db.StopParcel(ctx, stopOf(order, "S1", 3))
		return err
	})
	var left int64
	for i, answer := range answers {
		order := fmt.Sprintf("DD-%d", i)
		check(t, errs[2*i+1])
		if answer.Left {
			left++
			check(t, errs[2*i])
			equal(t, "answer of "+order, asJSON(t, answer), `{"added":[],"left":true}`)
			equal(t, "outcome of "+order, db.outcomeOf(t, order, "S1"), "left")
		} else {
			if !errors.Is(errs[2*i], orders.ErrImpossible) {
				t.Errorf("hand-over of the stopped parcel of %s: %v", order, errs[2*i])
			}
			equal(t, "returned to "+order, sum(answer.Returned), 2)
			equal(t, "outcome of "+order, db.outcomeOf(t, order, "S1"), "stopped")
		}
		again, err := db.StopParcel(ctx, stopOf(order, "S1", 3))
		check(t, err)
		equal(t, "left, asked again", again.Left, answer.Left)
		equal(t, "held for "+order, db.heldFor(t, order), 3)
	}
	equal(t, "outcomes", db.count(t, `SELECT count(*) FROM parcel_outcomes`), pairs)
	equal(t, "on hand", db.count(t, `SELECT on_hand FROM stock WHERE sku = 'TEA-001' AND warehouse = 'SZ'`), 10_000-2*left)
	equal(t, "reserved", db.count(t, `SELECT sum(reserved)::bigint FROM stock`), 3*pairs)
	db.noViolations(t)
}

func TestStoppingAParcelAnswersTheSameForTheSameKey(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	const answered = `{"added":[],"returned":[{"line_id":"L1","warehouse":"SZ","quantity":3}]}`
	for _, order := range []string{"DD-1", "DD-2"} {
		_, err := db.ReserveStock(ctx, want(order, "TEA-001", 5))
		check(t, err)
	}
	check(t, db.ShipStock(ctx, parcelOf("DD-2", "S1", 3)))
	for _, c := range []struct{ name, order, want string }{
		{"a parcel that is in the house", "DD-1", answered},
		{"a parcel that has left", "DD-2", `{"added":[],"left":true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := db.count(t, `SELECT count(*) FROM stock_movements`)
			for try := range 3 {
				answer, err := db.StopParcel(ctx, stopOf(c.order, "S1", 2))
				check(t, err)
				equal(t, fmt.Sprintf("answer %d", try), asJSON(t, answer), c.want)
			}
			moved := map[bool]int64{true: 0, false: 1}[c.order == "DD-2"]
			equal(t, "movements", db.count(t, `SELECT count(*) FROM stock_movements`), before+moved)
		})
	}
	stolen := stopOf("DD-3", "S1", 0)
	stolen.Stock.Key = stopOf("DD-1", "S1", 2).Stock.Key
	_, err := db.StopParcel(ctx, stolen)
	equal(t, "another order's key", refusal(err), orders.RefusedKeyReused)
	equal(t, "which decides nothing", db.outcomeOf(t, "DD-3", "S1"), "none")
	nameless := stopOf("DD-1", "", 2)
	if _, err := db.StopParcel(ctx, nameless); !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("a parcel without a name: %v", err)
	}
	db.noViolations(t)
}

func TestTheNextStopAnswersWhatAForgottenOneGaveBack(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	_, err := db.ReserveStock(ctx, want("DD-1", "TEA-001", 5))
	check(t, err)
	forgotten := stopOf("DD-1", "S1", 2)
	forgotten.Stock.Round = 2
	_, err = db.StopParcel(ctx, forgotten)
	check(t, err)
	next := forgotten
	next.Stock.Key, next.Stock.Round = "DD-1/ZF-1/put_back/S1/2", 3
	answer, err := db.StopParcel(ctx, next)
	check(t, err)
	equal(t, "given back", sum(answer.Returned), 3)
	equal(t, "taken", sum(answer.Added), 0)
	equal(t, "left", answer.Left, false)
	db.noViolations(t)
}

func TestALateStopStopsTheParcelAndMovesNoGoods(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	latest := want("DD-1", "TEA-001", 5)
	latest.Round = 9
	_, err := db.ReserveStock(ctx, latest)
	check(t, err)
	late := stopOf("DD-1", "S1", 2)
	late.Stock.Round = 8
	answer, err := db.StopParcel(ctx, late)
	check(t, err)
	equal(t, "answer", asJSON(t, answer), `{"added":[]}`)
	equal(t, "held", db.heldFor(t, "DD-1"), 5)
	if err := db.ShipStock(ctx, parcelOf("DD-1", "S1", 3)); !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("hand-over: %v", err)
	}
	db.noViolations(t)
}

func TestAHandOverDecidesOnlyForTheParcelItNames(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	_, err := db.ReserveStock(ctx, want("DD-1", "TEA-001", 5))
	check(t, err)
	nameless := parcelOf("DD-1", "S1", 1)
	nameless.Shipment = ""
	check(t, db.ShipStock(ctx, nameless))
	equal(t, "outcomes of a move without a parcel", db.count(t, `SELECT count(*) FROM parcel_outcomes`), 0)

	check(t, db.ShipStock(ctx, parcelOf("DD-1", "S2", 1)))
	check(t, db.ShipStock(ctx, parcelOf("DD-1", "S2", 1)))
	equal(t, "the other parcel", db.outcomeOf(t, "DD-1", "S1"), "none")
	stop := stopOf("DD-1", "S1", 2)
	_, err = db.StopParcel(ctx, stop)
	check(t, err)
	equal(t, "the stopped parcel", db.outcomeOf(t, "DD-1", "S1"), "stopped")
	equal(t, "the one that left", db.outcomeOf(t, "DD-1", "S2"), "left")

	tooMuch := parcelOf("DD-1", "S3", 3)
	if err := db.ShipStock(ctx, tooMuch); !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("more than is held: %v", err)
	}
	equal(t, "a hand-over that was refused", db.outcomeOf(t, "DD-1", "S3"), "none")
	_, err = db.sql.Exec(ctx, `UPDATE parcel_outcomes SET outcome = 'left'`)
	if err == nil {
		t.Error("an outcome was rewritten")
	}
	db.noViolations(t)
}

func TestWhatAPartialVoidGivesBackServesThoseWhoWaitForIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		give func(db *bundle, t *testing.T, order string) (orders.StockAnswer, error)
	}{
		{"by wanting less", func(db *bundle, t *testing.T, order string) (orders.StockAnswer, error) {
			return db.ReserveStock(t.Context(), stopOf(order, "S1", 2).Stock)
		}},
		{"by stopping a parcel", func(db *bundle, t *testing.T, order string) (orders.StockAnswer, error) {
			return db.StopParcel(t.Context(), stopOf(order, "S1", 2))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, ctx := setup(t)
			db.stockOf(t, "TEA-001", 5)
			first, second := db.order(t, 1), db.order(t, 2)
			_, err := db.ReserveStock(ctx, want(first.Number, "TEA-001", 5))
			check(t, err)
			_, err = db.ReserveStock(ctx, want(second.Number, "TEA-001", 4))
			check(t, err)
			for range 2 {
				answer, err := c.give(db, t, first.Number)
				check(t, err)
				equal(t, "returned", sum(answer.Returned), 3)
			}
			equal(t, "held for the one who waited", db.heldFor(t, second.Number), 3)
			equal(t, "still waiting", db.count(t, `SELECT waiting FROM backorders WHERE order_number = $1`, second.Number), 1)
			claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
			check(t, err)
			equal(t, "orders told", len(claimed), 1)
			equal(t, "told", claimed[0].Order+" "+claimed[0].Name, second.Number+" "+orders.CmdStockAllotted)
			db.noViolations(t)
		})
	}
}
