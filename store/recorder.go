package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// RecordTransitions makes Postgres equal to what a workflow has decided: the state, and every event above the highest
// one that an earlier, completed task has confirmed. Recording the same again changes nothing. It returns
// orders.ErrFenced when a later task has recorded, and orders.ErrDiverged when history and database differ at or below
// what is confirmed.
func (s *Store) RecordTransitions(ctx context.Context, t orders.Transitions) error {
	if err := checkSequence(t); err != nil {
		return err
	}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tracking, err := lockForRecording(ctx, tx, t)
		if err != nil {
			return err
		}
		if now := trackingOf(t.Order); !slices.Equal(tracking, now) {
			if err := moveParcels(ctx, tx, t.Order.Number, tracking, now); err != nil {
				return err
			}
		}
		return writeTransitions(ctx, tx, t)
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", t.Order.Number, err)
	}
	return nil
}

// checkSequence refuses a list that does not lead from Confirmed to the state without gaps.
func checkSequence(t orders.Transitions) error {
	for i, e := range t.Events {
		if e.Seq != t.Confirmed+int64(i)+1 {
			return fmt.Errorf("record %s: event %d after %d: %w", t.Order.Number, e.Seq, t.Confirmed, orders.ErrDiverged)
		}
	}
	if last := t.Confirmed + int64(len(t.Events)); t.Order.Seq != last {
		return fmt.Errorf("record %s: state at %d, events to %d: %w", t.Order.Number, t.Order.Seq, last, orders.ErrDiverged)
	}
	return nil
}

// lockForRecording holds the order's row and compares fence and digest. It returns the tracking numbers known so far.
func lockForRecording(ctx context.Context, tx pgx.Tx, t orders.Transitions) ([]string, error) {
	var fence orders.Fence
	var tracking []string
	var chain *string
	err := tx.QueryRow(ctx, `
		SELECT o.fence_run,
		       o.fence_history,
		       o.tracking,
		       (SELECT chain FROM events WHERE order_number = o.number AND seq = $2)
		FROM orders o
		WHERE o.number = $1
		FOR NO KEY UPDATE OF o`, t.Order.Number, t.Confirmed).Scan(&fence.Run, &fence.History, &tracking, &chain)
	switch {
	case err != nil:
		return nil, found(err)
	case fence.Run > t.Fence.Run || fence.Run == t.Fence.Run && fence.History > t.Fence.History:
		return nil, orders.ErrFenced
	case t.Confirmed > 0 && chain == nil:
		return nil, fmt.Errorf("event %d is missing: %w", t.Confirmed, orders.ErrDiverged)
	case t.Confirmed > 0 && *chain != t.Chain:
		return nil, fmt.Errorf("event %d is another one: %w", t.Confirmed, orders.ErrDiverged)
	}
	return tracking, nil
}

// writeTransitions sends everything in one round trip.
func writeTransitions(ctx context.Context, tx pgx.Tx, t orders.Transitions) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM events WHERE order_number = $1 AND seq > $2`, t.Order.Number, t.Confirmed)
	queueEvents(batch, t.Order.Number, t.Events)
	queueOrder(batch, t)
	for _, n := range t.Notices {
		queueNotice(batch, n)
	}
	for _, s := range t.Signals {
		batch.Queue(appendAudit, auditArguments(signalAudit(t.Order.Number, s), s.At, true)...)
	}
	return tx.SendBatch(ctx, batch).Close()
}

func signalAudit(order string, s orders.SignalOutcome) orders.AuditRow {
	row := orders.AuditRow{
		Actor: s.Actor, Action: s.Name, Order: order, Command: s.Command, Outcome: "accepted", Code: s.Refused,
		RequestID: "signal",
	}
	if s.Refused != "" {
		row.Outcome = "refused"
	}
	return row
}

func queueOrder(batch *pgx.Batch, t orders.Transitions) {
	l := listed(t.Order)
	batch.Queue(`
		UPDATE orders
		SET state = $2,
		    stage = $3,
		    version = $4,
		    seq = $5,
		    chain = $6,
		    flags = $7,
		    total = $8,
		    currency = $9,
		    customer_id = $10,
		    contact_id = $11,
		    customer_ref = $12,
		    skus = $13,
		    lines_digest = $14,
		    tracking = $15,
		    next_deadline = $16,
		    fence_run = $17,
		    fence_history = $18,
		    workflow_gone_at = NULL,
		    updated_at = now()
		WHERE number = $1`,
		t.Order.Number, t.Order, l.stage, t.Order.Version, t.Order.Seq, t.Order.Chain, l.flags, l.total, t.Order.Currency,
		t.Order.CustomerID, t.Order.ContactID, t.Order.CustomerRef, l.skus, l.digest, l.tracking, l.deadline,
		t.Fence.Run, t.Fence.History)
}

// addOrder lists a new order with its first event and its first notices.
func addOrder(ctx context.Context, tx pgx.Tx, b orders.Built) error {
	batch, l := &pgx.Batch{}, listed(*b.Order)
	batch.Queue(`
		INSERT INTO orders (number, state, stage, version, seq, chain, flags, total, currency, customer_id, contact_id,
		                    customer_ref, skus, lines_digest, next_deadline, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		b.Order.Number, *b.Order, l.stage, b.Order.Version, b.Order.Seq, b.Order.Chain, l.flags, l.total, b.Order.Currency,
		b.Order.CustomerID, b.Order.ContactID, b.Order.CustomerRef, l.skus, l.digest, l.deadline, b.Order.CreatedAt)
	if b.First != nil {
		queueEvents(batch, b.Order.Number, []orders.Recorded{*b.First})
	}
	for _, n := range b.Notices {
		queueNotice(batch, n)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("add order %s: %w", b.Order.Number, err)
	}
	return nil
}

// queueEvents inserts all events with one statement, column by column.
func queueEvents(batch *pgx.Batch, order string, events []orders.Recorded) {
	if len(events) == 0 {
		return
	}
	c := newEventColumns(len(events))
	for _, e := range events {
		c.add(e)
	}
	batch.Queue(`
		INSERT INTO events (order_number, seq, at, kind, actor_id, actor_role, actor_verified, command_id, note_id, reason,
		                    stage, version, data, chain)
		SELECT $1, seq, at, kind, actor_id, actor_role, actor_verified, command_id, note_id, reason,
		       stage, version, nullif(data, '')::jsonb, chain
		FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[],
		            $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[])
		     AS e (seq, at, kind, actor_id, actor_role, actor_verified, command_id, note_id, reason, stage, version, data, chain)`,
		order, c.seqs, c.ats, c.kinds, c.actors, c.roles, c.verified, c.commands, c.notes, c.reasons, c.stages, c.versions,
		c.data, c.chains)
}

type eventColumns struct {
	seqs, versions                                                       []int64
	ats                                                                  []time.Time
	kinds, actors, roles, commands, notes, reasons, stages, data, chains []string
	verified                                                             []bool
}

func newEventColumns(n int) *eventColumns {
	return &eventColumns{seqs: make([]int64, 0, n), ats: make([]time.Time, 0, n)}
}

func (c *eventColumns) add(e orders.Recorded) {
	c.seqs, c.versions = append(c.seqs, e.Seq), append(c.versions, e.Version)
	c.ats, c.kinds = append(c.ats, e.At), append(c.kinds, e.Kind)
	c.actors, c.roles = append(c.actors, e.Actor.ID), append(c.roles, e.Actor.Role)
	c.verified, c.commands = append(c.verified, e.Actor.Verified), append(c.commands, e.Command)
	c.notes, c.reasons = append(c.notes, e.NoteID), append(c.reasons, e.Reason)
	c.stages, c.data = append(c.stages, string(e.Stage)), append(c.data, string(e.Data))
	c.chains = append(c.chains, e.Chain)
}

// list is what the columns of an order's row say beside its state.
type list struct {
	stage, digest         string
	flags, skus, tracking []string
	total                 int64
	deadline              *time.Time
}

func listed(o orders.Order) list {
	l := list{
		stage: string(o.Stage), flags: o.Flags(), total: o.Total().Minor, tracking: trackingOf(o), skus: []string{},
	}
	wanted := make([]orders.Wanted, 0, len(o.Lines))
	for _, line := range o.Lines {
		l.skus = append(l.skus, line.SKU)
		wanted = append(wanted, orders.Wanted{SKU: line.SKU, Quantity: line.Ordered})
	}
	l.digest = linesDigest(wanted)
	slices.Sort(l.skus)
	l.skus = slices.Compact(l.skus)
	if wake, ok := o.NextWake(); ok {
		l.deadline = &wake
	}
	return l
}

// linesDigest is equal for orders of the same quantities of the same SKUs, line by line in any order.
func linesDigest(lines []orders.Wanted) string {
	parts := make([]string, 0, len(lines))
	for _, line := range lines {
		parts = append(parts, fmt.Sprintf("%q×%d", line.SKU, line.Quantity))
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, ",")))
	return hex.EncodeToString(sum[:16])
}
