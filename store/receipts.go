package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// ReceiveStock books goods in and gives what is free of the SKU to the lines that wait for it, the oldest approved
// first. Every order that got something is told by a stock-allotted command. Repeating a key
// changes nothing and returns false. Unknown SKUs and warehouses, and services, are *orders.ValidationError.
func (s *Store) ReceiveStock(ctx context.Context, r orders.GoodsReceipt) (isNew bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) (err error) {
		if isNew, err = bookIn(ctx, tx, r); err != nil || !isNew {
			return err
		}
		return serveWaiting(ctx, tx, r.Key, r.SKU, r.Actor.ID)
	})
	if err != nil {
		return false, fmt.Errorf("receive %s: %w", r.SKU, err)
	}
	return isNew, nil
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
	if err := holdsGoods(ctx, tx, r); err != nil {
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

// holdsGoods refuses what cannot lie in a warehouse, and warehouses that are not there.
func holdsGoods(ctx context.Context, tx pgx.Tx, r orders.GoodsReceipt) error {
	var kind string
	var warehouse bool
	err := tx.QueryRow(ctx, `
		SELECT coalesce((SELECT kind FROM products WHERE sku = $1), ''),
		       EXISTS (SELECT FROM warehouses WHERE id = $2)`, r.SKU, r.Warehouse).Scan(&kind, &warehouse)
	switch {
	case err != nil:
		return err
	case kind == "":
		return &orders.ValidationError{Field: "sku", Code: "unknown_sku", Params: []string{r.SKU}}
	case kind != orders.Goods:
		return &orders.ValidationError{Field: "sku", Code: "not_goods"}
	case !warehouse:
		return &orders.ValidationError{Field: "warehouse", Code: CodeWarehouseUnknown, Params: []string{r.Warehouse}}
	}
	return nil
}

// serveWaiting holds free stock of the SKU for waiting lines, and tells the orders that got something.
func serveWaiting(ctx context.Context, tx pgx.Tx, key, sku, actor string) error {
	levels, err := lockLevels(ctx, tx, []string{sku})
	if err != nil {
		return err
	}
	waiting, err := waitingFor(ctx, tx, sku)
	if err != nil {
		return err
	}
	batch, served := &pgx.Batch{}, []string{}
	for _, line := range waiting {
		taken, missing := take(orders.Wanted{LineID: line.LineID, SKU: sku}, line.Waiting, levels)
		if len(taken) == 0 {
			continue
		}
		for _, h := range taken {
			queueHold(batch, key, line.Order, actor, h)
		}
		batch.Queue(`
		UPDATE backorders
		SET waiting = $3
		WHERE order_number = $1 AND line_id = $2`, line.Order, line.LineID, missing)
		served = append(served, line.Order)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("serve waiting lines: %w", err)
	}
	for _, order := range served {
		id := "stock:" + key + ":" + sku + ":" + order
		if err := queueCommand(ctx, tx, id, order, &orders.StockAllotted{}, orders.SystemActor); err != nil {
			return err
		}
	}
	return nil
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
