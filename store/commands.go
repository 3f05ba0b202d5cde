package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// china is the time zone of order numbers.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

const commandColumns = `
	id,
	order_number,
	name,
	actor_id,
	actor_role,
	actor_verified,
	payload,
	fingerprint,
	key,
	route,
	coalesce(owner, ''),
	coalesce(lease_until, 'epoch'),
	attempts,
	outcome,
	created_at`

func scanCommand(row pgx.CollectableRow) (orders.CommandRow, error) {
	var c orders.CommandRow
	err := row.Scan(&c.ID, &c.Order, &c.Name, &c.Actor.ID, &c.Actor.Role, &c.Actor.Verified, &c.Payload, &c.Fingerprint,
		&c.Key, &c.Route, &c.Owner, &c.LeaseUntil, &c.Attempts, &c.Outcome, &c.CreatedAt)
	return c, err
}

// AcceptCommand writes a command down: Postgres is the authority on what was asked. The same key of the same actor on
// the same route returns the row there is (replayed), or orders.ErrKeyReused when the fingerprint differs. For create
// it draws the order's number and lists the order at once. The row has no owner, and the caller must not deliver it,
// when an older command of the order is still pending. Errors: orders.ErrNotFound, *orders.SlotTakenError, and what
// Build returns.
func (s *Store) AcceptCommand(ctx context.Context, c orders.NewCommand) (row orders.CommandRow, replayed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		row, err = earlierCommand(ctx, tx, c)
		if replayed = err == nil; replayed || !errors.Is(err, orders.ErrNotFound) {
			return err
		}
		row, err = acceptCommand(ctx, tx, c)
		return err
	})
	return row, replayed, err
}

// earlierCommand waits for whoever is using the same key, then looks the key up.
func earlierCommand(ctx context.Context, tx pgx.Tx, c orders.NewCommand) (orders.CommandRow, error) {
	if err := hold(ctx, tx, "key:"+c.Key+"|"+c.Actor.ID+"|"+c.Route); err != nil {
		return orders.CommandRow{}, err
	}
	row, err := commandByKey(ctx, tx, c.Key, c.Actor.ID, c.Route)
	if err == nil && row.Fingerprint != c.Fingerprint {
		return orders.CommandRow{}, orders.ErrKeyReused
	}
	return row, err
}

func acceptCommand(ctx context.Context, tx pgx.Tx, c orders.NewCommand) (orders.CommandRow, error) {
	drawn, err := draw(ctx, tx, &c)
	if err != nil {
		return orders.CommandRow{}, err
	}
	built, err := c.Build(drawn)
	if err != nil {
		return orders.CommandRow{}, err
	}
	if built.Order != nil {
		if err := addOrder(ctx, tx, built); err != nil {
			return orders.CommandRow{}, err
		}
	}
	if c.Note != nil {
		if err := addNote(ctx, tx, c.Order, c.ID, orders.NoteView{ID: c.Note.ID, Text: c.Note.Text, Author: c.Actor.ID}); err != nil {
			return orders.CommandRow{}, err
		}
	}
	return addCommand(ctx, tx, c, built.Payload)
}

// draw takes what a command needs from the database: number, customer, contact row, slots. It holds the order until
// the end, so that commands of one order queue in the order of their rows.
func draw(ctx context.Context, tx pgx.Tx, c *orders.NewCommand) (orders.Drawn, error) {
	if err := drawNumber(ctx, tx, c); err != nil {
		return orders.Drawn{}, err
	}
	drawn := orders.Drawn{Number: c.Order}
	var err error
	if c.NewCustomer != nil {
		if drawn.CustomerID, err = ensureCustomer(ctx, tx, *c.NewCustomer); err != nil {
			return drawn, err
		}
	}
	if c.Contact != nil {
		row := *c.Contact
		if drawn.CustomerID != "" {
			row.CustomerID = drawn.CustomerID
		}
		drawn.CustomerID = row.CustomerID
		if err := addContact(ctx, tx, row); err != nil {
			return drawn, err
		}
	}
	drawn.Slots, err = claimSlots(ctx, tx, c.Order, c.ID, c.Slots)
	return drawn, err
}

func drawNumber(ctx context.Context, tx pgx.Tx, c *orders.NewCommand) error {
	if c.Name == orders.CmdCreate {
		var n int64
		if err := tx.QueryRow(ctx, `SELECT nextval('order_numbers')`).Scan(&n); err != nil {
			return fmt.Errorf("draw an order number: %w", err)
		}
		c.Order = fmt.Sprintf("DD%s-%06d", time.Now().In(china).Format("20060102"), n)
		return nil
	}
	if err := hold(ctx, tx, "commands:"+c.Order); err != nil {
		return err
	}
	var exists bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM orders WHERE number = $1)`, c.Order).Scan(&exists)
	if err == nil && !exists {
		return orders.ErrNotFound
	}
	return err
}

// addCommand inserts the row, for its owner when nothing older waits.
func addCommand(ctx context.Context, tx pgx.Tx, c orders.NewCommand, payload json.RawMessage) (orders.CommandRow, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO commands (id, order_number, name, actor_id, actor_role, actor_verified, payload, fingerprint, key, route,
		                      request_id, owner, lease_until)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
		       CASE WHEN $12 = '' OR older.pending THEN NULL ELSE $12 END,
		       CASE WHEN $12 = '' OR older.pending THEN NULL ELSE now() + $13::interval END
		FROM (SELECT EXISTS (SELECT FROM commands WHERE order_number = $2 AND status = 'pending') AS pending) older
		RETURNING`+commandColumns,
		c.ID, c.Order, c.Name, c.Actor.ID, c.Actor.Role, c.Actor.Verified, payload, c.Fingerprint, c.Key, c.Route,
		c.RequestID, c.Owner, c.Lease)
	if err != nil {
		return orders.CommandRow{}, fmt.Errorf("write command: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, scanCommand)
	if err != nil {
		return orders.CommandRow{}, fmt.Errorf("write command: %w", err)
	}
	return row, nil
}

// Command returns a command by its ID, or orders.ErrNotFound.
func (s *Store) Command(ctx context.Context, id string) (orders.CommandRow, error) {
	rows, err := s.pool.Query(ctx, `SELECT`+commandColumns+` FROM commands WHERE id = $1`, id)
	if err != nil {
		return orders.CommandRow{}, fmt.Errorf("read command: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, scanCommand)
	return row, found(err)
}

func commandByKey(ctx context.Context, q querier, key, actorID, route string) (orders.CommandRow, error) {
	rows, err := q.Query(ctx, `SELECT`+commandColumns+`
		FROM commands
		WHERE key = $1 AND actor_id = $2 AND route = $3`, key, actorID, route)
	if err != nil {
		return orders.CommandRow{}, fmt.Errorf("look up key: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, scanCommand)
	return row, found(err)
}

// queueCommand writes a command of the outside world or of our own books for the relay to deliver. Its ID is derived
// from what caused it: writing it again changes nothing.
func queueCommand(ctx context.Context, tx pgx.Tx, id, order string, command orders.Command, actor orders.Actor) error {
	head := command.Head()
	head.CommandID, head.Actor = id, actor
	payload, err := json.Marshal(command)
	if err != nil {
		return fmt.Errorf("write command %s: %w", id, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO commands (id, order_number, name, actor_id, actor_role, actor_verified, payload, fingerprint, key, route)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $1, 'internal')
		ON CONFLICT (id) DO NOTHING`,
		id, order, command.Name(), actor.ID, actor.Role, actor.Verified, payload)
	if err != nil {
		return fmt.Errorf("write command %s: %w", id, err)
	}
	return nil
}
