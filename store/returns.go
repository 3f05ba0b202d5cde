package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// ReturnStock books goods in that came back from a customer: good ones are free and serve the lines that wait for them,
// damaged ones are scrapped at once. Orders that got something are told by a stock-allotted command. Repeating a key
// changes nothing. What cannot lie in a warehouse, or a warehouse that is not there, is orders.ErrImpossible.
func (s *Store) ReturnStock(ctx context.Context, r orders.StockReturn) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := enterStock(ctx, tx, r.Key, r.Order)
		if err != nil || now.known {
			return err
		}
		lines, err := byPlace(r.Lines)
		if err != nil {
			return err
		}
		if err := takeBack(ctx, tx, r, lines); err != nil {
			return err
		}
		if err := serveAll(ctx, tx, r.Key, skusOf(lines)); err != nil {
			return err
		}
		return rememberAnswer(ctx, tx, r.Key, r.Order, done{})
	})
	if err != nil {
		return fmt.Errorf("take back goods of %s: %w", r.Order, err)
	}
	return nil
}

// byPlace adds up what came back of a line to the same warehouse, sorted by SKU, warehouse and line.
func byPlace(lines []orders.ReturnedLine) ([]orders.ReturnedLine, error) {
	var sums []orders.ReturnedLine
	for _, line := range lines {
		if line.Good < 0 || line.Damaged < 0 {
			return nil, fmt.Errorf("less than nothing of line %s: %w", line.LineID, orders.ErrImpossible)
		}
		i := slices.IndexFunc(sums, func(s orders.ReturnedLine) bool { return comparePlaces(s, line) == 0 })
		if i < 0 {
			sums = append(sums, line)
			continue
		}
		sums[i].Good += line.Good
		sums[i].Damaged += line.Damaged
	}
	slices.SortFunc(sums, comparePlaces)
	return sums, nil
}

func comparePlaces(a, b orders.ReturnedLine) int {
	return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Warehouse, b.Warehouse), cmp.Compare(a.LineID, b.LineID))
}

// skusOf lists the SKUs of lines that are sorted by them.
func skusOf(lines []orders.ReturnedLine) []string {
	var skus []string
	for _, line := range lines {
		skus = append(skus, line.SKU)
	}
	return slices.Compact(skus)
}

// takeBack holds all stock rows of the SKUs and books the goods in.
func takeBack(ctx context.Context, tx pgx.Tx, r orders.StockReturn, lines []orders.ReturnedLine) error {
	if err := openPlaces(ctx, tx, lines); err != nil {
		return err
	}
	if _, err := lockLevels(ctx, tx, skusOf(lines)); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, line := range lines {
		queueTakenBack(batch, r, line)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("book returned goods in: %w", err)
	}
	return nil
}

// openPlaces adds the stock rows of goods that their warehouse has never held. What is unknown gets none, and no movement
// can refer to it.
func openPlaces(ctx context.Context, tx pgx.Tx, lines []orders.ReturnedLine) error {
	var skus, warehouses []string
	for _, line := range lines {
		skus, warehouses = append(skus, line.SKU), append(warehouses, line.Warehouse)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO stock (sku, warehouse)
		SELECT DISTINCT p.sku, w.id
		FROM unnest($1::text[], $2::text[]) AS place (sku, warehouse)
		JOIN products p ON p.sku = place.sku AND p.kind = 'goods'
		JOIN warehouses w ON w.id = place.warehouse
		ORDER BY p.sku, w.id
		ON CONFLICT ON CONSTRAINT stock_pkey DO NOTHING`, skus, warehouses)
	if err != nil {
		return fmt.Errorf("open places for returned goods: %w", err)
	}
	return nil
}

// queueTakenBack writes one movement for all that came back and one for what was scrapped of it.
func queueTakenBack(batch *pgx.Batch, r orders.StockReturn, line orders.ReturnedLine) {
	back := movement{
		r.Key, "return", r.Order, line.LineID, line.SKU, line.Warehouse, line.Good + line.Damaged, 0, "", orders.SystemActor.ID,
	}
	if back.onHand > 0 {
		queueMovement(batch, back)
	}
	if line.Damaged > 0 {
		back.kind, back.onHand = "scrap", -line.Damaged
		queueMovement(batch, back)
	}
	batch.Queue(`
		UPDATE stock
		SET on_hand = on_hand + $3
		WHERE sku = $1 AND warehouse = $2`, line.SKU, line.Warehouse, line.Good)
}
