package orders

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Decision is what follows from a command: its events, and the order after them.
type Decision struct {
	Order   Order
	Events  []Recorded
	Subject string // the ID of what the command made or moved
}

// Decide judges a command. It is pure and total: the only place where commands are judged. It returns *TransitionError,
// *ValidationError or *StaleError for what is refused, and then nothing has changed. A command that was decided before
// is accepted again without any event.
func Decide(o Order, c Command, now time.Time) (Decision, error) {
	head := c.Head()
	if head.CommandID != "" && slices.Contains(o.Processed, head.CommandID) {
		return Decision{Order: o}, nil
	}
	if err := judge(&o, c); err != nil {
		return Decision{Order: o}, err
	}
	if v := head.ExpectedVersion; v != nil && !isFact(c) && *v != o.Version {
		return Decision{Order: o}, &StaleError{Expected: *v, Version: o.Version}
	}
	d := &decider{o: o.clone(), now: instant(now), by: head.Actor, command: head.CommandID, version: o.Version}
	d.note, d.reason = head.NoteID, head.Reason
	if ofPerson(c) {
		d.version++
	}
	if err := c.decide(d); err != nil {
		return Decision{Order: o}, err
	}
	d.settle()
	return Decision{Order: d.o, Events: d.events, Subject: d.subject}, nil
}

// instant is a moment as the timeline keeps it, in microseconds: what was decided and what is read back are equal.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// isFact tells whether the command reports something that has happened outside: it cannot come too late.
func isFact(c Command) bool {
	switch c.(type) {
	case *HandOver, *Perform, *CarrierEvent, *StockAllotted, *TaskDone, *TaskFailed, *TimePassed, *Incidental, *MessageFailed, *CarriedOver:
		return true
	}
	return false
}

// ofPerson tells whether accepting the command raises the version. Incidents and reports are nobody's commands.
func ofPerson(c Command) bool {
	if _, odd := c.(*Incidental); odd || IsReport(c.Name()) {
		return false
	}
	role := c.Head().Actor.Role
	return role != SystemActor.Role && role != CarrierActor.Role
}

// decider collects the events of one decision and applies each as it comes.
type decider struct {
	o       Order
	now     time.Time
	by      Actor
	command string
	version int64
	note    string
	reason  string
	subject string
	events  []Recorded
}

// actor is who asks, for an event to keep: what follows by itself is the system's.
func (d *decider) actor() *Actor {
	by := d.by
	return &by
}

func (d *decider) emit(e event) {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // events are plain values
	}
	r := Recorded{
		Seq: d.o.Seq + 1, At: d.now, Kind: e.kind(), Actor: d.by, Command: d.command, NoteID: d.note, Reason: d.reason,
		Stage: d.o.Stage.next(e.kind()), Version: d.version, Data: data,
	}
	if r.Seq == 1 {
		r.Stage = Created
	}
	r.Chain = digest(d.o.Chain, r)
	d.o.apply(e, r)
	d.events = append(d.events, r)
}

// settle lets the order go on by itself as far as it can.
func (d *decider) settle() {
	for next := d.next(); next != nil; next = d.next() {
		d.by, d.note, d.reason = SystemActor, "", ""
		d.emit(next)
	}
}

// next is what running amendments take in, or what the order does by itself.
func (d *decider) next() event {
	if e := d.follow(); e != nil {
		return e
	}
	return d.step()
}

// step returns what happens by itself next, or nil.
func (d *decider) step() event {
	o := &d.o
	if o.Hold != nil || o.waitingPlan() != nil {
		return nil
	}
	switch {
	case o.Stage == Created && !o.Review.Pending && len(o.Review.Findings) == 0:
		return &approved{ByRule: true}
	case o.Stage == Created && !o.Review.Pending:
		return &reviewRequired{}
	case o.Stage == Fulfilling && o.nothingOpen() && !o.unpackingSome():
		return &fulfilled{}
	case o.Stage == SigningOff && o.provedDelivered():
		return &signedOff{By: "delivery_proof", At: o.lastDelivery()}
	case o.Stage == AfterSales && o.settled() && o.windowOver(d.now):
		return &closed{}
	}
	return nil
}

func (o *Order) nothingOpen() bool {
	return !slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Open() > 0 })
}

// unpackingSome tells whether the warehouse still has a parcel to unpack: until then it may leave the house after all.
func (o *Order) unpackingSome() bool {
	return slices.ContainsFunc(o.Shipments, func(s Shipment) bool { return s.Status == Packed })
}

// provedDelivered tells whether delivery proofs sign the order off: services are accepted by the customer alone.
func (o *Order) provedDelivered() bool {
	return !o.hasServices() && o.allShipments(func(s Shipment) bool { return s.Status == Delivered && s.Proof })
}

func (o *Order) allShipments(is func(Shipment) bool) bool {
	return !slices.ContainsFunc(o.Shipments, func(s Shipment) bool { return s.Status != Cancelled && s.kept() && !is(s) })
}

func (o *Order) lastDelivery() time.Time {
	var last time.Time
	for _, s := range o.Shipments {
		if s.DeliveredAt.After(last) {
			last = s.DeliveredAt
		}
	}
	return last
}

// settled tells whether the money that came in is the order's total, with what a void left with us, and the books are
// complete.
func (o *Order) settled() bool {
	due, spare := o.Total(), false
	for _, p := range o.Payments {
		due = due.Sub(p.Captured).Add(p.Refunded)
		spare = spare || !o.spare(p).IsZero()
	}
	for _, a := range o.Amendments {
		if a.Status == Completed {
			due = due.Add(a.Retained)
		}
		if a.Status.Open() {
			return false
		}
	}
	moved := !slices.ContainsFunc(o.Shipments, func(s Shipment) bool { return s.Status != Cancelled && !s.StockMoved })
	return due.IsZero() && !spare && (o.Revenue || o.Total().IsZero()) && moved
}

func (o *Order) windowOver(now time.Time) bool {
	return !slices.ContainsFunc(o.Deadlines, func(d Deadline) bool {
		return d.Kind == DeadlineAfterSales && now.Before(d.DueAt)
	})
}

func refuse(o *Order, c Command, code string, params ...string) error {
	return &TransitionError{Command: c.Name(), Stage: o.Stage, Code: code, Params: params}
}

// inStage refuses a command outside the stages it belongs to.
func inStage(o *Order, c Command) error {
	for _, row := range stageCommands {
		if row.name == c.Name() && slices.Contains(row.stages, o.Stage) {
			return nil
		}
	}
	return refuse(o, c, CodeWrongStage)
}

// working is inStage for commands that a hold stops.
func working(o *Order, c Command) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	if o.Hold != nil {
		return refuse(o, c, CodeOnHold, c.Name())
	}
	if a := o.waitingPlan(); a != nil {
		return refuse(o, c, CodePlanOpen, a.ID)
	}
	return nil
}

func invalid(field, code string, params ...any) error {
	e := &ValidationError{Field: field, Code: code}
	for _, p := range params {
		e.Params = append(e.Params, fmt.Sprint(p))
	}
	return e
}

// happened refuses reports of what has not happened yet, and of what happened long before there was an order. Clocks may
// differ by some minutes; of a day people often know no more than its date. No time at all means now.
func (d *decider) happened(field string, at time.Time) (time.Time, error) {
	earliest := d.o.CreatedAt.AddDate(0, 0, -1)
	switch {
	case at.IsZero():
		return d.now, nil
	case at.After(d.now.Add(5 * time.Minute)):
		return at, invalid(field, "in_the_future")
	case at.Before(earliest):
		return at, invalid(field, "out_of_range", earliest.Format(time.RFC3339), d.now.Format(time.RFC3339))
	}
	return at.UTC(), nil
}
