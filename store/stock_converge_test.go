package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"amends/orders"
)

// holder is an order as the stock book's customer: what it needs, and what its history knows to be held for it.
type holder struct {
	need  orders.StockRequest
	round int
	known []orders.ShipmentLine
}

func newHolder(number string, lines ...orders.Wanted) *holder {
	return &holder{need: orders.StockRequest{Order: number, ApprovedAt: newYear, Lines: lines}}
}

func tea(line, sku string, quantity int64) orders.Wanted {
	return orders.Wanted{LineID: line, Kind: orders.Goods, SKU: sku, Quantity: quantity}
}

// next is the next request, under a key of its own.
func (h *holder) next() orders.StockRequest {
	h.round++
	r := h.need
	r.Key = fmt.Sprintf("%s/reserve/1/%d", r.Order, h.round)
	r.Holding = slices.Clone(h.known)
	return r
}

// ask takes the answer into the history.
func (h *holder) ask(t *testing.T, db *bundle) (added int64) {
	t.Helper()
	answer, err := db.ReserveStock(t.Context(), h.next())
	check(t, err)
	h.learn(answer)
	return sum(answer.Added)
}

func (h *holder) learn(answer orders.StockAnswer) {
	for _, r := range answer.Added {
		i := slices.IndexFunc(h.known, func(k orders.ShipmentLine) bool { return k.LineID == r.LineID && k.Warehouse == r.Warehouse })
		if i < 0 {
			h.known = append(h.known, orders.ShipmentLine{LineID: r.LineID, Warehouse: r.Warehouse, Quantity: r.Quantity})
			continue
		}
		h.known[i].Quantity += r.Quantity
	}
}

func (h *holder) held() (n int64) {
	for _, k := range h.known {
		n += k.Quantity
	}
	return n
}

// agrees fails when the book holds anything else for the order than its history knows.
func (h *holder) agrees(t *testing.T, db *bundle) {
	t.Helper()
	number := h.need.Order
	for _, k := range h.known {
		equal(t, "held for "+number+" in "+k.Warehouse, db.count(t, `
			SELECT coalesce(sum(held - released - consumed), 0)::bigint
			FROM reservations
			WHERE order_number = $1 AND line_id = $2 AND warehouse = $3`, number, k.LineID, k.Warehouse), k.Quantity)
	}
	equal(t, "held for "+number, db.heldFor(t, number), h.held())
}

func (b *bundle) heldFor(t *testing.T, number string) int64 {
	t.Helper()
	return b.count(t, `
		SELECT coalesce(sum(held - released - consumed), 0)::bigint
		FROM reservations
		WHERE order_number = $1`, number)
}

// receive books goods in, where it does not matter whether for the first time.
func (b *bundle) receive(t *testing.T, r orders.GoodsReceipt) error {
	t.Helper()
	_, err := b.ReceiveStock(t.Context(), r)
	return err
}

func TestRetriesThatRaceReceiptsHoldExactlyWhatWasOrdered(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 1)
	var holders []*holder
	for i := range 3 {
		holders = append(holders, newHolder(db.order(t, i).Number, tea("L1", "TEA-001", 10), tea("L2", "TEA-001", 3)))
	}
	for round := range 20 {
		answers := make([]orders.StockAnswer, len(holders))
		requests := make([]orders.StockRequest, len(holders))
		for i, h := range holders {
			requests[i] = h.next()
		}
		errs := together(len(holders)+2, func(i int) (err error) {
			if i >= len(holders) {
				r := receipt(fmt.Sprintf("GR-%d-%d", round, i), "TEA-001", 1+int64(round%2))
				r.Warehouse = []string{"SZ", "SH"}[i%2]
				return db.receive(t, r)
			}
			answers[i], err = db.ReserveStock(ctx, requests[i])
			return err
		})
		check(t, errors.Join(errs...))
		for i, h := range holders {
			h.learn(answers[i])
		}
		db.noViolations(t)
	}
	equal(t, "received", db.count(t, `SELECT sum(on_hand)::bigint FROM stock WHERE sku = 'TEA-001'`), 1+20*3)
	for _, h := range holders {
		h.ask(t, db) // as it would, told of the last receipt
		equal(t, "held by "+h.need.Order, h.held(), 13)
		h.agrees(t, db)
		equal(t, "nothing more", h.ask(t, db), 0)
	}
	equal(t, "waiting", db.count(t, `SELECT sum(waiting)::bigint FROM backorders`), 0)
	equal(t, "reserved", db.count(t, `SELECT sum(reserved)::bigint FROM stock WHERE sku = 'TEA-001'`), 3*13)
	db.noViolations(t)
}

func TestTheNextRequestAdoptsWhatAForgottenTaskReserved(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 5)
	h := newHolder(db.order(t, 1).Number, tea("L1", "TEA-001", 8))
	_, err := db.ReserveStock(ctx, h.next()) // the task is never completed
	check(t, err)
	equal(t, "adopted", h.ask(t, db), 5)
	h.agrees(t, db)
	equal(t, "waiting", db.count(t, `SELECT waiting FROM backorders`), 3)

	check(t, db.receive(t, receipt("GR-1", "TEA-001", 2)))
	forgotten := h.next() // a task that history forgot asks once more, and the next one uses its key again
	_, err = db.ReserveStock(ctx, forgotten)
	check(t, err)
	check(t, db.receive(t, receipt("GR-2", "TEA-001", 9)))
	h.round--
	equal(t, "what came in meanwhile too", h.ask(t, db), 3)
	h.agrees(t, db)
	equal(t, "held", h.held(), 8)
	equal(t, "waiting", db.count(t, `SELECT waiting FROM backorders`), 0)
	db.noViolations(t)
}

func TestWhatAChangedDraftDoesNotWantIsGivenBackAndKnownPlacesAreKept(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 3)
	order := db.order(t, 1)
	h := newHolder(order.Number, tea("L1", "TEA-001", 3), tea("L2", "TEA-002", 4))
	equal(t, "held at first", h.ask(t, db), 7)
	h.need.Lines = []orders.Wanted{tea("L1", "TEA-001", 12), tea("L2", "TEA-003", 1), tea("L3", "TEA-001", 2)}
	check(t, db.receive(t, receipt("GR-1", "TEA-001", 4)))
	second := receipt("GR-2", "TEA-001", 7)
	second.Warehouse = "SH"
	check(t, db.receive(t, second))
	_, err := db.ReserveStock(ctx, h.next()) // forgotten: it took nine more of L1 and two for L3
	check(t, err)

	h.need.Lines = []orders.Wanted{tea("L1", "TEA-001", 3), tea("L3", "TEA-001", 11)}
	h.known = slices.DeleteFunc(h.known, func(k orders.ShipmentLine) bool { return k.LineID == "L2" })
	equal(t, "what L1 gives back serves L3", h.ask(t, db), 11)
	h.agrees(t, db)
	for _, k := range h.known {
		if k.LineID == "L1" {
			equal(t, "L1 stays where history knows it", k, orders.ShipmentLine{LineID: "L1", Warehouse: "SZ", Quantity: 3})
		}
	}
	for sku, reserved := range map[string]int64{"TEA-001": 14, "TEA-002": 0, "TEA-003": 0} {
		equal(t, "reserved of "+sku, db.count(t, `SELECT sum(reserved)::bigint FROM stock WHERE sku = $1`, sku), reserved)
	}
	equal(t, "waiting", db.count(t, `SELECT coalesce(sum(waiting), 0)::bigint FROM backorders`), 0)
	db.noViolations(t)
}

func TestWhatHistoryKnowsOfIsKeptBeforeAnythingElseInItsPlace(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 4)
	inShanghai := func(key string, quantity int64) {
		r := receipt(key, "TEA-001", quantity)
		r.Warehouse = "SH"
		check(t, db.receive(t, r))
	}
	inShanghai("GR-1", 3)
	h := newHolder(db.order(t, 1).Number, tea("L1", "TEA-001", 7))
	equal(t, "held in two places", h.ask(t, db), 7)
	check(t, db.receive(t, receipt("GR-2", "TEA-001", 6)))
	inShanghai("GR-3", 6)
	h.need.Lines = []orders.Wanted{tea("L1", "TEA-001", 19)}
	_, err := db.ReserveStock(ctx, h.next()) // forgotten: six more in both places
	check(t, err)
	h.need.Lines = []orders.Wanted{tea("L1", "TEA-001", 7)}
	h.known = []orders.ShipmentLine{ // a part of it left in a parcel, of which the book does not know yet
		{LineID: "L1", Warehouse: "SZ", Quantity: 2},
		{LineID: "L1", Warehouse: "SH", Quantity: 1},
		{LineID: "L1", Warehouse: "SZ", Quantity: 2},
		{LineID: "L1", Warehouse: "SH", Quantity: 2},
	}
	equal(t, "nothing is new", h.ask(t, db), 0)
	equal(t, "in Shanghai", db.count(t, `SELECT held - released FROM reservations WHERE warehouse = 'SH'`), 3)
	equal(t, "in Shenzhen", db.count(t, `SELECT held - released FROM reservations WHERE warehouse = 'SZ'`), 4)
	db.noViolations(t)
}

func TestALateRequestWithAnOldKeyChangesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 20)
	h := newHolder(db.order(t, 1).Number, tea("L1", "TEA-001", 9))
	old := h.next()
	answer, err := db.ReserveStock(ctx, old)
	check(t, err)
	h.learn(answer)
	h.need.Lines = []orders.Wanted{tea("L1", "TEA-001", 4)}
	move := orders.StockMove{
		Key: h.need.Order + "/move_stock/S1/1", Order: h.need.Order,
		Lines: []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: 5}},
	}
	check(t, db.ShipStock(ctx, move))
	h.known[0].Quantity -= 5
	equal(t, "nothing is missing", h.ask(t, db), 0)
	errs := together(10, func(int) error {
		_, err := db.ReserveStock(ctx, old)
		return err
	})
	check(t, errors.Join(errs...))
	h.agrees(t, db)
	equal(t, "held", h.held(), 4)
	equal(t, "movements", db.count(t, `SELECT count(*) FROM stock_movements WHERE order_number = $1`, h.need.Order), 2)
	db.noViolations(t)
}

func TestWhatAnOrderGivesUpServesThoseWhoWaitForIt(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 5)
	first, second := db.order(t, 1), db.order(t, 2)
	_, err := db.ReserveStock(ctx, want(first.Number, "TEA-001", 5))
	check(t, err)
	answer, err := db.ReserveStock(ctx, want(second.Number, "TEA-001", 3))
	check(t, err)
	equal(t, "added while there is none", sum(answer.Added), 0)
	release := orders.StockMove{Key: first.Number + "/release_stock/1", Order: first.Number}
	check(t, db.ReleaseStock(ctx, release))
	check(t, db.ReleaseStock(ctx, release))
	equal(t, "still waiting", db.count(t, `SELECT waiting FROM backorders WHERE order_number = $1`, second.Number), 0)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "orders told", len(claimed), 1)
	equal(t, "told", claimed[0].Order, second.Number)
	again := want(second.Number, "TEA-001", 3)
	again.Key = second.Number + "/reserve/1/2"
	answer, err = db.ReserveStock(ctx, again)
	check(t, err)
	equal(t, "learnt", sum(answer.Added), 3)
	db.noViolations(t)
}
