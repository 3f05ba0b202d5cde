package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

func TestTheAuditLogIsOneChain(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	errs := together(50, func(int) error {
		return db.Audit(ctx, orders.AuditRow{Actor: clerk, Action: "POST /orders", Outcome: "refused", Code: orders.CodeForbidden})
	})
	check(t, errors.Join(errs...))
	equal(t, "rows", db.count(t, `SELECT count(*) FROM audit`), 50)
	equal(t, "hashes", db.count(t, `SELECT count(DISTINCT hash) FROM audit`), 50)
	db.noViolations(t)
}

// asApp runs a statement with the rights of API and worker.
func (b *bundle) asApp(t *testing.T, statement string) error {
	t.Helper()
	ctx := t.Context()
	return pgx.BeginFunc(ctx, b.sql, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL ROLE amends_app`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, statement)
		return err
	})
}

func TestTheAppCannotRewriteTheBooks(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	db.order(t, 1)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), orders.EffectOutcome{Done: true, Reference: "r", AtOnce: true})
	for _, statement := range []string{
		`UPDATE audit SET code = 'x'`,
		`DELETE FROM audit`,
		`TRUNCATE audit`,
		`INSERT INTO audit SELECT * FROM audit`,
		`UPDATE audit_head SET id = 0`,
		`UPDATE stock_movements SET on_hand_delta = 0`,
		`DELETE FROM stock_movements`,
		`UPDATE ledger_entries SET minor = 1`,
		`DELETE FROM ledger_transactions`,
		`UPDATE effects SET amount = 0`,
		`UPDATE effects SET outcome = NULL, settled_at = NULL`,
		`DELETE FROM effects`,
		`UPDATE parcel_outcomes SET outcome = 'left'`,
		`DELETE FROM parcel_outcomes`,
		`DELETE FROM stock_rounds`,
		`UPDATE events SET kind = 'x'`,
		`UPDATE contacts SET name = 'x'`,
		`DELETE FROM orders`,
		`DELETE FROM commands`,
		`UPDATE staff SET role = 'manager'`,
		`UPDATE products SET list_price = 0`,
	} {
		if err := db.asApp(t, statement); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	check(t, db.asApp(t, `SELECT audit_append('a', 'clerk', true, 'x', '', '', 'refused', 'c', 'r', now(), false)`))
	for _, statement := range []string{
		`UPDATE audit SET code = 'x'`, `DELETE FROM stock_movements`, `UPDATE ledger_entries SET minor = 1`, `DELETE FROM effects`,
	} {
		if _, err := db.sql.Exec(t.Context(), statement); err == nil {
			t.Errorf("the owner can %s", statement)
		}
	}
	db.noViolations(t)
}

func TestNoticesAreSentOnceAndTriedAgainAfterAPause(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.order(t, 1)
	db.order(t, 2)
	sizes := make([]int, 8)
	errs := together(8, func(i int) error {
		claimed, err := db.ClaimNotices(ctx, "worker", lease, 10)
		sizes[i] = len(claimed)
		return err
	})
	check(t, errors.Join(errs...))
	total := 0
	for _, n := range sizes {
		total += n
	}
	equal(t, "claimed by eight senders", total, 2)
	var keys []string
	rows, err := db.sql.Query(ctx, `SELECT key FROM outbox ORDER BY key`)
	check(t, err)
	keys, err = pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	check(t, db.MarkSent(ctx, keys[0], "sms"))
	check(t, db.Postpone(ctx, keys[1], "unreachable", time.Nanosecond*1000))
	claimed, err := db.ClaimNotices(ctx, "worker", lease, 10)
	check(t, err)
	equal(t, "tried again", len(claimed), 1)
	equal(t, "attempts before", claimed[0].Attempts, 1)
	check(t, db.MarkFailed(ctx, claimed[0].Notice, "bad_recipient"))
	check(t, db.MarkSent(ctx, keys[1], "sms"))
	equal(t, "failed for good", db.count(t, `SELECT count(*) FROM outbox WHERE status = 'failed'`), 1)
	claimed, err = db.ClaimNotices(ctx, "worker", lease, 10)
	check(t, err)
	equal(t, "left", len(claimed), 0)
}
