package workflows

import (
	"encoding/json"
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// TaskQueue is where orders and their activities are worked on.
const TaskQueue = "orders"

// TypeOrder is the workflow type.
const TypeOrder = "Order"

// WorkflowID returns the workflow ID of an order: its number, which is what staff have in hand.
func WorkflowID(number string) string { return number }

// OrderNumber returns the order number of a workflow ID.
func OrderNumber(workflowID string) string { return workflowID }

// Order returns the workflow of an order's whole life, from its creation to the end of after-sales. It never fails: what
// cannot proceed is parked and waits for a person. The key is the one with which commands are sealed; it only concerns
// what validators refuse, so histories replay without it.
func Order(key []byte) func(workflow.Context, converter.RawValue) error {
	return func(root workflow.Context, input converter.RawValue) error {
		return live(root, input, func(l *life) { l.key = key })
	}
}

// live is Order with somebody who is shown the life before it begins.
func live(root workflow.Context, input converter.RawValue, show func(*life)) error {
	var start orders.Start
	if err := json.Unmarshal(text(input), &start); err != nil || start.Order.Number == "" {
		return parkUnreadable(root)
	}
	ctx, _ := workflow.NewDisconnectedContext(root)
	life := newLife(ctx, start)
	show(life)
	if err := life.listen(ctx); err != nil {
		return err
	}
	workflow.Go(root, life.watchCancellation)
	return life.run(ctx)
}

// life is one run of an order's workflow.
type life struct {
	order    orders.Order
	key      []byte         // with which the API seals commands; none: seals are not looked at
	ordinal  int            // of this run, over continue-as-new
	nameless map[string]int // raw signals without an ID so far, by name
	doors    []door         // for signals
	recorder recorder
	clock    clock
	running  []string // names of the tasks under way
	local    int      // how many of them are local activities, over in a moment
	stock    bool     // one of them moves stock
	changed  bool     // something was decided since the main loop last looked
	shown    shown
	log      log.Logger
}

func newLife(ctx workflow.Context, start orders.Start) *life {
	l := &life{
		order: start.Order, ordinal: start.Run, nameless: start.Nameless, recorder: newRecorder(start.Order),
		changed: true, log: workflow.GetLogger(ctx),
	}
	if l.nameless == nil {
		l.nameless = map[string]int{}
	}
	l.shown.sight = seen(start.Order, "") // the start has set it
	return l
}

// run works the order's tasks until it is at rest for good.
func (l *life) run(ctx workflow.Context) error {
	workflow.Go(ctx, l.record)
	for {
		l.drain(ctx)
		l.changed = false
		l.startTasks(ctx)
		if l.local == 0 { // else the picture changes in a moment
			l.clock.arm(ctx, l)
			l.show(ctx)
		}
		if l.finished(ctx) {
			return nil
		}
		if l.shouldContinueAsNew(ctx) {
			return workflow.NewContinueAsNewError(ctx, TypeOrder, l.next())
		}
		if err := workflow.Await(ctx, func() bool { return l.wanted(ctx) }); err != nil {
			return err
		}
	}
}

// wanted tells whether the main loop has something to look at.
func (l *life) wanted(ctx workflow.Context) bool {
	return l.changed || l.signalled(ctx) || l.finished(ctx) || l.shouldContinueAsNew(ctx)
}

// finished tells whether nothing is left: not a task, not a recording, not a handler, not a signal.
func (l *life) finished(ctx workflow.Context) bool {
	return l.order.AtRest() && l.idle(ctx)
}

func (l *life) idle(ctx workflow.Context) bool {
	return !l.changed && len(l.running) == 0 && l.recorder.idle() && workflow.AllHandlersFinished(ctx) && !l.signalled(ctx)
}

func (l *life) shouldContinueAsNew(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && l.idle(ctx)
}

// next is the input of the following run: the whole state, the processed command IDs in it.
func (l *life) next() orders.Start {
	return orders.Start{Order: l.order, Run: l.ordinal + 1, Nameless: l.nameless}
}

// decide judges a command and takes what follows from it into the state.
func (l *life) decide(ctx workflow.Context, c orders.Command) (orders.Answer, error) {
	if l.recorder.stopped && !ofOurselves(c) {
		return orders.Answer{}, errStopped
	}
	decision, err := judge(l.order, c, workflow.Now(ctx))
	if err != nil {
		return orders.Answer{}, err
	}
	l.order = decision.Order
	l.recorder.add(decision.Events)
	l.changed = true
	return orders.Answer{
		Number: l.order.Number, Version: l.order.Version, Stage: l.order.Stage, Subject: decision.Subject,
	}, nil
}

// ofOurselves tells whether a command brings the answer of a task that has begun: it is taken whatever happens.
func ofOurselves(c orders.Command) bool {
	switch c.(type) {
	case *orders.TaskDone, *orders.TaskFailed:
		return true
	}
	return false
}

// startTasks begins every task that the state calls for and that is not under way.
func (l *life) startTasks(ctx workflow.Context) {
	if l.recorder.stopped {
		return
	}
	for _, task := range l.order.Tasks() {
		if slices.Contains(l.running, task.Name) || (task.Stock() && l.stock) {
			continue
		}
		l.running = append(l.running, task.Name)
		if task.Ours() && !task.Final() {
			l.local++
		}
		l.stock = l.stock || task.Stock()
		workflow.Go(ctx, func(ctx workflow.Context) { l.perform(ctx, task) })
	}
}

// perform does a task and brings its answer back as a fact.
func (l *life) perform(ctx workflow.Context, task orders.Task) {
	fact := l.do(ctx, task)
	*fact.Head() = orders.Header{Actor: orders.SystemActor}
	if _, err := l.decide(ctx, fact); err != nil {
		failed := &orders.TaskFailed{Header: *fact.Head(), Task: task, Code: orders.CodeInternal}
		if _, err = l.decide(ctx, failed); err != nil {
			l.log.Error("an order cannot take the answer of a task", "task", task.Name, "error", err)
			l.shown.diverged, l.changed = orders.CodeInternal, true
			return // the task stays under way: starting it again would go round in circles
		}
	}
	l.stock = l.stock && !task.Stock()
	l.running = slices.DeleteFunc(l.running, func(name string) bool { return name == task.Name })
}

// watchCancellation treats a native cancellation as a void asked for by an operator; where the order takes none, it is
// flagged. It is the only code that looks at the root context.
func (l *life) watchCancellation(root workflow.Context) {
	root.Done().Receive(root, nil)
	ctx, _ := workflow.NewDisconnectedContext(root)
	head := orders.Header{Actor: orders.OperatorActor}
	if workflow.GetVersion(ctx, "cancellation-voids", workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		void := &orders.Void{Header: head, VoidWish: orders.VoidWish{ReasonCode: "other"}}
		void.CommandID, void.Reason = "cancellation", "workflow cancelled"
		_, err := l.decide(ctx, void)
		l.audit(ctx, void.Name(), void.CommandID, head.Actor, err)
		if l.changed = true; err == nil {
			return
		}
	}
	if _, err := l.decide(ctx, &orders.Incidental{Header: head, Code: orders.EventCancelAsked}); err != nil {
		l.log.Error("a cancellation could not be recorded", "error", err)
	}
}

// parkUnreadable keeps an order whose input cannot be read open and visible until somebody cancels it.
func parkUnreadable(root workflow.Context) error {
	workflow.SetCurrentDetails(root, "**The input of this order cannot be read.** Start it again from the database: cancel this workflow first.")
	showUnreadable(root)
	root.Done().Receive(root, nil)
	return nil
}
