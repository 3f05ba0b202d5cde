package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"amends/orders"
)

// stockOf makes one warehouse hold all there is of a SKU.
func (b *bundle) stockOf(t *testing.T, sku string, quantity int64) {
	t.Helper()
	b.exec(t, `
		ALTER TABLE stock_movements DISABLE TRIGGER stock_movements_append_only`)
	b.exec(t, `DELETE FROM stock_movements WHERE sku = $1`, sku)
	b.exec(t, `ALTER TABLE stock_movements ENABLE TRIGGER stock_movements_append_only`)
	b.exec(t, `UPDATE stock SET on_hand = 0 WHERE sku = $1`, sku)
	_, err := b.ReceiveStock(t.Context(), receipt("first-"+sku, sku, quantity))
	check(t, err)
}

func receipt(key, sku string, quantity int64) orders.GoodsReceipt {
	return orders.GoodsReceipt{Key: key, SKU: sku, Warehouse: "SZ", Quantity: quantity, Reference: "GR-1", Actor: clerk}
}

func want(order, sku string, quantity int64) orders.StockRequest {
	return orders.StockRequest{
		Key: order + "/reserve/1", Order: order, ApprovedAt: newYear,
		Lines: []orders.Wanted{{LineID: "L1", Kind: orders.Goods, SKU: sku, Quantity: quantity}},
	}
}

func sum(reservations []orders.Reservation) (n int64) {
	for _, r := range reservations {
		n += r.Quantity
	}
	return n
}

func TestAHundredReservationsOfOneFromTenAreTen(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 10)
	held := make([]int64, 100)
	errs := together(100, func(i int) error {
		answer, err := db.ReserveStock(ctx, want(fmt.Sprintf("DD-%d", i), "TEA-001", 1))
		held[i] = sum(answer.Added)
		return err
	})
	check(t, errors.Join(errs...))
	var total int64
	for _, n := range held {
		total += n
	}
	equal(t, "held", total, 10)
	equal(t, "waiting", db.count(t, `SELECT sum(waiting)::bigint FROM backorders`), 90)
	db.noViolations(t)
}

func TestReservingAgainWithTheSameKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	request := want("DD-1", "TEA-001", 12_000)
	first, err := db.ReserveStock(ctx, request)
	check(t, err)
	equal(t, "from two warehouses", len(first.Added), 2)
	equal(t, "the first warehouse first", first.Added[1].Quantity, 10_000)
	answers := make([]string, 10)
	errs := together(10, func(i int) error {
		answer, err := db.ReserveStock(ctx, request)
		answers[i] = fmt.Sprint(answer)
		return err
	})
	check(t, errors.Join(errs...))
	for _, answer := range answers {
		equal(t, "answer", answer, fmt.Sprint(first))
	}
	equal(t, "reserved", db.count(t, `SELECT sum(reserved)::bigint FROM stock`), 12_000)
	request.Order = "DD-2"
	var refusal *orders.RefusedError
	if _, err := db.ReserveStock(ctx, request); !errors.As(err, &refusal) {
		t.Errorf("another order's key: %v", err)
	}
	db.noViolations(t)
}

func TestReservationsAcrossSKUsInAnyOrderDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	skus := []string{"TEA-001", "TEA-002", "TEA-003", "TEA-004"}
	errs := together(60, func(i int) error {
		r := orders.StockRequest{Key: fmt.Sprintf("DD-%d/reserve/1", i), Order: fmt.Sprintf("DD-%d", i), ApprovedAt: newYear}
		for n := range skus {
			sku := skus[(n*(i%2*2+1)+i)%len(skus)]
			r.Lines = append(r.Lines, orders.Wanted{LineID: fmt.Sprintf("L%d", n), Kind: orders.Goods, SKU: sku, Quantity: 1})
		}
		if i%5 == 4 {
			return db.ReleaseStock(ctx, orders.StockMove{Key: r.Order + "/release", Order: fmt.Sprintf("DD-%d", i-1)})
		}
		if i%5 == 3 {
			_, err := db.ReceiveStock(ctx, receipt(r.Key, skus[i%4], 5))
			return err
		}
		_, err := db.ReserveStock(ctx, r)
		return err
	})
	check(t, errors.Join(errs...))
	db.noViolations(t)
}

func TestNothingIsHeldForAnOrderThatGaveItsStockUp(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	for i := range 20 {
		order := fmt.Sprintf("DD-%d", i)
		errs := together(2, func(n int) error {
			if n == 0 {
				return db.ReleaseStock(ctx, orders.StockMove{Key: order + "/release_stock/1", Order: order})
			}
			_, err := db.ReserveStock(ctx, want(order, "TEA-001", 20_001))
			return err
		})
		check(t, errors.Join(errs...))
	}
	equal(t, "reserved", db.count(t, `SELECT sum(reserved)::bigint FROM stock`), 0)
	equal(t, "waiting", db.count(t, `SELECT coalesce(sum(waiting), 0)::bigint FROM backorders`), 0)
	answer, err := db.ReserveStock(ctx, orders.StockRequest{
		Key: "DD-0/reserve/2", Order: "DD-0", ApprovedAt: newYear, Lines: want("DD-0", "TEA-001", 1).Lines,
	})
	check(t, err)
	equal(t, "held afterwards", len(answer.Added), 0)
	db.noViolations(t)
}

func TestShippingConsumesTheReservationOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	_, err := db.ReserveStock(ctx, want("DD-1", "TEA-001", 5))
	check(t, err)
	move := orders.StockMove{
		Key: "DD-1/move_stock/S1/1", Order: "DD-1", Lines: []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: 3}},
	}
	errs := together(10, func(int) error { return db.ShipStock(ctx, move) })
	check(t, errors.Join(errs...))
	levels, err := db.StockLevels(ctx, "TEA-001")
	check(t, err)
	equal(t, "in Shenzhen", levels[0], orders.StockLevel{SKU: "TEA-001", Warehouse: "SZ", OnHand: 9_997, Reserved: 2})
	move.Key = "DD-1/move_stock/S2/1"
	if err := db.ShipStock(ctx, move); !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("more than is held: %v", err)
	}
	check(t, db.ReleaseStock(ctx, orders.StockMove{Key: "DD-1/release_stock/1", Order: "DD-1"}))
	equal(t, "reserved", db.count(t, `SELECT sum(reserved)::bigint FROM stock`), 0)
	db.noViolations(t)
}

func TestAReceiptServesBackordersInTheOrderOfApproval(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-001", 0+1)
	var numbers []string
	for i, day := range []int{3, 1, 2} {
		order := db.order(t, i)
		request := want(order.Number, "TEA-001", 4)
		request.ApprovedAt = newYear.AddDate(0, 0, day)
		_, err := db.ReserveStock(ctx, request)
		check(t, err)
		numbers = append(numbers, order.Number)
	}
	errs := together(5, func(int) error {
		_, err := db.ReceiveStock(ctx, receipt("GR-7", "TEA-001", 6))
		return err
	})
	check(t, errors.Join(errs...))

	waiting := func(order string) int64 {
		return db.count(t, `SELECT waiting FROM backorders WHERE order_number = $1`, order)
	}
	equal(t, "approved last, the first one had taken one", waiting(numbers[0]), 3)
	equal(t, "approved first", waiting(numbers[1]), 0)
	equal(t, "approved second", waiting(numbers[2]), 2)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "orders told", len(claimed), 2)
	for _, row := range claimed {
		equal(t, "command", row.Name, orders.CmdStockAllotted)
		decoded, err := orders.DecodeCommand(row.Name, row.Payload)
		check(t, err)
		equal(t, "told ID", decoded.Head().CommandID, row.ID)
		request := want(row.Order, "TEA-001", 4)
		request.Key = row.Order + "/reserve/1/2"
		answer, err := db.ReserveStock(ctx, request)
		check(t, err)
		equal(t, "allotted to "+row.Order, sum(answer.Added), map[string]int64{numbers[1]: 4, numbers[2]: 2}[row.Order])
	}
	db.noViolations(t)
}

func TestReviewFactsNameDuplicatesAndShortLines(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.stockOf(t, "TEA-002", 5)
	var made []orders.Order
	for i := range 4 {
		c := create(i)
		c.NewCustomer.Phone = "+8613800138000"
		row, _, err := db.AcceptCommand(ctx, c)
		check(t, err)
		view, err := db.Order(ctx, row.Order)
		check(t, err)
		made = append(made, view.Order)
	}
	db.exec(t, `UPDATE orders SET customer_ref = 'PO-0' WHERE number = ANY($1)`, []string{made[1].Number, made[2].Number})
	db.exec(t, `UPDATE orders SET stage = 'rejected' WHERE number = $1`, made[2].Number)
	db.exec(t, `UPDATE orders SET created_at = created_at - interval '3 days' WHERE number = $1`, made[3].Number)
	question := orders.ReviewQuestion{
		Number: made[0].Number, CustomerID: made[0].CustomerID, CustomerRef: "PO-0", Window: 24 * time.Hour,
		CreatedAt: made[0].CreatedAt, Lines: []orders.Wanted{{LineID: "L1", Kind: orders.Goods, SKU: "TEA-001", Quantity: 3}},
	}
	facts, err := db.ReviewFacts(ctx, question)
	check(t, err)
	equal(t, "facts", asJSON(t, facts), asJSON(t, orders.ReviewFacts{
		HardDuplicates: []string{made[1].Number}, SoftDuplicates: []string{made[1].Number},
	}))
	question.Replaces = made[1].Number
	facts, err = db.ReviewFacts(ctx, question)
	check(t, err)
	equal(t, "facts of one that is placed again", asJSON(t, facts), asJSON(t, orders.ReviewFacts{}))
	question.CustomerRef = ""
	question.Lines = []orders.Wanted{
		{LineID: "L1", Kind: orders.Goods, SKU: "TEA-002", Quantity: 3},
		{LineID: "L2", Kind: orders.Goods, SKU: "TEA-002", Quantity: 3},
		{LineID: "L3", Kind: orders.Service, SKU: "SVC-INSTALL", Quantity: 1},
		{LineID: "L4", Kind: orders.Goods, SKU: "TEA-001", Quantity: 20_000},
	}
	facts, err = db.ReviewFacts(ctx, question)
	check(t, err)
	equal(t, "facts", asJSON(t, facts), asJSON(t, orders.ReviewFacts{Short: []string{"L2"}}))
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	check(t, err)
	return string(text)
}

func TestAskingAgainGivesBackWhatHistoryForgot(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	forgotten := want("DD-1", "TEA-001", 20_001) // of a task that was never completed: one is waited for
	forgotten.Lines = append(forgotten.Lines, orders.Wanted{LineID: "L2", Kind: orders.Goods, SKU: "TEA-003", Quantity: 20_001})
	_, err := db.ReserveStock(ctx, forgotten)
	check(t, err)
	resubmitted := want("DD-1", "TEA-002", 5)
	resubmitted.Key = "DD-1/reserve/2/1"
	answer, err := db.ReserveStock(ctx, resubmitted)
	check(t, err)
	equal(t, "held", sum(answer.Added), 5)
	for sku, reserved := range map[string]int64{"TEA-001": 0, "TEA-002": 5, "TEA-003": 0} {
		equal(t, "reserved of "+sku, db.count(t, `SELECT sum(reserved)::bigint FROM stock WHERE sku = $1`, sku), reserved)
	}
	equal(t, "waiting", db.count(t, `SELECT sum(waiting)::bigint FROM backorders`), 0)
	again := want("DD-1", "TEA-002", 7)
	again.Key, again.Holding = "DD-1/reserve/2/2", []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: 5}}
	answer, err = db.ReserveStock(ctx, again)
	check(t, err)
	equal(t, "held besides", sum(answer.Added), 2)
	equal(t, "held of TEA-002", db.count(t, `SELECT sum(reserved)::bigint FROM stock WHERE sku = 'TEA-002'`), 7)
	db.noViolations(t)
}
