package orders

import (
	"slices"
	"time"
)

// Facts that the workflow itself reports. They have no update or signal of their own.
type (
	// TaskDone brings the answer of a task.
	TaskDone struct {
		Header
		Task    Task
		Outcome EffectOutcome // of money and carriers
		Added   []Reservation // of reserving
		Facts   ReviewFacts   // of checking
		Slots   []string      // of freeing slots

		Returned []Reservation // of giving back voided units
		Left     bool          // a parcel to be unpacked has left the house
	}
	// TaskFailed says that a task could not be done: refused with a code, or ReasonUnreachable.
	TaskFailed struct {
		Header
		Task Task
		Code string
	}
	// TimePassed says that the moment of NextWake has come.
	TimePassed struct{ Header }
	// Incidental records something odd that reached the order and changes nothing else.
	Incidental struct {
		Header
		Code string
	}
)

func (*TaskDone) Name() string   { return "task-done" }
func (*TaskFailed) Name() string { return "task-failed" }
func (*TimePassed) Name() string { return "time-passed" }
func (*Incidental) Name() string { return "incident" }

func (*TaskDone) guard(*Order) error   { return nil }
func (*TaskFailed) guard(*Order) error { return nil }
func (*TimePassed) guard(*Order) error { return nil }
func (*Incidental) guard(*Order) error { return nil }

func (c *TaskDone) decide(d *decider) error {
	if c.Task.Step != "" {
		return c.stepDone(d)
	}
	if c.Task.Kind == TaskReserve && d.o.Stage != Fulfilling {
		return nil // rejected or voided while it ran: the stock book gives everything back for good
	}
	if done := c.event(&d.o); done != nil {
		d.emit(done)
	}
	if c.Task.Kind == TaskReserve && !d.o.Stock.Pending && len(d.o.shortLines()) > 0 {
		d.emit(&parked{Task: TaskReserve, Reason: ReasonShortStock, Role: "buyer"})
	}
	return nil
}

func (c *TaskDone) event(o *Order) event {
	switch t := c.Task; t.Kind {
	case TaskCheck:
		if !o.Review.Pending || o.Stage != Created {
			return nil // rejected while the checks ran
		}
		return &checked{Findings: o.Examine(c.Facts)}
	case TaskReserve:
		return &stockReserved{Added: c.Added, Returned: c.Returned, Round: t.Round}
	case TaskReleaseAll:
		return &stockReleased{}
	case TaskMoveStock:
		return &stockMoved{Shipment: t.Subject}
	case TaskFreeSlots:
		return &slotsFreed{Slots: c.Slots}
	case TaskRevenue:
		return &revenue{Amount: o.revenueDue()}
	case TaskAuthorise:
		return &authorised{Payment: t.Subject, Reference: c.Outcome.Reference, AtOnce: c.Outcome.AtOnce}
	case TaskCapture:
		return &captured{Capture: t.Subject, Payment: t.Payment, Amount: t.Amount}
	case TaskRelease:
		return &released{Payment: t.Subject}
	case TaskRefund:
		return &refunded{Payment: t.Subject, Amount: t.Amount}
	case TaskBook:
		return &booked{Shipment: t.Subject, Label: c.Outcome.Reference}
	case TaskCancelLabel:
		return &labelCancelled{Shipment: t.Subject}
	case TaskCancelPurchase:
		return &purchaseEnded{Purchase: t.Subject}
	case TaskPurchase:
		return &purchaseAnswered{Purchase: t.Subject, Reference: c.Outcome.Reference}
	}
	return nil
}

// roleFor says who can act when a task is parked.
func roleFor(kind, code string) string {
	switch {
	case IsFault(code):
		return "manager"
	case kind == TaskBook, kind == TaskCancelLabel:
		return "warehouse"
	case kind == TaskPurchase, kind == TaskCancelPurchase:
		return "buyer"
	case kind == TaskAuthorise:
		return "clerk"
	}
	return "finance"
}

func (c *TaskFailed) decide(d *decider) error {
	if c.Task.Step != "" {
		return c.stepFailed(d)
	}
	kind, subject := splitTask(c.Task.Name)
	e := &parked{Task: c.Task.Name, Reason: c.Code, Role: roleFor(kind, c.Code)}
	switch {
	case (d.o.Stage == Rejected || d.o.Stage == Voiding) && (kind == TaskCheck || kind == TaskReserve):
		return nil // nobody needs it any more
	case c.Code == ReasonUnreachable:
		e.RetryAt = d.o.clockAt(d.now).Add(d.o.Policy.UnreachableRetry)
	case IsFault(c.Code):
	case kind == TaskAuthorise:
		d.emit(&declined{Payment: subject, Code: c.Code})
		if d.o.Stage == Rejected || d.o.Stage == Voiding {
			return nil
		}
	case kind == TaskCapture && d.o.Stage == Voiding:
		d.emit(&captureDropped{Capture: subject, Code: c.Code})
		return nil
	case kind == TaskCancelPurchase:
		d.emit(&purchaseEnded{Purchase: subject, Arrives: true})
		return nil
	case kind == TaskPurchase:
		d.emit(&purchaseAnswered{Purchase: subject, Refused: c.Code})
		if d.o.Stage == Voiding || d.o.Stage == Rejected {
			return nil
		}
	case kind == TaskRelease && c.Code == "already_released":
		d.emit(&released{Payment: subject})
		return nil
	case kind == TaskCancelLabel: // the carrier has no such label, or the parcel too: nothing is left to ask for
		d.emit(&labelCancelled{Shipment: subject})
		d.emit(&incident{Code: "label_" + c.Code})
		return nil
	case kind == TaskBook && (d.o.Shipment(subject).Status != Packed || d.o.Stage == Voiding):
		d.emit(&labelCancelled{Shipment: subject}) // no label is needed any more
		return nil
	}
	d.emit(e)
	return nil
}

func (*TimePassed) decide(d *decider) error {
	d.plansDue()
	for _, a := range slices.Clone(d.o.Attention) {
		_, step := d.o.stepOf(a.Task)
		if !a.RetryAt.IsZero() && !a.RetryAt.After(d.now) && (step != nil || d.o.Hold == nil) {
			d.emit(&retried{Tasks: []string{a.Task}})
		}
	}
	if d.o.Hold != nil {
		return nil
	}
	for _, due := range slices.Clone(d.o.Deadlines) {
		if !due.DueAt.After(d.now) && slices.Contains(d.o.Deadlines, due) { // an earlier one may have ended the stage
			d.due(due)
		}
	}
	return nil
}

// due says what happens at a deadline.
func (d *decider) due(deadline Deadline) {
	switch deadline.Kind {
	case DeadlineReminder:
		d.emit(&reminded{})
	case DeadlineSignOff:
		d.signOffByTimer(deadline.DueAt)
	case DeadlineAfterSales:
		// settle closes the order; one that is not settled stays open and is overdue
		if !d.o.settled() {
			d.emit(&overdue{Deadline: deadline.Kind})
		}
	default:
		d.emit(&overdue{Deadline: deadline.Kind})
	}
}

// signOffByTimer signs for a customer who stays silent, but never for a parcel that has not arrived.
func (d *decider) signOffByTimer(due time.Time) {
	if d.o.allShipments(func(s Shipment) bool { return s.Status == Delivered }) {
		d.emit(&signedOff{By: "timer", At: due})
		return
	}
	d.emit(&overdue{Deadline: DeadlineSignOff})
	for _, s := range slices.Clone(d.o.Shipments) {
		if s.onItsWay() && s.kept() {
			d.emit(&parked{Task: TaskDeliver + "/" + s.ID, Reason: ReasonCarrierSilent, Role: "clerk"})
		}
	}
}

func (c *Incidental) decide(d *decider) error {
	if c.Code == EventCancelAsked {
		d.emit(&cancellationAsked{})
		return nil
	}
	d.emit(&incident{Code: c.Code})
	return nil
}
