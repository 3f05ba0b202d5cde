package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// Locks are always taken in this order: the order, then its stock rows by SKU and warehouse. Rows of reservations and
// backorders change only under the stock rows of their SKU.

// ReserveStock makes what is held for an order equal to what its lines want: it gives back what nobody wants, takes what
// is missing from the warehouses in their fixed order, and puts what is short into the queue of backorders. What it gives
// back serves the lines of other orders that wait for it. Repeating a key changes nothing and answers what is held by
// now: a workflow task that history forgot may have used the key before goods came in. So does a request of an earlier
// round than the last one applied. Nothing is held for an order that has given up everything: an attempt that comes late
// must not take what nobody would give back.
func (s *Store) ReserveStock(ctx context.Context, r orders.StockRequest) (answer orders.StockAnswer, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := enterStock(ctx, tx, r.Key, r.Order)
		if err != nil {
			return err
		}
		answer, err = converge(ctx, tx, r, now)
		return err
	})
	if err != nil {
		return orders.StockAnswer{}, fmt.Errorf("reserve stock for %s: %w", r.Order, err)
	}
	return answer, nil
}

// standing is where an order stands in the stock book.
type standing struct {
	known bool  // the key has an answer already
	ended bool  // the order gave up its stock
	round int64 // the highest that was applied
}

// enterStock holds the order and tells where it stands.
func enterStock(ctx context.Context, tx pgx.Tx, key, order string) (standing, error) {
	var now standing
	if err := hold(ctx, tx, "stock:"+order); err != nil {
		return now, err
	}
	var owner *string
	err := tx.QueryRow(ctx, `
		SELECT (SELECT order_number FROM stock_requests WHERE key = $1),
		       EXISTS (SELECT FROM stock_ended WHERE order_number = $2),
		       coalesce((SELECT round FROM stock_rounds WHERE order_number = $2), 0)`, key, order).
		Scan(&owner, &now.ended, &now.round)
	if err != nil || owner == nil {
		return now, err
	}
	if *owner != order {
		return now, &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	now.known = true
	return now, nil
}

// converge brings the book to what is wanted where the request is new and in time, and answers what is held by then. A
// round of zero is always in time.
func converge(ctx context.Context, tx pgx.Tx, r orders.StockRequest, now standing) (orders.StockAnswer, error) {
	bring, old := reserve, now.known || r.Round > 0 && int64(r.Round) < now.round
	if old || now.ended {
		bring = leaveAsIs
	}
	open, err := bring(ctx, tx, r)
	if err != nil {
		return orders.StockAnswer{}, err
	}
	answer := compare(open, r.Holding)
	if old {
		return answer, nil
	}
	return answer, rememberRequest(ctx, tx, r, answer)
}

func leaveAsIs(ctx context.Context, tx pgx.Tx, r orders.StockRequest) ([]held, error) {
	return openReservations(ctx, tx, r.Order)
}

// rememberRequest raises the order's round and remembers the answer.
func rememberRequest(ctx context.Context, tx pgx.Tx, r orders.StockRequest, answer orders.StockAnswer) error {
	batch := &pgx.Batch{}
	if r.Round > 0 {
		batch.Queue(`
			INSERT INTO stock_rounds (order_number, round)
			VALUES ($1, $2)
			ON CONFLICT ON CONSTRAINT stock_rounds_pkey DO UPDATE
			SET round = excluded.round`, r.Order, r.Round)
	}
	batch.Queue(insertAnswer, r.Key, r.Order, answer)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("remember %s: %w", r.Key, err)
	}
	return nil
}

const insertAnswer = `
	INSERT INTO stock_requests (key, order_number, answer)
	VALUES ($1, $2, $3)`

func rememberAnswer(ctx context.Context, tx pgx.Tx, key, order string, answer any) error {
	if _, err := tx.Exec(ctx, insertAnswer, key, order, answer); err != nil {
		return fmt.Errorf("remember %s: %w", key, err)
	}
	return nil
}

// level is a locked stock row.
type level struct {
	SKU       string
	Warehouse string
	Free      int64
}

// lockLevels holds the stock rows of the SKUs and returns them in the order in which warehouses are asked.
func lockLevels(ctx context.Context, tx pgx.Tx, skus []string) ([]level, error) {
	rows, err := tx.Query(ctx, `
		SELECT sku
		FROM stock
		WHERE sku = ANY($1)
		ORDER BY sku, warehouse
		FOR NO KEY UPDATE`, skus)
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	rows.Close()
	if rows.Err() != nil {
		return nil, fmt.Errorf("lock stock: %w", rows.Err())
	}
	rows, err = tx.Query(ctx, `
		SELECT s.sku,
		       s.warehouse,
		       s.on_hand - s.reserved
		FROM stock s
		JOIN warehouses w ON w.id = s.warehouse
		WHERE s.sku = ANY($1)
		ORDER BY w.position, w.id, s.sku`, skus)
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[level])
}

// reserve brings the book to what is wanted, serves others with what is given back, and returns what is held then.
func reserve(ctx context.Context, tx pgx.Tx, r orders.StockRequest) ([]held, error) {
	var skus []string
	for _, line := range r.Lines {
		skus = append(skus, line.SKU)
	}
	if err := lockOrderLevels(ctx, tx, r.Order, skus...); err != nil {
		return nil, err
	}
	open, err := openReservations(ctx, tx, r.Order)
	if err != nil {
		return nil, err
	}
	levels, err := lockLevels(ctx, tx, skus)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	open, given := returnExcess(batch, r, open, levels)
	for _, line := range r.Lines {
		taken, missing := take(line, line.Quantity-quantityOf(open, line.LineID), levels)
		for _, h := range taken {
			queueHold(batch, r.Key, r.Order, orders.SystemActor.ID, h)
		}
		open = append(open, taken...)
		queueBackorder(batch, r, line, missing)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("hold stock: %w", err)
	}
	return open, serveAll(ctx, tx, r.Key, given)
}

// take chooses the warehouses for a line and says how much is short.
func take(line orders.Wanted, missing int64, levels []level) ([]held, int64) {
	var taken []held
	for i := range levels {
		l := &levels[i]
		quantity := min(l.Free, missing)
		if l.SKU != line.SKU || quantity <= 0 {
			continue
		}
		taken = append(taken, held{line.LineID, l.Warehouse, l.SKU, quantity})
		l.Free, missing = l.Free-quantity, missing-quantity
	}
	return taken, missing
}

func quantityOf(open []held, line string) int64 {
	var sum int64
	for _, h := range open {
		if h.LineID == line {
			sum += h.Quantity
		}
	}
	return sum
}

// compare lists what is held in the book and not known to the order's history, and the other way round, sorted.
func compare(open []held, known []orders.ShipmentLine) orders.StockAnswer {
	type place struct{ line, warehouse string }
	quantities := map[place]int64{}
	for _, h := range open {
		quantities[place{h.LineID, h.Warehouse}] += h.Quantity
	}
	for _, k := range known {
		quantities[place{k.LineID, k.Warehouse}] -= k.Quantity
	}
	answer := orders.StockAnswer{Added: []orders.Reservation{}}
	for p, quantity := range quantities {
		switch {
		case quantity > 0:
			answer.Added = append(answer.Added, orders.Reservation{LineID: p.line, Warehouse: p.warehouse, Quantity: quantity})
		case quantity < 0:
			answer.Returned = append(answer.Returned, orders.Reservation{LineID: p.line, Warehouse: p.warehouse, Quantity: -quantity})
		}
	}
	slices.SortFunc(answer.Added, compareReservations)
	slices.SortFunc(answer.Returned, compareReservations)
	return answer
}

// held is a quantity of a SKU in a warehouse for a line.
type held struct {
	LineID    string
	Warehouse string
	SKU       string
	Quantity  int64
}

// queueHold moves free stock to a line: the counter, the reservation, the movement.
func queueHold(batch *pgx.Batch, key, order, actor string, h held) {
	batch.Queue(`
		UPDATE stock
		SET reserved = reserved + $3
		WHERE sku = $1 AND warehouse = $2`, h.SKU, h.Warehouse, h.Quantity)
	batch.Queue(`
		INSERT INTO reservations AS r (order_number, line_id, warehouse, sku, held)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT ON CONSTRAINT reservations_pkey DO UPDATE
		SET held = r.held + excluded.held,
		    sku = excluded.sku`, order, h.LineID, h.Warehouse, h.SKU, h.Quantity)
	queueMovement(batch, movement{key, "reserve", order, h.LineID, h.SKU, h.Warehouse, 0, h.Quantity, "", actor})
}

// movement is a line of the movements book.
type movement struct {
	key, kind, order, line, sku, warehouse string
	onHand, reserved                       int64
	reference, actor                       string
}

func queueMovement(batch *pgx.Batch, m movement) {
	batch.Queue(`
		INSERT INTO stock_movements (key, kind, order_number, line_id, sku, warehouse, on_hand_delta, reserved_delta,
		                             reference, actor_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		m.key, m.kind, m.order, m.line, m.sku, m.warehouse, m.onHand, m.reserved, m.reference, m.actor)
}

// queueBackorder says how much the line waits for now: a later request replaces what an earlier one waited for.
func queueBackorder(batch *pgx.Batch, r orders.StockRequest, line orders.Wanted, missing int64) {
	if missing == 0 {
		batch.Queue(`
			UPDATE backorders
			SET waiting = 0
			WHERE order_number = $1 AND line_id = $2`, r.Order, line.LineID)
		return
	}
	batch.Queue(`
		INSERT INTO backorders (order_number, line_id, sku, waiting, approved_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT ON CONSTRAINT backorders_pkey DO UPDATE
		SET sku = excluded.sku,
		    waiting = excluded.waiting`, r.Order, line.LineID, line.SKU, missing, r.ApprovedAt)
}

// compareReservations sorts by line, L2 before L10, then by warehouse.
func compareReservations(a, b orders.Reservation) int {
	if byLength := len(a.LineID) - len(b.LineID); byLength != 0 {
		return byLength
	}
	if byLine := strings.Compare(a.LineID, b.LineID); byLine != 0 {
		return byLine
	}
	return strings.Compare(a.Warehouse, b.Warehouse)
}

// StockLevels lists what each warehouse holds of a SKU, of all when it is empty.
func (s *Store) StockLevels(ctx context.Context, sku string) ([]orders.StockLevel, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT s.sku,
		       s.warehouse,
		       s.on_hand,
		       s.reserved
		FROM stock s
		JOIN warehouses w ON w.id = s.warehouse
		WHERE $1 = '' OR s.sku = $1
		ORDER BY s.sku, w.position, w.id`, sku)
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[orders.StockLevel])
}

// backorder is a waiting line.
type backorder struct {
	Order      string
	LineID     string
	Waiting    int64
	ApprovedAt time.Time
}

// errNotHeld refuses to ship what no reservation covers.
var errNotHeld = fmt.Errorf("the shipment's goods are not held for the order: %w", orders.ErrImpossible)
