package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// Order returns one order as the recorder left it, with its personal data, notes and contacts, or orders.ErrNotFound.
// It is read more often than anything else: all of it in one round trip.
func (s *Store) Order(ctx context.Context, number string) (orders.OrderView, error) {
	var view orders.OrderView
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT o.state,
		       o.updated_at,
		       coalesce((SELECT r.number FROM orders r WHERE r.state ->> 'replaces' = o.number AND r.state ->> 'replaces' <> ''), ''),
		       o.workflow_gone_at,
		       c.id,
		       c.name,
		       c.phone,
		       c.email,
		       c.locale
		FROM orders o
		JOIN customers c ON c.id = o.customer_id
		WHERE o.number = $1`, number).QueryRow(func(row pgx.Row) error {
		var gone *time.Time
		err := row.Scan(&view.Order, &view.UpdatedAt, &view.Order.ReplacedBy, &gone, &view.Customer.ID, &view.Customer.Name,
			&view.Customer.Phone, &view.Customer.Email, &view.Customer.Locale)
		if gone != nil {
			view.GoneAt = *gone
		}
		return err
	})
	batch.Queue(selectContact+`(SELECT contact_id FROM orders WHERE number = $1)`, number).Query(func(rows pgx.Rows) (err error) {
		view.Contact, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[orders.Contact])
		return err
	})
	batch.Queue(selectNotes, number).Query(func(rows pgx.Rows) (err error) {
		view.Notes, err = pgx.CollectRows(rows, pgx.RowToStructByName[orders.NoteView])
		return err
	})
	batch.Queue(selectContacts, number).Query(func(rows pgx.Rows) (err error) {
		view.Contacts, err = pgx.CollectRows(rows, pgx.RowToStructByName[orders.ContactView])
		return err
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return orders.OrderView{}, fmt.Errorf("read order %s: %w", number, found(err))
	}
	return view, nil
}

// Timeline returns up to limit events of an order below a sequence number (zero: all), the newest first. Reason is the
// text of the note that the event refers to, or else the event's own reason.
func (s *Store) Timeline(ctx context.Context, number string, before int64, limit int) ([]orders.TimelineEntry, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT e.seq,
		       e.at,
		       e.kind,
		       e.actor_id,
		       e.actor_role,
		       e.actor_verified,
		       coalesce(c.request_id, e.command_id),
		       coalesce(n.text, e.reason),
		       coalesce(p.stage, ''),
		       e.stage,
		       e.data
		FROM events e
		LEFT JOIN events p ON p.order_number = e.order_number AND p.seq = e.seq - 1
		LEFT JOIN commands c ON c.id = e.command_id AND e.command_id <> ''
		LEFT JOIN notes n ON n.id = e.note_id AND e.note_id <> ''
		WHERE e.order_number = $1 AND ($2 = 0 OR e.seq < $2)
		ORDER BY e.seq DESC
		LIMIT $3`, number, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read timeline of %s: %w", number, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e orders.TimelineEntry, err error) {
		err = row.Scan(&e.Seq, &e.At, &e.Kind, &e.Actor.ID, &e.Actor.Role, &e.Actor.Verified, &e.Command, &e.Reason, &e.Before,
			&e.After, &e.Data)
		return e, err
	})
}

// OpenOrders lists the numbers of unfinished orders after a number, in their order: for comparing with what runs.
func (s *Store) OpenOrders(ctx context.Context, after string, limit int) ([]string, error) {
	return s.numbers(ctx, `
		SELECT number
		FROM orders
		WHERE stage NOT IN ('closed', 'voided', 'rejected') AND number > $1
		ORDER BY number
		LIMIT $2`, after, limit)
}

// FinishedOrders lists the numbers of finished orders after a number, in their order.
func (s *Store) FinishedOrders(ctx context.Context, after string, limit int) ([]string, error) {
	return s.numbers(ctx, `
		SELECT number
		FROM orders
		WHERE stage IN ('closed', 'voided', 'rejected') AND number > $1
		ORDER BY number
		LIMIT $2`, after, limit)
}

func (s *Store) numbers(ctx context.Context, query, after string, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, query, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
