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
