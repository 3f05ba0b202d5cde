package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// mostRecordings is how often a life of goods may write to Postgres: each time is an event in Temporal's history.
const mostRecordings = 7

func TestALifeOfGoodsIsRecordedInFewBatches(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.finish()
	b.run()
	written := b.database.written()
	require.LessOrEqual(t, len(written), mostRecordings)
	require.LessOrEqual(t, b.seen.sets, mostRecordings, "search attributes are set together")
	for _, r := range written {
		require.NotEmpty(t, r.Events, "nothing is recorded for nothing")
	}
}

func TestOnlyWhatAnEarlierTaskRecordedIsConfirmed(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.finish()
	b.run()
	written := b.database.written()
	require.Equal(t, int64(1), written[0].Confirmed, "the API recorded the first event")
	for i, r := range written[1:] {
		before := written[i]
		require.GreaterOrEqual(t, r.Fence.History, before.Fence.History)
		switch r.Confirmed {
		case before.Confirmed:
		case before.Order.Seq:
			require.Equal(t, before.Order.Chain, r.Chain)
			require.Greater(t, r.Fence.History, before.Fence.History, "the same task records again from where it began")
		default:
			require.Failf(t, "confirmed what was never recorded", "%d after %d", r.Confirmed, before.Order.Seq)
		}
		require.Equal(t, r.Confirmed+int64(len(r.Events)), r.Order.Seq)
	}
	last := written[len(written)-1]
	require.Greater(t, last.Confirmed, int64(1), "the suffix does not grow with the life")
}

func TestASecondRecordingOfTheSameTaskReplacesTheFirst(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.env.SetCurrentHistoryLength(3)
	b.at(24*time.Hour, func() { b.update("reject", &orders.Reject{ReasonCode: "invalid"}) })
	b.run() // no step of a story: the authorisation's answer comes within the same task
	written := b.database.written()
	require.GreaterOrEqual(t, len(written), 2)
	require.Equal(t, written[0].Fence, written[1].Fence)
	require.Equal(t, int64(1), written[1].Confirmed)
	require.Equal(t, written[0].Events, written[1].Events[:len(written[0].Events)])
}

func TestTheOrderDoesNotEndBeforeItsEndIsRecorded(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	slow := make(chan struct{})
	b.database.recording = func(r orders.Transitions) {
		if r.Order.Stage == orders.Rejected {
			<-slow
		}
	}
	b.when("the review", in(orders.InReview), func() {
		b.signal("reject", map[string]any{"reason_code": "invalid"})
		b.at(time.Second, func() { // of real time: an activity is running
			require.False(t, b.env.IsWorkflowCompleted(), "the recording is under way")
			close(slow)
		})
	})
	b.run()
	require.Equal(t, orders.Rejected, b.stored().Stage)
}

// continued is the input of the run that follows.
func (b *bench) continued() orders.Start {
	b.Helper()
	var again *workflow.ContinueAsNewError
	require.True(b, errors.As(b.env.GetWorkflowError(), &again), "the run did not continue as new: %v", b.env.GetWorkflowError())
	var next orders.Start
	require.NoError(b, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	return next
}

func TestAnOrderContinuesAsNewWithItsWholeStateAndWhatWasDecided(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	id := "resumed-by-an-earlier-run"
	var resumed *answer
	b.when("the review", in(orders.InReview), func() {
		b.signal("hold", nil)
		b.signal("hold", "garbage")
	})
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil && len(o.Incidents) > 0 }, func() {
		resumed = b.update("resume", &orders.Resume{Header: orders.Header{CommandID: id}})
	})
	b.when("its answer", func(orders.Order) bool { return resumed.done }, func() { b.env.SetContinueAsNewSuggested(true) })
	b.start(orders.Start{Order: b.order})
	next := b.continued()
	require.Equal(t, 1, next.Run)
	require.Equal(t, map[string]int{"hold": 2}, next.Nameless)
	require.Contains(t, next.Order.Processed, id)
	require.JSONEq(t, text(t, next.Order), text(t, b.stored()), "nothing is left unrecorded")

	b.renew(b.env.Now())
	b.order = next.Order
	var again *answer
	b.when("the second run", in(orders.InReview), func() {
		again = b.update("resume", &orders.Resume{Header: orders.Header{CommandID: id}})
		b.signal("hold", nil)
	})
	b.when("the third hold", func(o orders.Order) bool { return o.Hold != nil }, func() {
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.start(next)
	require.NoError(t, b.env.GetWorkflowError())
	b.agree()
	require.Equal(t, next.Order.Version, again.agreed().Version, "decided by the run before")
	require.Equal(t, 1, b.times("resumed"))
	require.Contains(t, b.stored().Processed, "signal/hold/3", "signals go on being counted")
	last := b.database.written()[len(b.database.written())-1]
	require.Equal(t, 1, last.Fence.Run)
}

func TestAnOrderDoesNotContinueAsNewWhileWorkIsUnderWay(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.env.SetContinueAsNewSuggested(true)
	b.start(orders.Start{Order: b.order})
	next := b.continued()
	require.Equal(t, orders.PaymentAuthorised, next.Order.Payments[0].Status, "the answer came first")
	require.Len(t, next.Order.Reservations, 1)
	require.Equal(t, []string{"authorised"}, b.entries("payments"))
	require.JSONEq(t, text(t, next.Order), text(t, b.stored()))
}
