package store_test

import (
	"errors"
	"fmt"
	"testing"

	"amends/orders"
)

func back(order string, lines ...orders.ReturnedLine) orders.StockReturn {
	return orders.StockReturn{Key: order + "/ZF-1/restock/S1/1", Order: order, Lines: lines}
}

func backLine(sku, warehouse string, good, damaged int64) orders.ReturnedLine {
	return orders.ReturnedLine{LineID: "L1", SKU: sku, Warehouse: warehouse, Good: good, Damaged: damaged}
}

func TestGoodsThatComeBackAreBookedInOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	whole := orders.ReturnedLine{LineID: "L3", SKU: "TEA-003", Warehouse: "SZ", Good: 1}
	r := back("DD-1", backLine("TEA-001", "SZ", 3, 2), backLine("TEA-002", "SH", 0, 4), whole)
	errs := together(10, func(int) error { return db.ReturnStock(ctx, r) })
	check(t, errors.Join(errs...))
	for _, want := range []orders.StockLevel{
		{SKU: "TEA-001", Warehouse: "SZ", OnHand: 10_003},
		{SKU: "TEA-002", Warehouse: "SH", OnHand: 10_000},
		{SKU: "TEA-003", Warehouse: "SZ", OnHand: 10_001},
	} {
		equal(t, "on hand of "+want.SKU, db.count(t, `SELECT on_hand FROM stock WHERE sku = $1 AND warehouse = $2`, want.SKU, want.Warehouse), want.OnHand)
	}
	var moves string
	check(t, db.sql.QueryRow(ctx, `
		SELECT string_agg(concat_ws(' ', kind, line_id, sku, warehouse, on_hand_delta), ', ' ORDER BY sku, kind)
		FROM stock_movements
		WHERE order_number = 'DD-1'`).Scan(&moves))
	equal(t, "movements", moves, "return L1 TEA-001 SZ 5, scrap L1 TEA-001 SZ -2, "+
		"return L1 TEA-002 SH 4, scrap L1 TEA-002 SH -4, return L3 TEA-003 SZ 1")
	other := back("DD-2", backLine("TEA-001", "SZ", 1, 0))
	other.Key = r.Key
	equal(t, "another order's key", refusal(db.ReturnStock(ctx, other)), orders.RefusedKeyReused)
	db.noViolations(t)
}

func TestWhatComesBackOfALineToOnePlaceIsOneMovement(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.exec(t, `INSERT INTO warehouses (id, name, position) VALUES ('CD', '成都仓', 3)`)
	check(t, db.ReturnStock(ctx, back("DD-1", backLine("TEA-001", "CD", 1, 1), backLine("TEA-001", "CD", 2, 0))))
	equal(t, "on hand where there never was any", db.count(t, `SELECT on_hand FROM stock WHERE warehouse = 'CD'`), 3)
	equal(t, "come back", db.count(t, `SELECT on_hand_delta FROM stock_movements WHERE kind = 'return'`), 4)
	equal(t, "scrapped", db.count(t, `SELECT on_hand_delta FROM stock_movements WHERE kind = 'scrap'`), -1)
	nothing := back("DD-2", backLine("TEA-001", "SZ", 0, 0))
	check(t, db.ReturnStock(ctx, nothing))
	equal(t, "movements of nothing", db.count(t, `SELECT count(*) FROM stock_movements WHERE order_number = 'DD-2'`), 0)
	db.noViolations(t)
}

func TestGoodsThatComeBackServeThoseWhoWaitForThem(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 5)
	first, second := db.order(t, 1), db.order(t, 2)
	_, err := db.ReserveStock(ctx, want(first.Number, "TEA-001", 5))
	check(t, err)
	check(t, db.ShipStock(ctx, parcelOf(first.Number, "S1", 5)))
	_, err = db.ReserveStock(ctx, want(second.Number, "TEA-001", 4))
	check(t, err)
	for range 2 {
		check(t, db.ReturnStock(ctx, back(first.Number, backLine("TEA-001", "SZ", 3, 2))))
	}
	equal(t, "held for the one who waited", db.heldFor(t, second.Number), 3)
	equal(t, "still waiting", db.count(t, `SELECT waiting FROM backorders WHERE order_number = $1`, second.Number), 1)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "orders told", len(claimed), 1)
	equal(t, "told", claimed[0].Order+" "+claimed[0].Name, second.Number+" "+orders.CmdStockAllotted)
	again := want(second.Number, "TEA-001", 4)
	again.Key = second.Number + "/reserve/1/2"
	answer, err := db.ReserveStock(ctx, again)
	check(t, err)
	equal(t, "learnt", sum(answer.Added), 3)
	db.noViolations(t)
}

func TestGoodsThatCannotLieInAWarehouseAreNotTakenBack(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	fine := backLine("TEA-003", "SH", 1, 1)
	for _, c := range []struct {
		name string
		line orders.ReturnedLine
	}{
		{"an unknown SKU", backLine("NO-001", "SZ", 1, 0)},
		{"an unknown warehouse", backLine("TEA-001", "MOON", 1, 0)},
		{"an unknown warehouse for scrap", backLine("TEA-001", "MOON", 0, 1)},
		{"a service", backLine("SVC-INSTALL", "SZ", 1, 0)},
		{"less than nothing good", backLine("TEA-002", "SZ", -1, 2)},
		{"less than nothing damaged", backLine("TEA-002", "SZ", 2, -1)},
		{"two SKUs of one line", backLine("TEA-002", "SH", 1, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := db.ReturnStock(ctx, back("DD-1", fine, c.line)); !errors.Is(err, orders.ErrImpossible) {
				t.Errorf("got %v", err)
			}
		})
	}
	equal(t, "movements", db.count(t, `SELECT count(*) FROM stock_movements WHERE order_number = 'DD-1'`), 0)
	equal(t, "keys", db.count(t, `SELECT count(*) FROM stock_requests`), 0)
	check(t, db.ReturnStock(ctx, back("DD-1", fine)))
	db.noViolations(t)
}

func TestReturnsStopsAndReservationsInAnyOrderDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	skus := []string{"TEA-001", "TEA-002", "TEA-003", "TEA-004"}
	for _, sku := range skus {
		db.stockOf(t, sku, 9)
	}
	numbers := make([]string, 15)
	for i := range numbers {
		numbers[i] = db.order(t, i).Number
	}
	errs := together(4*len(numbers), func(i int) error {
		order := numbers[i/4]
		r := orders.StockRequest{Key: fmt.Sprintf("%s/reserve/%d", order, i), Order: order, ApprovedAt: newYear}
		var returned []orders.ReturnedLine
		for n := range skus {
			sku := skus[(n*(i%2*2+1)+i)%len(skus)]
			r.Lines = append(r.Lines, orders.Wanted{LineID: "L" + sku, Kind: orders.Goods, SKU: sku, Quantity: 1 + int64(i%3)})
			returned = append(returned, orders.ReturnedLine{LineID: "L" + sku, SKU: sku, Warehouse: "SZ", Good: 1, Damaged: 1})
		}
		switch i % 4 {
		case 0:
			return db.ReturnStock(ctx, orders.StockReturn{Key: r.Key, Order: order, Lines: returned})
		case 1:
			_, err := db.StopParcel(ctx, orders.ParcelStop{Shipment: "S1", Stock: r})
			return err
		}
		_, err := db.ReserveStock(ctx, r)
		return err
	})
	check(t, errors.Join(errs...))
	equal(t, "goods that came back", db.count(t, `SELECT sum(on_hand)::bigint FROM stock WHERE sku = ANY($1)`, skus), 4*(9+15))
	db.noViolations(t)
}
