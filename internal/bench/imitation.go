package bench

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// What an imitation takes in, and what it lets its driver hear.
const (
	updateShip     = "ship"
	updateHandOver = "hand-over"
	signalEvent    = "carrier-event"

	sayPaid       = "paid"
	sayLabelled   = "labelled"
	sayHandedOver = "handed over"
	sayClosed     = "closed"
	sayNothing    = ""
)

var orderStage = temporal.NewSearchAttributeKeyKeyword("OrderStage")

func stageIs(stage string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(orderStage.ValueSet(stage))
}

// noop is the least that five steps can be.
func noop(ctx workflow.Context) error {
	for range 5 {
		if err := local(ctx, "Nothing"); err != nil {
			return err
		}
	}
	return nil
}

// imitation makes the moves of a life that nothing disturbs, in the same order: three regular activities, eleven local
// ones of which seven record, two updates, a signal, a timer and three changes of search attributes.
func imitation(ctx workflow.Context) error {
	l := &imitated{}
	if err := l.listen(ctx); err != nil {
		return err
	}
	clock, stopClock := workflow.WithCancel(ctx)
	signals := workflow.GetSignalChannel(ctx, signalEvent)
	if err := local(ctx, "Nothing"); err != nil { // check
		return err
	}
	workflow.NewTimer(clock, time.Hour)
	authorised := regular(ctx)
	if err := local(ctx, "Nothing"); err != nil { // reserve
		return err
	}
	if err := l.show(ctx, "fulfilling", sayNothing); err != nil {
		return err
	}
	if err := authorised.Get(ctx, nil); err != nil {
		return err
	}
	if err := local(ctx, "Tell", sayPaid); err != nil {
		return err
	}
	if err := l.work(ctx); err != nil {
		return err
	}
	signals.Receive(ctx, nil)
	stopClock()
	if err := local(ctx, "Nothing"); err != nil { // recognise revenue
		return err
	}
	return l.show(ctx, "closed", sayClosed)
}

// imitated is the little state of an imitation.
type imitated struct{ packed, handedOver bool }

// listen opens the updates. Like a life's they answer once they are recorded, and leave the work to the main coroutine.
func (l *imitated) listen(ctx workflow.Context) error {
	err := workflow.SetUpdateHandler(ctx, updateShip, func(ctx workflow.Context) error {
		l.packed = true
		return local(ctx, "Nothing")
	})
	if err != nil {
		return err
	}
	return workflow.SetUpdateHandler(ctx, updateHandOver, func(ctx workflow.Context) error {
		l.handedOver = true
		if err := local(ctx, "Nothing"); err != nil { // move stock
			return err
		}
		return l.show(ctx, "signing_off", sayHandedOver)
	})
}

// work books when packed, and captures when handed over.
func (l *imitated) work(ctx workflow.Context) error {
	for _, step := range []struct {
		due func() bool
		say string
	}{
		{func() bool { return l.packed }, sayLabelled},
		{func() bool { return l.handedOver }, sayNothing},
	} {
		if err := workflow.Await(ctx, step.due); err != nil {
			return err
		}
		if err := regular(ctx).Get(ctx, nil); err != nil {
			return err
		}
		if err := local(ctx, "Tell", step.say); err != nil {
			return err
		}
	}
	return nil
}

// show changes the search attribute and records.
func (l *imitated) show(ctx workflow.Context, stage, say string) error {
	if err := workflow.UpsertTypedSearchAttributes(ctx, orderStage.ValueSet(stage)); err != nil {
		return err
	}
	return local(ctx, "Tell", say)
}

func local(ctx workflow.Context, name string, input ...any) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 5 * time.Second})
	return workflow.ExecuteLocalActivity(ctx, name, input...).Get(ctx, nil)
}

func regular(ctx workflow.Context) workflow.Future {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	return workflow.ExecuteActivity(ctx, "Nothing")
}
