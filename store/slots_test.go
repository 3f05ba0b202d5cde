package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"amends/orders"
)

func appointment(n int, from time.Time) orders.NewCommand {
	c := create(n)
	c.Slots = []orders.SlotRequest{{LineID: "L2", SKU: "SVC-INSTALL", From: from, To: from.Add(2 * time.Hour)}}
	return c
}

func TestFortyBookingsOfOneSlotWithOneTechnicianAreOne(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.exec(t, `UPDATE technicians SET active = (id = 'tech-1')`)
	errs := together(40, func(i int) error {
		_, _, err := db.AcceptCommand(ctx, appointment(i, newYear))
		return err
	})
	equal(t, "bookings", succeeded(errs), 1)
	for _, err := range errs {
		var taken *orders.SlotTakenError
		if err != nil && (!errors.As(err, &taken) || !errors.Is(err, orders.ErrSlotTaken)) {
			t.Errorf("got %v", err)
		}
	}
	equal(t, "orders", db.count(t, `SELECT count(*) FROM orders`), 1)
	db.noViolations(t)
}

func TestEverySkilledTechnicianIsTriedAndThenTheNearestTimeNamed(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	for n := range 2 {
		_, _, err := db.AcceptCommand(ctx, appointment(n, newYear))
		check(t, err)
	}
	equal(t, "technicians", db.count(t, `SELECT count(DISTINCT technician) FROM slots`), 2)
	_, _, err := db.AcceptCommand(ctx, appointment(2, newYear))
	var taken *orders.SlotTakenError
	if !errors.As(err, &taken) {
		t.Fatalf("got %v", err)
	}
	equal(t, "line", taken.LineID, "L2")
	equal(t, "nearest", taken.Nearest.From, newYear.Add(2*time.Hour))
	equal(t, "length", taken.Nearest.To.Sub(taken.Nearest.From), 2*time.Hour)
	_, _, err = db.AcceptCommand(ctx, appointment(3, taken.Nearest.From))
	check(t, err)
}

func TestARefusedCommandGivesItsSlotsBack(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	c := command("move", order.Number, orders.CmdReschedule)
	c.Slots = []orders.SlotRequest{{LineID: "L2", SKU: "SVC-INSTALL", From: newYear, To: newYear.Add(time.Hour)}}
	var claimed []orders.Slot
	build := c.Build
	c.Build = func(d orders.Drawn) (orders.Built, error) {
		claimed = d.Slots
		return build(d)
	}
	row, _, err := db.AcceptCommand(ctx, c)
	check(t, err)
	equal(t, "claimed", len(claimed), 1)
	_, err = db.FinishCommand(ctx, row.ID, "api", refused(orders.CodeStaleVersion), auditOf(row, "refused"))
	check(t, err)
	equal(t, "open slots", db.count(t, `SELECT count(*) FROM slots WHERE freed_at IS NULL`), 0)
}

func TestFreeingASlotAgainChangesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	c := appointment(1, newYear)
	row, _, err := db.AcceptCommand(ctx, c)
	check(t, err)
	view, err := db.Order(ctx, row.Order)
	check(t, err)
	slot := view.Order.Slots[0]
	for range 2 {
		check(t, db.FreeSlots(ctx, row.Order, []string{slot.ID}))
	}
	equal(t, "freed", db.count(t, `SELECT count(*) FROM slots WHERE freed_at IS NOT NULL`), 1)
	_, _, err = db.AcceptCommand(ctx, appointment(2, newYear))
	check(t, err)
	check(t, db.FreeSlots(ctx, fmt.Sprint("another ", row.Order), []string{slot.ID}))
}

// resubmit asks for the same or another time of the order's appointment.
func resubmit(id, order string, from time.Time) orders.NewCommand {
	c := command(id, order, orders.CmdResubmit)
	c.Slots = []orders.SlotRequest{{LineID: "L1", SKU: "SVC-INSTALL", From: from, To: from.Add(2 * time.Hour)}}
	return c
}

func (b *bundle) accept(t *testing.T, c orders.NewCommand) (orders.CommandRow, []orders.Slot, error) {
	t.Helper()
	var claimed []orders.Slot
	build := c.Build
	c.Build = func(d orders.Drawn) (orders.Built, error) {
		claimed = d.Slots
		return build(d)
	}
	row, _, err := b.AcceptCommand(t.Context(), c)
	return row, claimed, err
}

func TestWhoResubmitsWithTheSameTimeKeepsTheirOwnSlot(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.exec(t, `UPDATE technicians SET active = (id = 'tech-1')`)
	row, own, err := db.accept(t, appointment(1, newYear))
	check(t, err)
	_, err = db.FinishCommand(ctx, row.ID, "api", accepted, auditOf(row, "accepted"))
	check(t, err)
	other, _, err := db.accept(t, appointment(2, newYear.Add(4*time.Hour)))
	check(t, err)
	_, err = db.FinishCommand(ctx, other.ID, "api", accepted, auditOf(other, "accepted"))
	check(t, err)

	again, same, err := db.accept(t, resubmit("again", row.Order, newYear))
	check(t, err)
	equal(t, "slot", same[0].ID, own[0].ID)
	equal(t, "technician", same[0].Technician, own[0].Technician)
	equal(t, "line of the new draft", same[0].LineID, "L1")
	var taken *orders.SlotTakenError
	if _, _, err := db.accept(t, resubmit("theirs", other.Order, newYear)); !errors.As(err, &taken) {
		t.Errorf("another order's resubmission: %v", err)
	}
	if _, _, err := db.accept(t, appointment(3, newYear)); !errors.As(err, &taken) {
		t.Errorf("a new order: %v", err)
	}
	if _, _, err := db.accept(t, resubmit("overlap", row.Order, newYear.Add(time.Hour))); !errors.As(err, &taken) {
		t.Errorf("half of one's own time: %v", err)
	}
	twice := resubmit("twice", row.Order, newYear)
	twice.Slots = append(twice.Slots, twice.Slots[0])
	if _, _, err := db.accept(t, twice); !errors.As(err, &taken) {
		t.Errorf("one time for two services: %v", err)
	}

	_, err = db.FinishCommand(ctx, again.ID, "api", refused(orders.CodeStaleVersion), auditOf(again, "refused"))
	check(t, err)
	equal(t, "freed by the refusal", db.count(t, `SELECT count(*) FROM slots WHERE freed_at IS NOT NULL`), 0)
	moved, fresh, err := db.accept(t, resubmit("moved", row.Order, newYear.Add(8*time.Hour)))
	check(t, err)
	_, err = db.FinishCommand(ctx, moved.ID, "api", refused(orders.CodeStaleVersion), auditOf(moved, "refused"))
	check(t, err)
	equal(t, "freed with what the refused one claimed", db.count(t, `
		SELECT count(*) FROM slots WHERE freed_at IS NOT NULL AND id = $1`, fresh[0].ID), 1)
	equal(t, "the old one is kept", db.count(t, `SELECT count(*) FROM slots WHERE freed_at IS NULL AND id = $1`, own[0].ID), 1)
	db.noViolations(t)
}

func TestASlotThatTheOrderHasGivenUpIsNotItsOwnAnyMore(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	db.exec(t, `UPDATE technicians SET active = (id = 'tech-1')`)
	row, own, err := db.accept(t, appointment(1, newYear))
	check(t, err)
	db.exec(t, `
		UPDATE orders
		SET state = jsonb_set(state, '{slots}', '[]') || jsonb_build_object('free_slots', jsonb_build_array($2::text))
		WHERE number = $1`, row.Order, own[0].ID)
	var taken *orders.SlotTakenError
	if _, _, err := db.accept(t, resubmit("again", row.Order, newYear)); !errors.As(err, &taken) {
		t.Errorf("it is about to be freed: %v", err)
	}
}
