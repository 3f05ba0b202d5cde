package store_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"amends/orders"
)

func TestANewOrderIsListedAtOnceWithItsFirstEventAndNotice(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	row, replayed, err := db.AcceptCommand(ctx, create(1))
	check(t, err)
	equal(t, "replayed", replayed, false)
	equal(t, "owner", row.Owner, "api")
	if !regexp.MustCompile(`^DD\d{8}-\d{6}$`).MatchString(row.Order) {
		t.Errorf("number %s", row.Order)
	}
	page, err := db.Orders(ctx, orders.OrderQuery{Q: row.Order, Limit: 10})
	check(t, err)
	equal(t, "listed", len(page.Items), 1)
	equal(t, "total", page.Items[0].Total, yuan(3*128+12))
	timeline, err := db.Timeline(ctx, row.Order, 0, 10)
	check(t, err)
	equal(t, "events", len(timeline), 1)
	equal(t, "request", timeline[0].Command, "request-create-0001")
	equal(t, "notices", db.count(t, `SELECT count(*) FROM outbox`), 1)
	db.noViolations(t)
}

func TestTwoCommandsWithOneKeyAreOneRow(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	numbers := make([]string, 20)
	replays := make([]bool, 20)
	errs := together(20, func(i int) error {
		row, replayed, err := db.AcceptCommand(ctx, create(1))
		numbers[i], replays[i] = row.Order, replayed
		return err
	})
	check(t, errors.Join(errs...))
	fresh := 0
	for i := range numbers {
		equal(t, "number", numbers[i], numbers[0])
		if !replays[i] {
			fresh++
		}
	}
	equal(t, "rows that were not replayed", fresh, 1)
	equal(t, "orders", db.count(t, `SELECT count(*) FROM orders`), 1)
	equal(t, "drawn numbers", db.count(t, `SELECT last_value FROM order_numbers`), 1)
}

func TestAKeyUsedWithAnotherBodyIsRefused(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	c := create(1)
	_, _, err := db.AcceptCommand(ctx, c)
	check(t, err)
	c.Fingerprint = "another body"
	if _, _, err = db.AcceptCommand(ctx, c); !errors.Is(err, orders.ErrKeyReused) {
		t.Errorf("got %v", err)
	}
	c.Actor.ID = "somebody else"
	c.ID, c.NewCustomer.ID, c.Contact.ID = "another", "another", "another"
	_, replayed, err := db.AcceptCommand(ctx, c)
	check(t, err)
	equal(t, "another actor's key is replayed", replayed, false)
}

func TestACustomerIsFoundByPhoneOrMade(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	errs := together(8, func(i int) error {
		c := create(i)
		c.NewCustomer.Phone = "+8613800138000"
		_, _, err := db.AcceptCommand(ctx, c)
		return err
	})
	check(t, errors.Join(errs...))
	equal(t, "customers with the phone", db.count(t, `SELECT count(*) FROM customers WHERE phone = '+8613800138000'`), 1)
	equal(t, "customers of the orders", db.count(t, `SELECT count(DISTINCT customer_id) FROM orders`), 1)
	equal(t, "customers of the contacts", db.count(t, `SELECT count(DISTINCT customer_id) FROM contacts`), 1)
}

func TestACommandOfAnUnknownOrderIsRefused(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	if _, _, err := db.AcceptCommand(ctx, command("c1", "DD20300101-000001", orders.CmdHold)); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// gate makes inserts into commands wait until the returned function is called.
func (b *bundle) gate(t *testing.T) (open func()) {
	t.Helper()
	b.exec(t, `
		CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END'`)
	b.exec(t, `CREATE TRIGGER gate AFTER INSERT ON commands FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`)
	tx, err := b.sql.Begin(t.Context())
	check(t, err)
	_, err = tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(1)`)
	check(t, err)
	return func() { check(t, tx.Rollback(context.Background())) }
}

// waiting returns once so many transactions of this database wait for a lock.
func (b *bundle) waiting(t *testing.T, n int64) {
	t.Helper()
	const blocked = `
		SELECT count(*)
		FROM pg_locks
		WHERE locktype = 'advisory'
		  AND NOT granted
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	for b.count(t, blocked) < n {
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
	}
}

func TestACommandBehindAPendingOneHasNoOwner(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	open := db.gate(t)
	owners := make([]string, 10)
	answers := make(chan []error)
	go func() {
		answers <- together(10, func(i int) error {
			row, _, err := db.AcceptCommand(ctx, command(fmt.Sprintf("c%d", i), order.Number, orders.CmdHold))
			owners[i] = row.Owner
			return err
		})
	}()
	db.waiting(t, 10)
	open()
	check(t, errors.Join(<-answers...))
	owned := 0
	for _, owner := range owners {
		if owner != "" {
			owned++
		}
	}
	equal(t, "commands that their API may deliver", owned, 1)
}

func TestOneOfTwoOwnersWritesTheOutcomeAndTheOtherReadsIt(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	row, _, err := db.AcceptCommand(ctx, create(1))
	check(t, err)
	if _, err := db.FinishCommand(ctx, row.ID, "relay", accepted, auditOf(row, "accepted")); !errors.Is(err, orders.ErrLeaseLost) {
		t.Errorf("a stranger: %v", err)
	}
	outcomes := make([]orders.Outcome, 20)
	errs := together(20, func(i int) error {
		mine, word := accepted, "accepted"
		if i%2 == 1 {
			mine, word = refused(orders.CodeOnHold), "refused"
		}
		outcome, err := db.FinishCommand(context.Background(), row.ID, "api", mine, auditOf(row, word))
		outcomes[i] = outcome
		return err
	})
	check(t, errors.Join(errs...))
	for _, outcome := range outcomes {
		equal(t, "outcome", outcome.Accepted, outcomes[0].Accepted)
	}
	equal(t, "audit rows", db.count(t, `SELECT count(*) FROM audit WHERE command_id = $1`, row.ID), 1)
	db.noViolations(t)
}

func TestTheRelayClaimsTheOldestCommandPerOrderWhenTheLeaseIsOver(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	first := command("c1", order.Number, orders.CmdHold)
	_, _, err := db.AcceptCommand(ctx, first)
	check(t, err)
	_, _, err = db.AcceptCommand(ctx, command("c2", order.Number, orders.CmdResume))
	check(t, err)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "claimed while the owner's lease runs", len(claimed), 0)

	db.exec(t, `UPDATE commands SET lease_until = now() WHERE id = 'c1'`)
	var total int
	batches := make([]int, 8)
	errs := together(8, func(i int) error {
		rows, err := db.ClaimDue(ctx, fmt.Sprintf("relay-%d", i), lease, 10)
		batches[i] = len(rows)
		return err
	})
	check(t, errors.Join(errs...))
	for _, n := range batches {
		total += n
	}
	equal(t, "claimed by eight relays", total, 1)
	row, err := db.Command(ctx, "c1")
	check(t, err)
	equal(t, "attempts", row.Attempts, 1)

	_, err = db.FinishCommand(ctx, "c1", row.Owner, refused(orders.CodeOnHold), auditOf(row, "refused"))
	check(t, err)
	claimed, err = db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "then the next", claimed[0].ID, "c2")
}

func TestAQueuedCommandWakesTheListener(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	_, _, err := db.AcceptCommand(ctx, command("c1", order.Number, orders.CmdHold))
	check(t, err)
	listening, stop := context.WithCancel(ctx)
	woken := make(chan struct{}, 10)
	ended := make(chan struct{})
	go func() {
		db.Listen(listening, "commands", func() { woken <- struct{}{} })
		close(ended)
	}()
	wait := func(what string) {
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatalf("not woken: %s", what)
		}
	}
	wait("on connecting")
	_, _, err = db.AcceptCommand(ctx, command("c2", order.Number, orders.CmdResume))
	check(t, err)
	wait("by a command without an owner")
	stop()
	<-ended
}
