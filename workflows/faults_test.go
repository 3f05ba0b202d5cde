package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"amends/orders"
)

func TestANativeCancellationIsAVoidByAnOperator(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var approved *answer
	b.when("everything to pack", ready, b.env.CancelWorkflow)
	b.when("the void to wait for a second person", waits, func() {
		require.Equal(t, []string{orders.ApprovalUnverified}, b.lastSeen.Amendments[0].Approvals)
		require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
		require.Equal(t, []string{"voiding"}, b.lastSeen.Flags())
		approve := &orders.ApprovePlan{Header: orders.Header{Actor: manager}, ID: b.lastSeen.Amendments[0].ID, Limit: 1_000_000}
		approved = b.update("approve-plan", approve)
	})
	b.run()
	require.Equal(t, orders.Voiding, approved.agreed().Stage, "commands are answered")
	require.Equal(t, orders.Voided, b.stored().Stage, "activities and timers go on")
	require.Equal(t, []string{"authorised", "released"}, b.entries("payments"))
}

// outage is how long the database stays away. The test environment gives up after ten attempts, half a minute; servers
// never do.
const outage = 30 * time.Second

func TestADatabaseThatIsAwayDelaysAnOrderAndLosesNothing(t *testing.T) {
	b := setup(t)
	b.create(goods())
	until := b.database.leave(outage)
	b.finish()
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Positive(t, b.database.failures)
	require.Empty(t, b.stored().Attention)
	require.False(t, b.events()[1].At.Before(until))
}

func TestALargeRecordingWaitsWithTimersAndIsNeverAnActivitysInput(t *testing.T) {
	b := setup(t)
	draft := goods()
	for n := 2; n <= 1800; n++ {
		line := draft.Lines[0]
		line.ID = fmt.Sprintf("L%d", n)
		draft.Lines = append(draft.Lines, line)
	}
	b.create(draft)
	var scheduled []string
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		scheduled = append(scheduled, info.ActivityType.Name)
	})
	b.when("the review", in(orders.InReview), func() {
		b.database.leave(outage)
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
	require.Equal(t, orders.Rejected, b.stored().Stage)
	require.Positive(t, b.database.failures)
	require.Contains(t, scheduled, "ReleaseStock", "small writes wait as regular activities")
	require.NotContains(t, scheduled, "RecordTransitions")
}

func TestCommandsWaitForADatabaseThatIsAwayInTheMiddle(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var handOver *answer
	b.ships()
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && quiet(o) }, func() {
		b.database.leave(outage)
		handOver = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
		b.signal("hold", map[string]any{"reason": "the customer is on the telephone"})
		b.signal("hold", "garbage")
		b.at(outage/2, func() {
			require.False(t, handOver.done, "what is not recorded is not promised")
			require.Equal(t, orders.Packed, b.stored().Shipments[0].Status)
			b.signal("resume", nil)
			b.carrier(b.lastSeen.Shipments[0].Label, "delivered", true)
		})
	})
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, int64(3), handOver.agreed().Version)
	require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"))
	require.Equal(t, []string{
		"hold operator operator f accepted", "hold operator operator f refused unreadable", "resume operator operator f accepted",
		"carrier-event carrier provider f accepted",
	}, b.audits())
	for _, kind := range []string{"handed_over", "held", "resumed", "stock_moved", "payment_captured", "parcel_moved", "signed_off"} {
		require.Equal(t, 1, b.times(kind), kind)
	}
}

// endless lets an order live that never ends, for a month.
func (b *bench) endless(input any) {
	b.Helper()
	b.env.SetWorkflowRunTimeout(30 * 24 * time.Hour)
	b.start(input)
	var timeout *temporal.TimeoutError
	require.ErrorAs(b, b.env.GetWorkflowError(), &timeout, "only the test's end ended it")
	require.Empty(b, b.steps, "the story is not over; the order is %s", b.lastSeen.Stage)
}

func TestAnOrderThatPostgresRefusesStopsShowsItAndGoesOnOnceRepaired(t *testing.T) {
	for code, given := range map[string]struct{ tamper, repair string }{
		"diverged": {
			`UPDATE events SET chain = 'x' || chain WHERE order_number = $1`,
			`UPDATE events SET chain = substr(chain, 2) WHERE order_number = $1`,
		},
		"fenced": {`UPDATE orders SET fence_run = 9 WHERE number = $1`, `UPDATE orders SET fence_run = 0 WHERE number = $1`},
	} {
		t.Run(code, func(t *testing.T) {
			b := setup(t)
			b.create(waiting())
			execute := func(statement string) {
				_, err := b.sql.Exec(context.Background(), statement, b.order.Number)
				require.NoError(t, err)
			}
			var hold, resume *answer
			b.when("the review", in(orders.InReview), func() {
				execute(given.tamper)
				hold = b.update("hold", &orders.PutOnHold{})
			})
			b.when("recording to stop", func(orders.Order) bool { return b.attribute("BlockedStep") == "record" }, func() {
				require.Equal(t, code, b.attribute("BlockedReason"))
				require.Equal(t, true, b.attribute("NeedsAttention"))
				require.Regexp(t, "stopped.*"+code, b.details())
				require.False(t, hold.done, "what Postgres cannot hold is not promised")
				require.Nil(t, b.stored().Hold)
				resume = b.update("resume", &orders.Resume{})
			})
			b.when("the next command", func(orders.Order) bool { return resume.done }, func() {
				resume.refused(orders.CodeInternal)
				execute(given.repair)
				b.signal("retry", nil)
			})
			b.when("what was not recorded", func(orders.Order) bool { return hold.done }, func() {
				require.Equal(t, int64(2), hold.agreed().Version)
				require.NotNil(t, b.stored().Hold)
				b.update("resume", &orders.Resume{})
			})
			b.when("the hold to end", func(o orders.Order) bool { return o.Hold == nil && quiet(o) }, func() {
				require.NotEqual(t, true, b.attribute("NeedsAttention"))
				b.update("reject", &orders.Reject{ReasonCode: "invalid"})
			})
			b.run()
			require.Equal(t, orders.Rejected, b.stored().Stage)
		})
	}
}

func TestAnInputThatCannotBeReadParksTheOrderUntilItIsCancelled(t *testing.T) {
	for name, input := range map[string]any{
		"text": "order", "nothing": nil, "no order": orders.Start{}, "another encoding": []byte{1, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.at(time.Hour, func() {
				require.False(t, b.env.IsWorkflowCompleted())
				require.Equal(t, true, b.attribute("NeedsAttention"))
				require.Equal(t, "unreadable_input", b.attribute("BlockedReason"))
				require.Contains(t, b.details(), "cannot be read")
				b.env.CancelWorkflow()
			})
			b.start(input)
			require.NoError(t, b.env.GetWorkflowError(), "an order's workflow never fails")
		})
	}
}

// impossible is a state that no rule leads to: a parcel without a payment. Handing it over makes the domain panic.
func (b *bench) impossible() orders.Order {
	b.create(waiting())
	o := b.order
	o.Stage, o.Review.Pending = orders.Fulfilling, false
	o.Shipments = []orders.Shipment{{ID: "S1", Status: orders.Packed, Booking: orders.BookingNone}}
	return o
}

func TestAPanicInTheDomainIsARefusalAndBlocksNothing(t *testing.T) {
	b := setup(t)
	b.order = b.impossible()
	var panics, hold *answer
	b.when("the start", always, func() {
		panics = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
		b.signal("hand-over", map[string]any{"shipment_id": "S1"})
		b.env.SignalWorkflowSkippingWorkflowTask("hold", nil)
		hold = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
	})
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil }, func() { b.update("resume", &orders.Resume{}) })
	b.when("its end", func(o orders.Order) bool { return o.Hold == nil }, func() {
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.start(orders.Start{Order: b.order})
	require.NoError(t, b.env.GetWorkflowError())
	panics.refused(orders.CodeInternal)
	hold.refused(orders.CodeInternal)
	require.Equal(t, orders.Rejected, b.stored().Stage)
	require.Equal(t, "hand-over operator operator f refused internal", b.audits()[0])
}

func TestATaskWhoseAnswerMakesTheDomainPanicIsParked(t *testing.T) {
	b := setup(t)
	b.create(service(), slot(1))
	o := b.order
	o.Stage, o.Review.Pending, o.Slots = orders.Fulfilling, false, nil
	o.Captures = []orders.Capture{{ID: "C1", Payment: "P1", Amount: yuan(100), Try: 1}}
	o.Payments = []orders.Payment{{ID: "P1", Status: orders.PaymentAuthorising, Amount: yuan(20000), Captured: yuan(0), Refunded: orders.Payment{}.Refunded, Try: 1}}
	o.Payments[0].Captured.Currency = "USD"
	b.order = o
	b.when("the capture to be parked", parked("capture/C1", orders.CodeInternal), func() {
		require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"))
		require.Equal(t, true, b.attribute("NeedsAttention"))
	})
	b.endless(orders.Start{Order: b.order})
}

func TestARejectionWhileTheDatabaseIsAwayTakesNothing(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.database.before = func() { b.database.leave(outage) } // it goes away with the reservation
	b.when("the reservation to wait", in(orders.Fulfilling), func() { b.signal("reject", map[string]any{"reason_code": "customer_request"}) })
	b.run()
	require.Equal(t, orders.Rejected, b.stored().Stage)
	require.Empty(t, b.stored().Attention)
	require.Empty(t, b.stored().Reservations)
	require.Zero(t, b.count(`SELECT coalesce(sum(held - released - consumed), 0) FROM reservations WHERE order_number = $1`))
}
