package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// recorder keeps what Postgres must be told. A local activity commits before the task that caused it does, so what an
// unfinished task has recorded may have to be recorded anew: only what an earlier task recorded is confirmed.
type recorder struct {
	events    []orders.Recorded      // above confirmed, in order
	signals   []orders.SignalOutcome // since confirmed
	unsent    bool                   // something of the above was never recorded
	recorded  int64                  // the highest seq in Postgres
	at        int                    // the history length of the task that recorded it
	confirmed int64
	chain     string // the digest at confirmed
	waiting   int    // handlers that wait for a recording
	writing   bool   // a recording is under way
	stopped   bool   // Postgres refuses for good
}

// newRecorder starts from a state that is recorded already: by the API, or by the run before.
func newRecorder(o orders.Order) recorder {
	return recorder{recorded: o.Seq, confirmed: o.Seq, chain: o.Chain}
}

func (r *recorder) add(events []orders.Recorded) {
	r.events = append(r.events, events...)
	r.unsent = r.unsent || len(events) > 0
}

func (r *recorder) addSignal(outcome orders.SignalOutcome) {
	r.signals = append(r.signals, outcome)
	r.unsent = true
}

func (r *recorder) idle() bool { return !r.unsent && !r.writing && r.waiting == 0 }

// wait returns once everything up to seq is in Postgres.
func (r *recorder) wait(ctx workflow.Context, seq int64) error {
	r.waiting++
	defer func() { r.waiting-- }()
	return workflow.Await(ctx, func() bool { return r.recorded >= seq })
}

// confirm drops what an earlier task, which must have completed by now, has recorded.
func (r *recorder) confirm(history int) {
	if history <= r.at || r.recorded <= r.confirmed {
		return
	}
	for _, e := range r.events {
		if e.Seq == r.recorded {
			r.chain = e.Chain
		}
	}
	r.confirmed = r.recorded
	r.events = slices.DeleteFunc(r.events, func(e orders.Recorded) bool { return e.Seq <= r.recorded })
}

// transitions is what to write now.
func (r *recorder) transitions(o orders.Order, run, history int) orders.Transitions {
	r.confirm(history)
	t := orders.Transitions{
		Order: o, Fence: orders.Fence{Run: run, History: int64(history)}, Confirmed: r.confirmed, Chain: r.chain,
		Events: slices.Clone(r.events), Signals: slices.Clone(r.signals),
	}
	for _, e := range t.Events {
		t.Notices = append(t.Notices, orders.NoticesFor(o, e)...)
	}
	return t
}

// record is the coroutine that writes pending events, as many at a time as there are. It lets local work finish first,
// whose events then go into the same batch.
func (l *life) record(ctx workflow.Context) {
	r := &l.recorder
	for {
		if err := workflow.Await(ctx, func() bool { return r.unsent && l.local == 0 }); err != nil {
			return
		}
		info := workflow.GetInfo(ctx)
		t := r.transitions(l.order, l.ordinal, info.GetCurrentHistoryLength())
		signals := len(r.signals)
		r.unsent, r.writing = false, true
		if err := l.write(ctx, t); err != nil {
			l.stopRecording(ctx, codeOf(err))
			continue
		}
		r.writing = false
		r.recorded, r.at = t.Order.Seq, workflow.GetInfo(ctx).GetCurrentHistoryLength()
		r.signals = r.signals[signals:]
	}
}

// stopRecording stops an order whose recording is refused for good, and makes it visible to engineers. Nothing is decided
// or done while it lasts: what Postgres cannot hold must not happen. A retry by signal records again.
func (l *life) stopRecording(ctx workflow.Context, code string) {
	l.log.Error("an order cannot be recorded", "code", code)
	r := &l.recorder
	r.stopped, r.writing, r.unsent, l.shown.diverged = true, false, true, code
	l.show(ctx)
	if err := workflow.Await(ctx, func() bool { return !r.stopped }); err == nil {
		l.shown.diverged, l.changed = "", true
	}
}

// errStopped refuses everything while recording is stopped.
var errStopped = &orders.TransitionError{Code: orders.CodeInternal}
