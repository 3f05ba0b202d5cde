package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// clock is the one timer of an order. It is set anew only when it fires or must fire earlier: a timer that fires too
// early finds nothing due and costs less than one that is moved.
type clock struct {
	due    time.Time // zero: no timer runs
	cancel workflow.CancelFunc
}

// arm makes sure that the order wakes up in time.
func (c *clock) arm(ctx workflow.Context, l *life) {
	wake, any := l.order.NextWake()
	if !any || (!c.due.IsZero() && !wake.Before(c.due)) {
		return
	}
	if c.cancel != nil {
		c.cancel()
	}
	ctx, c.cancel = workflow.WithCancel(ctx)
	c.due = wake
	timer := workflow.NewTimerWithOptions(ctx, max(0, wake.Sub(workflow.Now(ctx))), workflow.TimerOptions{Summary: "next deadline"})
	workflow.Go(ctx, func(ctx workflow.Context) {
		if timer.Get(ctx, nil) == nil {
			c.due = time.Time{}
			l.timePassed(ctx)
		}
	})
}

func (l *life) timePassed(ctx workflow.Context) {
	if l.recorder.stopped {
		return // the clock is armed again when recording goes on
	}
	passed := &orders.TimePassed{Header: orders.Header{Actor: orders.SystemActor}}
	if _, err := l.decide(ctx, passed); err != nil {
		l.log.Error("a deadline could not be decided", "error", err)
	}
}
