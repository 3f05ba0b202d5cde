package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// ReceiveStock books goods in and gives what is free of the SKU to the lines that wait for it, the oldest approved
// first. Every order that got something is told by a stock-allotted command. Repeating a key
// changes nothing. Unknown SKUs and warehouses are *orders.ValidationError.
func (s *Store) ReceiveStock(ctx context.Context, r orders.GoodsReceipt) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if isNew, err := bookIn(ctx, tx, r); err != nil || !isNew {
			return err
		}
		allotted, err := serveWaiting(ctx, tx, r)
		if err != nil {
			return err
		}
		for _, a := range allotted {
			id := "stock:" + r.Key + ":" + a.order
			command := &orders.StockAllotted{Added: a.added}
			if err := queueCommand(ctx, tx, id, a.order, command, orders.SystemActor); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("receive %s: %w", r.SKU, err)
	}
	return nil
}

// bookIn holds all stock rows of the SKU and writes the movement. It returns false when the key was booked before, and
// orders.ErrKeyReused when it was booked for something else.
func bookIn(ctx context.Context, tx pgx.Tx, r orders.GoodsReceipt) (isNew bool, err error) {
	if err := hold(ctx, tx, "receipt:"+r.Key); err != nil {
		return false, err
	}
	var known, same bool
	err = tx.QueryRow(ctx, `
		SELECT count(*) > 0,
		       coalesce(bool_and(sku = $2 AND warehouse = $3 AND on_hand_delta = $4 AND reference = $5), true)
		FROM stock_movements
		WHERE key = $1 AND kind = 'receive'`, r.Key, r.SKU, r.Warehouse, r.Quantity, r.Reference).Scan(&known, &same)
	if err == nil && !same {
		return false, orders.ErrKeyReused
	}
	if err != nil || known {
		return false, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO stock (sku, warehouse)
		VALUES ($1, $2)
		ON CONFLICT ON CONSTRAINT stock_pkey DO NOTHING`, r.SKU, r.Warehouse)
	if err != nil {
		return false, err
	}
	if _, err := lockLevels(ctx, tx, []string{r.SKU}); err != nil {
		return false, err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE stock
		SET on_hand = on_hand + $3
		WHERE sku = $1 AND warehouse = $2`, r.SKU, r.Warehouse, r.Quantity)
	queueMovement(batch, movement{r.Key, "receive", "", "", r.SKU, r.Warehouse, r.Quantity, 0, r.Reference, r.Actor.ID})
	return true, tx.SendBatch(ctx, batch).Close()
}

// allotment is what an order got from a receipt.
type allotment struct {
	order string
	added []orders.Reservation
}

// serveWaiting holds free stock of the SKU for waiting lines and returns what each order got, sorted by order.
func serveWaiting(ctx context.Context, tx pgx.Tx, r orders.GoodsReceipt) ([]allotment, error) {
	levels, err := lockLevels(ctx, tx, []string{r.SKU})
	if err != nil {
		return nil, err
	}
	waiting, err := waitingFor(ctx, tx, r.SKU)
	if err != nil {
		return nil, err
	}
	batch, given := &pgx.Batch{}, map[string][]orders.Reservation{}
	for _, line := range waiting {
		if added := allot(batch, r, line, levels); len(added) > 0 {
			given[line.Order] = append(given[line.Order], added...)
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("serve waiting lines: %w", err)
	}
	var allotted []allotment
	for _, order := range slices.Sorted(maps.Keys(given)) {
		slices.SortFunc(given[order], compareReservations)
		allotted = append(allotted, allotment{order, given[order]})
	}
	return allotted, nil
}

func waitingFor(ctx context.Context, tx pgx.Tx, sku string) ([]backorder, error) {
	rows, err := tx.Query(ctx, `
		SELECT order_number,
		       line_id,
		       waiting,
		       approved_at
		FROM backorders
		WHERE sku = $1 AND waiting > 0
		ORDER BY approved_at, order_number, line_id`, sku)
	if err != nil {
		return nil, fmt.Errorf("read waiting lines: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[backorder])
}

// allot gives a waiting line what is free and returns what it got.
func allot(batch *pgx.Batch, r orders.GoodsReceipt, line backorder, levels []level) []orders.Reservation {
	var added []orders.Reservation
	missing := line.Waiting
	for i := range levels {
		l := &levels[i]
		quantity := min(l.Free, missing)
		if quantity <= 0 {
			continue
		}
		queueHold(batch, r.Key, line.Order, r.Actor.ID, held{line.LineID, l.Warehouse, l.SKU, quantity})
		added = append(added, orders.Reservation{LineID: line.LineID, Warehouse: l.Warehouse, Quantity: quantity})
		l.Free, missing = l.Free-quantity, missing-quantity
	}
	if len(added) > 0 {
		batch.Queue(`
		UPDATE backorders
		SET waiting = $3
		WHERE order_number = $1 AND line_id = $2`, line.Order, line.LineID, missing)
	}
	return added
}
