package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"amends/orders"
	"amends/store"
)

// breach breaks one rule: guards that stand in the way are dropped first.
type breach struct {
	rule       string
	statements []string
}

const rejectedLongAgo = `UPDATE orders SET stage = 'rejected', updated_at = now() - interval '1 hour' WHERE number = $1`

var breaches = []breach{
	{"payment: 0 ≤ refunded ≤ captured ≤ authorised", []string{
		`ALTER TABLE payments DROP CONSTRAINT payments_refunded_within_captured`,
		`UPDATE payments SET refunded = captured + 1`,
	}},
	{"payment: counters equal the effects", []string{`UPDATE payments SET authorised = authorised + 1`}},
	{"payment: captured and refunded equal the ledger", []string{
		`ALTER TABLE ledger_entries DISABLE TRIGGER USER`,
		`DELETE FROM ledger_entries WHERE account = 'cash'`,
	}},
	{"refund: a settled one has one ledger transaction and a reference of the provider", []string{
		`ALTER TABLE effects DISABLE TRIGGER USER`,
		`UPDATE effects SET outcome = '{"done": true}' WHERE kind = 'refund'`,
	}},
	{"ledger: every transaction balances to zero per currency", []string{
		`ALTER TABLE ledger_entries DISABLE TRIGGER USER`,
		`UPDATE ledger_entries SET minor = minor + 1 WHERE account = 'cash'`,
	}},
	{"stock: on hand ≥ 0 and 0 ≤ reserved ≤ on hand", []string{
		`ALTER TABLE stock DROP CONSTRAINT stock_reserved_within_hand`,
		`UPDATE stock SET reserved = on_hand + 1`,
	}},
	{"stock: reserved equals the open reservations", []string{`UPDATE stock SET reserved = reserved + 1`}},
	{"stock: the counters equal the movements", []string{`UPDATE stock SET on_hand = on_hand + 1`}},
	{"reservation: a unit ends once, released or consumed", []string{
		`ALTER TABLE reservations DROP CONSTRAINT reservations_end_once`,
		`UPDATE reservations SET released = held, consumed = 1`,
	}},
	{"reservation: counters equal the movements", []string{`UPDATE reservations SET released = 1`}},
	{"stock: nothing is held or waited for after the order gave it up", []string{
		`INSERT INTO stock_ended (order_number, key) SELECT order_number, 'x' FROM reservations`,
	}},
	{"calendar: no technician is booked twice at a time", []string{
		`ALTER TABLE slots DROP CONSTRAINT slots_no_double_booking`,
		`INSERT INTO slots (order_number, line_id, technician, from_at, to_at, command_id)
		 SELECT order_number, line_id, technician, from_at, to_at, 'x' FROM slots`,
	}},
	{"order: total = Σ lines + fee", []string{`UPDATE orders SET total = total + 1`}},
	{"order: the row equals its state", []string{`UPDATE orders SET version = version + 1`}},
	{"order: the row equals its last event", []string{
		`ALTER TABLE events DISABLE TRIGGER USER`, `UPDATE events SET chain = 'another'`,
	}},
	{"timeline: sequence numbers have no gaps", []string{`UPDATE events SET seq = 3 WHERE seq = 2`}},
	{"timeline: versions have no gaps", []string{`UPDATE events SET version = 4 WHERE seq = 2`}},
	{"command: it changes an order once", []string{
		`UPDATE orders SET state = jsonb_set(state, '{processed}', '["c1", "c2", "c1"]')`,
	}},
	{"audit: every command of a person that has its answer has one row with it", []string{
		`UPDATE commands SET status = 'refused' WHERE status = 'accepted'`,
	}},
	{"audit: every row's hash follows from the one before", []string{
		`ALTER TABLE audit DISABLE TRIGGER USER`, `UPDATE audit SET actor_id = 'somebody else' WHERE id = 1`,
	}},
	{"audit: the head is the last row", []string{
		`ALTER TABLE audit DISABLE TRIGGER USER`, `DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)`,
	}},
	{"finished order: it holds no goods and waits for none", []string{rejectedLongAgo}},
	{"rejected order: no authorisation is left unreleased and no captured money kept", []string{rejectedLongAgo}},
	{"rejected order: it keeps no technician's time", []string{rejectedLongAgo}},
	{"rejected order: no parcel of it is left to go out", []string{
		rejectedLongAgo, `UPDATE orders SET state = jsonb_set(state, '{shipments}', '[{"status": "packed"}]')`,
	}},
	{"order: payments in the state equal the payments book", []string{
		rejectedLongAgo, `UPDATE orders SET state = jsonb_set(state, '{payments}',
			'[{"id": "P1", "captured": {"amount": "1.00"}, "refunded": {"amount": "0.00"}}]')`,
	}},
	{"command: none waits for an hour", []string{
		`UPDATE commands SET status = 'pending', outcome = NULL, created_at = now() - interval '2 hours'`,
	}},
}

// busy makes an order with a slot, held stock, captured and refunded money, a second event and an audit row.
func busy(t *testing.T, db *bundle) string {
	t.Helper()
	ctx := t.Context()
	row, _, err := db.AcceptCommand(ctx, appointment(1, newYear))
	check(t, err)
	_, err = db.FinishCommand(ctx, row.ID, "api", accepted, auditOf(row, "accepted"))
	check(t, err)
	view, err := db.Order(ctx, row.Order)
	check(t, err)
	held := decide(t, view.Order, &orders.PutOnHold{}, "c1")
	check(t, db.RecordTransitions(ctx, transitions(view.Order, held, 5)))
	_, err = db.ReserveStock(ctx, want(row.Order, "TEA-001", 5))
	check(t, err)
	db.settled(t, effect(row.Order, orders.EffectAuthorise, 1, yuan(100)), done)
	db.settled(t, effect(row.Order, orders.EffectCapture, 1, yuan(60)), done)
	db.settled(t, effect(row.Order, orders.EffectRefund, 1, yuan(10)), done)
	return row.Order
}

func TestEveryInvariantFiresWhenItIsBroken(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	order := busy(t, db)
	db.noViolations(t)
	broken := map[string]bool{}
	for _, b := range slices.Concat(breaches, voidBreaches) {
		broken[b.rule] = true
		if n := db.violationsOf(t, order, b); n == 0 {
			t.Errorf("%s: the breach was not seen", b.rule)
		}
	}
	for _, invariant := range store.Invariants() {
		if !broken[invariant.Name] {
			t.Errorf("%s: no breach is tried", invariant.Name)
		}
	}
	db.noViolations(t)
}

var errRollback = errors.New("the breach is taken back")

// violationsOf breaks a rule in a transaction, counts what its query finds, and takes the breach back.
func (b *bundle) violationsOf(t *testing.T, order string, broken breach) (n int) {
	t.Helper()
	ctx := t.Context()
	t.Helper()
	err := pgx.BeginFunc(ctx, b.sql, func(tx pgx.Tx) error {
		for _, statement := range broken.statements {
			var arguments []any
			if statement == rejectedLongAgo {
				arguments = append(arguments, order)
			}
			if _, err := tx.Exec(ctx, statement, arguments...); err != nil {
				return err
			}
		}
		for _, invariant := range store.Invariants() {
			if invariant.Name != broken.rule {
				continue
			}
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM (`+invariant.Query+`) AS violations`).Scan(&n); err != nil {
				return err
			}
		}
		return errRollback
	})
	if !errors.Is(err, errRollback) {
		t.Errorf("%s: %v", broken.rule, err)
	}
	return n
}
