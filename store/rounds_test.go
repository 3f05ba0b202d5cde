package store_test

import (
	"errors"
	"fmt"
	"testing"

	"amends/orders"
)

// inRound is a request of a round with a key of its own.
func inRound(order string, round int, quantity int64) orders.StockRequest {
	r := want(order, "TEA-001", quantity)
	r.Key, r.Round = fmt.Sprintf("%s/reserve/1/%d/%d", order, round, quantity), round
	return r
}

func TestARequestOfAnEarlierRoundChangesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	for _, step := range []struct {
		name    string
		request orders.StockRequest
		held    int64
	}{
		{"a first round is applied", inRound("DD-1", 2, 3), 3},
		{"an earlier one is too late to take", inRound("DD-1", 1, 8), 3},
		{"or to give back", inRound("DD-1", 1, 1), 3},
		{"the same round with another key is in time", inRound("DD-1", 2, 4), 4},
		{"a later one is applied", inRound("DD-1", 7, 6), 6},
		{"a known key changes nothing whatever its round", inRound("DD-1", 2, 3), 6},
		{"what was applied in time is late by now", inRound("DD-1", 6, 2), 6},
		{"no round is always in time", inRound("DD-1", 0, 5), 5},
		{"and does not lower the mark", inRound("DD-1", 6, 1), 5},
		{"other orders have rounds of their own", inRound("DD-2", 1, 2), 2},
	} {
		answer, err := db.ReserveStock(ctx, step.request)
		check(t, err)
		equal(t, step.name+": answered", sum(answer.Added), step.held)
		equal(t, step.name+": held", db.heldFor(t, step.request.Order), step.held)
	}
	equal(t, "highest round", db.count(t, `SELECT round FROM stock_rounds WHERE order_number = 'DD-1'`), 7)
	equal(t, "late keys remembered", db.count(t, `SELECT count(*) FROM stock_requests WHERE key LIKE '%/1/1/%' AND order_number = 'DD-1'`), 0)
	db.noViolations(t)
}

func TestOfRoundsThatRaceTheLastOneStands(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	const rounds = 20
	errs := together(rounds, func(i int) error {
		_, err := db.ReserveStock(ctx, inRound("DD-1", rounds-i, int64(rounds-i)))
		return err
	})
	check(t, errors.Join(errs...))
	equal(t, "held", db.heldFor(t, "DD-1"), rounds)
	equal(t, "highest round", db.count(t, `SELECT round FROM stock_rounds`), rounds)
	db.noViolations(t)
}

func TestTheAnswerTellsWhatTheBookDoesNotHoldAnyMore(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 4)
	second := receipt("GR-1", "TEA-001", 4)
	second.Warehouse = "SH"
	check(t, db.receive(t, second))
	h := newHolder("DD-1", tea("L2", "TEA-001", 6), tea("L10", "TEA-002", 5))
	equal(t, "held", h.ask(t, db), 11)

	less := h.next()
	less.Lines = []orders.Wanted{tea("L2", "TEA-001", 1), tea("L10", "TEA-002", 2), tea("L11", "TEA-003", 7)}
	const answered = `{"added":[{"line_id":"L11","warehouse":"SZ","quantity":7}],"returned":[` +
		`{"line_id":"L2","warehouse":"SH","quantity":1},{"line_id":"L2","warehouse":"SZ","quantity":4},` +
		`{"line_id":"L10","warehouse":"SZ","quantity":3}]}`
	for _, name := range []string{"applied", "with a known key"} {
		answer, err := db.ReserveStock(ctx, less)
		check(t, err)
		equal(t, name, asJSON(t, answer), answered)
	}
	again := less
	again.Key = "DD-1/reserve/1/again"
	again.Holding = []orders.ShipmentLine{{LineID: "L2", Warehouse: "SH", Quantity: 1}}
	answer, err := db.ReserveStock(ctx, again)
	check(t, err)
	equal(t, "what history knows of is not returned", len(answer.Returned), 0)

	check(t, db.ReleaseStock(ctx, orders.StockMove{Key: "DD-1/release_stock/1", Order: "DD-1"}))
	after := less
	after.Key = "DD-1/reserve/1/after"
	answer, err = db.ReserveStock(ctx, after)
	check(t, err)
	equal(t, "of an order that gave up everything, all is returned", sum(answer.Returned), 11)
	equal(t, "and nothing taken", sum(answer.Added), 0)
	db.noViolations(t)
}

func TestWhatIsGivenBackIsTheLastThatHistoryLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		known []orders.ShipmentLine
		kept  string
	}{
		{"a parcel in Shanghai first", []orders.ShipmentLine{
			{LineID: "L1", Warehouse: "SH", Quantity: 2}, {LineID: "L1", Warehouse: "SZ", Quantity: 4}, {LineID: "L1", Warehouse: "SH", Quantity: 2},
		}, "SH 2, SZ 1"},
		{"a parcel in Shenzhen first", []orders.ShipmentLine{
			{LineID: "L1", Warehouse: "SZ", Quantity: 2}, {LineID: "L1", Warehouse: "SH", Quantity: 4}, {LineID: "L1", Warehouse: "SZ", Quantity: 2},
		}, "SH 1, SZ 2"},
		{"what is held no more is passed over", []orders.ShipmentLine{
			{LineID: "L1", Warehouse: "SZ", Quantity: 9}, {LineID: "L3", Warehouse: "SH", Quantity: 4},
		}, "SZ 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, ctx := setup(t)
			db.stockOf(t, "TEA-001", 4)
			second := receipt("GR-1", "TEA-001", 4)
			second.Warehouse = "SH"
			check(t, db.receive(t, second))
			_, err := db.ReserveStock(ctx, want("DD-1", "TEA-001", 8))
			check(t, err)
			less := want("DD-1", "TEA-001", 3)
			less.Key, less.Holding = "DD-1/reserve/2", c.known
			_, err = db.ReserveStock(ctx, less)
			check(t, err)
			var kept string
			check(t, db.sql.QueryRow(ctx, `
				SELECT string_agg(warehouse || ' ' || held - released, ', ' ORDER BY warehouse)
				FROM reservations
				WHERE held > released`).Scan(&kept))
			equal(t, "kept", kept, c.kept)
			db.noViolations(t)
		})
	}
}
