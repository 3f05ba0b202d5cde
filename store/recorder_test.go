package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"amends/orders"
)

// decide applies a command to an order.
func decide(t *testing.T, o orders.Order, c orders.Command, id string) orders.Decision {
	t.Helper()
	head := c.Head()
	head.CommandID, head.Actor = id, clerk
	decision, err := orders.Decide(o, c, time.Now())
	check(t, err)
	return decision
}

// transitions is what a task of a workflow records after a decision on what an earlier one has confirmed.
func transitions(before orders.Order, d orders.Decision, history int64) orders.Transitions {
	return orders.Transitions{
		Order: d.Order, Fence: orders.Fence{Run: 1, History: history}, Confirmed: before.Seq, Chain: before.Chain, Events: d.Events,
	}
}

func (b *bundle) kinds(t *testing.T, number string) string {
	t.Helper()
	entries, err := b.Timeline(t.Context(), number, 0, 100)
	check(t, err)
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return fmt.Sprint(kinds)
}

func TestRecordingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	change := transitions(order, decide(t, order, &orders.PutOnHold{}, "c1"), 5)
	change.Notices = []orders.Notice{{Key: "n1", Order: order.Number, Template: orders.TemplateShipped, ContactID: order.ContactID}}
	change.Signals = []orders.SignalOutcome{{Command: "c1", Name: orders.CmdHold, Actor: orders.OperatorActor, At: time.Now()}}
	errs := together(8, func(int) error { return db.RecordTransitions(ctx, change) })
	check(t, errors.Join(errs...))
	equal(t, "timeline", db.kinds(t, order.Number), "[held created]")
	equal(t, "notices", db.count(t, `SELECT count(*) FROM outbox WHERE key = 'n1'`), 1)
	equal(t, "audit rows of the signal", db.count(t, `SELECT count(*) FROM audit WHERE command_id = 'c1'`), 1)
	page, err := db.Orders(ctx, orders.OrderQuery{Flag: "on_hold", Limit: 10})
	check(t, err)
	equal(t, "listed on hold", len(page.Items), 1)
	equal(t, "version", page.Items[0].Version, 2)
	db.noViolations(t)
}

func TestAProvisionalSuffixIsReplaced(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	held := decide(t, order, &orders.PutOnHold{}, "by update")
	check(t, db.RecordTransitions(ctx, transitions(order, held, 5)))

	// The worker died before its task ended. The task runs again and finds a signal before the update.
	rejected := decide(t, order, &orders.Reject{ReasonCode: "out_of_stock"}, "by signal")
	check(t, db.RecordTransitions(ctx, transitions(order, rejected, 7)))
	equal(t, "timeline", db.kinds(t, order.Number), "[rejected created]")
	view, err := db.Order(ctx, order.Number)
	check(t, err)
	equal(t, "stage", view.Order.Stage, orders.Rejected)
	equal(t, "hold", view.Order.Hold, nil)
	db.noViolations(t)
}

func TestAnOlderTaskIsFenced(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	change := transitions(order, decide(t, order, &orders.PutOnHold{}, "c1"), 9)
	change.Fence.Run = 2
	check(t, db.RecordTransitions(ctx, change))
	for _, fence := range []orders.Fence{{Run: 2, History: 8}, {Run: 1, History: 100}} {
		older := transitions(order, decide(t, order, &orders.Reject{ReasonCode: "out_of_stock"}, "c2"), 0)
		older.Fence = fence
		if err := db.RecordTransitions(ctx, older); !errors.Is(err, orders.ErrFenced) {
			t.Errorf("fence %v: %v", fence, err)
		}
	}
	equal(t, "timeline", db.kinds(t, order.Number), "[held created]")
	change.Fence = orders.Fence{Run: 3, History: 1}
	check(t, db.RecordTransitions(ctx, change))
}

func TestADifferenceInWhatIsConfirmedIsADivergence(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	held := decide(t, order, &orders.PutOnHold{}, "c1")
	check(t, db.RecordTransitions(ctx, transitions(order, held, 5)))
	resumed := decide(t, held.Order, &orders.Resume{}, "c2")

	another := transitions(held.Order, resumed, 9)
	another.Chain = "of another history"
	ahead := transitions(held.Order, resumed, 9)
	ahead.Confirmed, ahead.Order.Seq, ahead.Events[0].Seq = 7, 8, 8
	gap := transitions(held.Order, decide(t, held.Order, &orders.Resume{}, "c2"), 9)
	gap.Events[0].Seq++
	for name, change := range map[string]orders.Transitions{"another chain": another, "missing rows": ahead, "a gap": gap} {
		if err := db.RecordTransitions(ctx, change); !errors.Is(err, orders.ErrDiverged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal(t, "timeline", db.kinds(t, order.Number), "[held created]")
	unknown := transitions(order, held, 5)
	unknown.Order.Number = "DD20300101-999999"
	if err := db.RecordTransitions(ctx, unknown); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("unknown order: %v", err)
	}
	db.noViolations(t)
}

// shipped is an order with one parcel under way, as far as the recorder looks at it.
func shipped(before orders.Order, tracking string) orders.Transitions {
	after := before
	after.Seq, after.Chain = before.Seq+1, "chain of "+tracking
	after.Shipments = []orders.Shipment{{ID: "S1", Status: orders.HandedOver, Label: "LABEL-1", Tracking: tracking}}
	event := orders.Recorded{
		Seq: after.Seq, At: time.Now(), Kind: orders.EventHandedOver, Actor: clerk, Stage: before.Stage, Version: before.Version,
		Chain: after.Chain,
	}
	return orders.Transitions{
		Order: after, Fence: orders.Fence{Run: 1, History: 3}, Confirmed: before.Seq, Chain: before.Chain,
		Events: []orders.Recorded{event},
	}
}

func carrierEvent(id, tracking string) orders.Webhook {
	return orders.Webhook{
		Provider: orders.ProviderCarrier, EventID: id, Subject: tracking, Body: []byte(`{"event_id":"` + id + `"}`),
		Command: &orders.CarrierEvent{EventID: id, Tracking: tracking, Status: "delivered", OccurredAt: newYear, Proof: true},
	}
}

func TestARepeatedWebhookIsStoredOnceAndDeliveredOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	check(t, db.RecordTransitions(ctx, shipped(order, "SF-1")))
	fresh := make([]bool, 10)
	errs := together(10, func(i int) (err error) {
		fresh[i], err = db.StoreWebhook(ctx, carrierEvent("e1", "SF-1"))
		return err
	})
	check(t, errors.Join(errs...))
	first := 0
	for _, isNew := range fresh {
		if isNew {
			first++
		}
	}
	equal(t, "new events", first, 1)
	equal(t, "repeats", db.count(t, `SELECT repeats FROM webhooks`), 9)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "commands", len(claimed), 1)
	equal(t, "order", claimed[0].Order, order.Number)
	decoded, err := orders.DecodeCommand(claimed[0].Name, claimed[0].Payload)
	check(t, err)
	equal(t, "actor", decoded.Head().Actor, orders.CarrierActor)
	equal(t, "tracking", decoded.(*orders.CarrierEvent).Tracking, "SF-1")
	isNew, err := db.StoreWebhook(ctx, carrierEvent("e2", "LABEL-1"))
	check(t, err)
	equal(t, "found by the label", isNew && db.count(t, `SELECT count(*) FROM commands WHERE id = 'carrier:e2'`) == 1, true)
}

func TestAnEventThatComesBeforeItsTrackingNumberIsRoutedLater(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	_, err := db.StoreWebhook(ctx, carrierEvent("e1", "SF-1"))
	check(t, err)
	equal(t, "findings", db.count(t, `SELECT count(*) FROM webhooks WHERE status = 'unmatched'`), 1)
	equal(t, "commands", db.count(t, `SELECT count(*) FROM commands WHERE status = 'pending'`), 0)
	check(t, db.RecordTransitions(ctx, shipped(order, "SF-1")))
	equal(t, "findings", db.count(t, `SELECT count(*) FROM webhooks WHERE status = 'unmatched'`), 0)
	claimed, err := db.ClaimDue(ctx, "relay", lease, 10)
	check(t, err)
	equal(t, "commands", len(claimed), 1)
	equal(t, "command", claimed[0].ID, "carrier:e1")
}

func TestNoEventIsLostBetweenAWebhookAndTheHandOver(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	const n = 20
	var made []orders.Order
	for i := range n {
		made = append(made, db.order(t, i))
	}
	errs := together(2*n, func(i int) error {
		tracking := fmt.Sprintf("SF-%d", i/2)
		if i%2 == 0 {
			return db.RecordTransitions(ctx, shipped(made[i/2], tracking))
		}
		_, err := db.StoreWebhook(ctx, carrierEvent("e-"+tracking, tracking))
		return err
	})
	check(t, errors.Join(errs...))
	equal(t, "commands", db.count(t, `SELECT count(DISTINCT order_number) FROM commands WHERE name = 'carrier-event'`), n)
	equal(t, "unmatched", db.count(t, `SELECT count(*) FROM webhooks WHERE status = 'unmatched'`), 0)
}

func TestAPaymentsEventIsMatchedByReferenceOrStaysAFinding(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	event := orders.Webhook{Provider: orders.ProviderPayments, EventID: "p1", Subject: "pay-1", Body: []byte(`{}`)}
	_, err := db.StoreWebhook(ctx, event)
	check(t, err)
	equal(t, "findings", db.count(t, `SELECT count(*) FROM webhooks WHERE status = 'unmatched'`), 1)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), done)
	equal(t, "findings", db.count(t, `SELECT count(*) FROM webhooks WHERE status = 'unmatched'`), 0)
	event.EventID = "p2"
	_, err = db.StoreWebhook(ctx, event)
	check(t, err)
	equal(t, "matched", db.count(t, `SELECT count(*) FROM webhooks WHERE order_number = 'DD-1'`), 2)
}
