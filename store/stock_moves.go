package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// done is the remembered answer of a move that answers nothing.
type done struct{}

// ReleaseStock ends everything an order holds or waits for, for good; other orders that wait for it are served. Repeating
// it changes nothing.
func (s *Store) ReleaseStock(ctx context.Context, m orders.StockMove) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := enterStock(ctx, tx, m.Key, m.Order)
		if err != nil || now.known {
			return err
		}
		if err := releaseAll(ctx, tx, m); err != nil {
			return err
		}
		return rememberAnswer(ctx, tx, m.Key, m.Order, done{})
	})
	if err != nil {
		return fmt.Errorf("release stock of %s: %w", m.Order, err)
	}
	return nil
}

func releaseAll(ctx context.Context, tx pgx.Tx, m orders.StockMove) error {
	if err := lockOrderLevels(ctx, tx, m.Order); err != nil {
		return err
	}
	open, err := openReservations(ctx, tx, m.Order)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		INSERT INTO stock_movements (key, kind, order_number, line_id, sku, warehouse, on_hand_delta, reserved_delta, actor_id)
		SELECT $2, 'release', order_number, line_id, sku, warehouse, 0, -(held - released - consumed), $3
		FROM reservations
		WHERE order_number = $1 AND released + consumed < held`, m.Order, m.Key, orders.SystemActor.ID)
	batch.Queue(`
		UPDATE stock s
		SET reserved = s.reserved - r.open
		FROM (SELECT sku, warehouse, sum(held - released - consumed) AS open
		      FROM reservations
		      WHERE order_number = $1
		      GROUP BY sku, warehouse) r
		WHERE s.sku = r.sku AND s.warehouse = r.warehouse AND r.open > 0`, m.Order)
	batch.Queue(`
		UPDATE reservations
		SET released = held - consumed
		WHERE order_number = $1 AND released + consumed < held`, m.Order)
	batch.Queue(`UPDATE backorders SET waiting = 0 WHERE order_number = $1 AND waiting > 0`, m.Order)
	batch.Queue(`
		INSERT INTO stock_ended (order_number, key)
		VALUES ($1, $2)
		ON CONFLICT (order_number) DO NOTHING`, m.Order, m.Key)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	var given []string
	for _, h := range open {
		given = append(given, h.SKU)
	}
	return serveAll(ctx, tx, m.Key, given)
}

// serveAll holds what is free of the SKUs for the lines that wait for them.
func serveAll(ctx context.Context, tx pgx.Tx, key string, skus []string) error {
	slices.Sort(skus)
	for _, sku := range slices.Compact(skus) {
		if err := serveWaiting(ctx, tx, key, sku, orders.SystemActor.ID); err != nil {
			return err
		}
	}
	return nil
}

// returnExcess gives back what is held for the order and wanted by none of its lines, and lets no line wait that wants
// nothing. It returns what stays held and the SKUs of what does not. What stays is first of all what the order's history
// knows of, in the order in which the request lists it: what is packed already must stay where it is. A workflow task
// that history forgot may have taken goods, of which other SKUs may be wanted by now.
func returnExcess(batch *pgx.Batch, r orders.StockRequest, open []held, levels []level) (kept []held, given []string) {
	wanted, lines := map[held]int64{}, []string{}
	for _, line := range r.Lines {
		wanted[held{LineID: line.LineID, SKU: line.SKU}] = line.Quantity
		lines = append(lines, line.LineID)
	}
	kept = make([]held, len(open))
	keep := func(i int, most int64) {
		line := held{LineID: open[i].LineID, SKU: open[i].SKU}
		quantity := min(most-kept[i].Quantity, wanted[line])
		wanted[line] -= quantity
		kept[i].Quantity += quantity
	}
	for i, h := range open {
		kept[i] = held{h.LineID, h.Warehouse, h.SKU, 0}
	}
	for _, k := range r.Holding {
		i := slices.IndexFunc(open, func(h held) bool { return h.LineID == k.LineID && h.Warehouse == k.Warehouse })
		if i >= 0 {
			keep(i, min(open[i].Quantity, kept[i].Quantity+k.Quantity))
		}
	}
	for i, h := range open {
		keep(i, h.Quantity)
		if h.Quantity -= kept[i].Quantity; h.Quantity > 0 {
			queueReturn(batch, r, h)
			giveBack(levels, h)
			given = append(given, h.SKU)
		}
	}
	batch.Queue(`
		UPDATE backorders
		SET waiting = 0
		WHERE order_number = $1 AND line_id <> ALL($2) AND waiting > 0`, r.Order, lines)
	return kept, given
}

// giveBack lets another line of the same request have what is returned.
func giveBack(levels []level, h held) {
	for i := range levels {
		if levels[i].SKU == h.SKU && levels[i].Warehouse == h.Warehouse {
			levels[i].Free += h.Quantity
		}
	}
}

func openReservations(ctx context.Context, tx pgx.Tx, order string) ([]held, error) {
	rows, err := tx.Query(ctx, `
		SELECT line_id,
		       warehouse,
		       sku,
		       held - released - consumed
		FROM reservations
		WHERE order_number = $1 AND released + consumed < held
		ORDER BY line_id, warehouse`, order)
	if err != nil {
		return nil, fmt.Errorf("read reservations: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[held])
}

// queueReturn gives back a part of what is held for a line.
func queueReturn(batch *pgx.Batch, r orders.StockRequest, h held) {
	batch.Queue(`
		UPDATE stock
		SET reserved = reserved - $3
		WHERE sku = $1 AND warehouse = $2`, h.SKU, h.Warehouse, h.Quantity)
	batch.Queue(`
		UPDATE reservations
		SET released = released + $4
		WHERE order_number = $1 AND line_id = $2 AND warehouse = $3`, r.Order, h.LineID, h.Warehouse, h.Quantity)
	queueMovement(batch, movement{
		r.Key, "release", r.Order, h.LineID, h.SKU, h.Warehouse, 0, -h.Quantity, "", orders.SystemActor.ID,
	})
}

// lockOrderLevels holds the stock rows of everything the order holds or waits for, and those of more SKUs.
func lockOrderLevels(ctx context.Context, tx pgx.Tx, order string, more ...string) error {
	_, err := tx.Exec(ctx, `
		SELECT
		FROM stock
		WHERE sku IN (SELECT sku FROM reservations WHERE order_number = $1
		              UNION SELECT sku FROM backorders WHERE order_number = $1
		              UNION SELECT unnest($2::text[]))
		ORDER BY sku, warehouse
		FOR NO KEY UPDATE`, order, more)
	if err != nil {
		return fmt.Errorf("lock stock: %w", err)
	}
	return nil
}

// ShipStock takes a shipment's goods out of the book and consumes their reservations. Repeating a key changes nothing.
// The parcel has left the house: what is not held any more is refused with an error for people to look at, because the
// book cannot tell whose goods they were. So is a parcel that was stopped, see StopParcel.
func (s *Store) ShipStock(ctx context.Context, m orders.StockMove) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := enterStock(ctx, tx, m.Key, m.Order)
		if err != nil || now.known {
			return err
		}
		if err := letLeave(ctx, tx, m); err != nil {
			return err
		}
		if err := lockOrderLevels(ctx, tx, m.Order); err != nil {
			return err
		}
		for _, line := range m.Lines {
			if err := consume(ctx, tx, m, line); err != nil {
				return err
			}
		}
		return rememberAnswer(ctx, tx, m.Key, m.Order, done{})
	})
	if err != nil {
		return fmt.Errorf("ship stock of %s: %w", m.Order, err)
	}
	return nil
}

// letLeave decides that the parcel has left, unless it was stopped before.
func letLeave(ctx context.Context, tx pgx.Tx, m orders.StockMove) error {
	if m.Shipment == "" {
		return nil
	}
	outcome, err := decideParcel(ctx, tx, m.Order, m.Shipment, m.Key, parcelLeft)
	if err == nil && outcome == parcelStopped {
		return errStopped
	}
	return err
}

func consume(ctx context.Context, tx pgx.Tx, m orders.StockMove, line orders.ShipmentLine) error {
	var sku string
	err := tx.QueryRow(ctx, `
		UPDATE reservations
		SET consumed = consumed + $4
		WHERE order_number = $1
		  AND line_id = $2
		  AND warehouse = $3
		  AND held - released - consumed >= $4
		RETURNING sku`, m.Order, line.LineID, line.Warehouse, line.Quantity).Scan(&sku)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("line %s in %s: %w", line.LineID, line.Warehouse, errNotHeld)
	}
	if err != nil {
		return fmt.Errorf("consume reservation: %w", err)
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE stock
		SET on_hand = on_hand - $3,
		    reserved = reserved - $3
		WHERE sku = $1 AND warehouse = $2`, sku, line.Warehouse, line.Quantity)
	queueMovement(batch, movement{
		m.Key, "ship", m.Order, line.LineID, sku, line.Warehouse, -line.Quantity, -line.Quantity, "", orders.SystemActor.ID,
	})
	return tx.SendBatch(ctx, batch).Close()
}
