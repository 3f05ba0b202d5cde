package orders

import (
	"slices"
	"time"

	"amends/money"
)

// Kinds of event of amendments. Those of dropped amendments and of ended steps carry how in their kind.
const (
	EventVoidRequested  = "void_requested"
	EventVoidApproved   = "void_approved"
	EventVoidDropped    = "void_" // declined, expired, returned, revoked
	EventVoiding        = "voiding"
	EventPartVoiding    = "part_voiding"
	EventVoided         = "voided"
	EventPartVoided     = "part_voided"
	EventStepAsked      = "step_asked"
	EventStepConfirmed  = "step_confirmed"
	EventStepEnded      = "step_" // done, completed, waived, moot
	EventStepAmended    = "step_amended"
	EventWaiveAsked     = "waive_asked"
	EventStockAdjusted  = "stock_adjusted"
	EventCaptureDropped = "capture_dropped"
	EventGoodsReturned  = "goods_returned"
)

// voidRequested records a confirmed plan. It takes no effect until it starts.
type voidRequested struct {
	Amendment Amendment `json:"amendment"`
}

func (*voidRequested) kind() string { return EventVoidRequested }
func (e *voidRequested) apply(o *Order, _ time.Time) {
	a := e.Amendment
	a.Steps = slices.Clone(a.Steps)
	o.Amendments = append(o.Amendments, a)
}

// voidApproved records the yes of a second person. CoolsUntil is zero where the plan starts at once.
type voidApproved struct {
	ID         string    `json:"id"`
	By         Actor     `json:"by"`
	CoolsUntil time.Time `json:"cools_until,omitzero"`
}

func (*voidApproved) kind() string { return EventVoidApproved }
func (e *voidApproved) apply(o *Order, at time.Time) {
	a := o.Amendment(e.ID)
	a.DecidedBy, a.DecidedAt = &e.By, at
	a.Status, a.DueAt = CoolingOff, e.CoolsUntil
}

// voidDropped ends an amendment that has changed nothing.
type voidDropped struct {
	ID     string          `json:"id"`
	Status AmendmentStatus `json:"status"`
	By     *Actor          `json:"by,omitempty"`
}

func (e *voidDropped) kind() string { return EventVoidDropped + string(e.Status) }
func (e *voidDropped) apply(o *Order, at time.Time) {
	a := o.Amendment(e.ID)
	a.Status, a.EndedAt, a.DueAt = e.Status, at, time.Time{}
	if e.By != nil {
		a.DecidedBy, a.DecidedAt = e.By, at
	}
}

// voidStarted takes the voided units out of the order. The steps carry the consequences through.
type voidStarted struct {
	ID    string `json:"id"`
	Whole bool   `json:"whole,omitempty"`
}

func (e *voidStarted) kind() string {
	if e.Whole {
		return EventVoiding
	}
	return EventPartVoiding
}

func (e *voidStarted) apply(o *Order, at time.Time) {
	a := o.Amendment(e.ID)
	a.Status, a.DueAt = Running, time.Time{}
	for _, t := range a.Takes {
		line := o.Line(t.LineID)
		line.Voided += t.Quantity
		line.Recalled += t.Shipped
	}
	o.markParcels(a)
	for _, s := range a.Steps {
		switch s.Kind {
		case StepFreeSlots:
			o.dropSlots(s.Slots)
		case StepInvoice:
			o.InvoiceOff = true
		}
	}
	if a.has(StepRelease) {
		o.Stock.Epoch++
	}
	o.clearAttention(TaskReserve)
	o.dropUnwanted()
	o.oweLess()
	if e.Whole {
		o.Hold, o.Review.Pending = nil, false
		o.dropParked()
	} else if len(o.shortLines()) > 0 && o.Stage == Fulfilling {
		o.askForStock()
	}
	o.setDue(at)
}

func (a *Amendment) has(kind string) bool {
	return slices.ContainsFunc(a.Steps, func(s Step) bool { return s.Kind == kind })
}

// markParcels notes in every parcel what is voided of it: what the plan's steps unpack, stop or want back, and what is in
// parcels that were lost.
func (o *Order) markParcels(a *Amendment) {
	for _, s := range a.Steps {
		if s.Kind == StepPutBack || s.Kind == StepReceive {
			o.Shipment(s.Subject).mark(s.Lines)
		}
	}
	for _, t := range a.Takes {
		left := t.Shipped
		for _, s := range a.Steps {
			if s.Kind == StepReceive {
				left -= quantityIn(s.Lines, t.LineID)
			}
		}
		o.markLost(t.LineID, left)
	}
}

// mark notes what is voided of a parcel.
func (s *Shipment) mark(lines []ShipmentLine) {
	for _, v := range lines {
		for i := range s.Lines {
			if l := &s.Lines[i]; l.LineID == v.LineID && l.Warehouse == v.Warehouse {
				l.Voided += v.Quantity
			}
		}
	}
}

func (o *Order) markLost(line string, left int64) {
	for i := len(o.Shipments) - 1; i >= 0; i-- {
		for j := range o.Shipments[i].Lines {
			l := &o.Shipments[i].Lines[j]
			if quantity := min(left, l.Quantity-l.Voided); o.Shipments[i].Status == Lost && l.LineID == line && quantity > 0 {
				l.Voided += quantity
				left -= quantity
			}
		}
	}
}

func quantityIn(lines []ShipmentLine, line string) int64 {
	var sum int64
	for _, l := range lines {
		if l.LineID == line {
			sum += l.Quantity
		}
	}
	return sum
}

// dropSlots gives up technicians' time. A step frees it in the calendar.
func (o *Order) dropSlots(ids []string) {
	o.Slots = slices.DeleteFunc(o.Slots, func(s Slot) bool { return slices.Contains(ids, s.ID) })
	for i := range o.Appointments {
		if a := &o.Appointments[i]; a.Status == Scheduled && slices.Contains(ids, a.Slot.ID) {
			a.Status = AppointmentCancelled
		}
	}
}

// dropUnwanted forgets what is parked of parcels of which the customer is to have nothing any more, and of refused
// requests for goods that no line is short of.
func (o *Order) dropUnwanted() {
	for _, s := range o.Shipments {
		if !s.kept() {
			o.clearAttention(TaskDeliver + "/" + s.ID)
		}
	}
	for _, b := range o.Purchases {
		if line := o.Line(b.LineID); b.Status == PurchaseRefused && line.Reserved >= line.Open() {
			o.clearAttention(TaskPurchase + "/" + b.ID)
		}
	}
}

// oweLess leaves out of what a declined payment is still to pay what is not owed any more, such as the fee of a delivery.
func (o *Order) oweLess() {
	due := o.earned()
	for i := range o.Captures {
		c := &o.Captures[i]
		if c.open() && o.Payment(c.Payment).Status == PaymentDeclined {
			c.Amount = min2(c.Amount, due)
			c.Dropped = c.Amount.IsZero()
		}
		due = due.Sub(c.Amount)
	}
}

// dropParked forgets what nobody needs any more of what is parked. Where it is unknown what happened outside, the call
// is repeated instead: its answer decides what must be compensated.
func (o *Order) dropParked() {
	for _, a := range slices.Clone(o.Attention) {
		if _, step := o.stepOf(a.Task); step != nil {
			continue
		}
		o.clearAttention(a.Task)
		kind, subject := splitTask(a.Task)
		switch {
		case IsFault(a.Reason):
		case kind == TaskCapture:
			o.Capture(subject).Dropped = true
		case kind == TaskBook:
			o.Shipment(subject).Booking = BookingCancelled
		}
	}
}

// voided ends a void of the whole order; the other ends one of a part.
type voided struct {
	ID string `json:"id"`
}

func (*voided) kind() string { return EventVoided }
func (e *voided) apply(o *Order, at time.Time) {
	o.complete(e.ID, at)
	left := money.New(0, o.Currency).Sub(o.retained(e.ID))
	for _, p := range o.Payments {
		left = left.Add(p.Captured).Sub(p.Refunded)
		if p.CarriedOver != nil {
			left = left.Sub(*p.CarriedOver)
		}
	}
	o.Amendment(e.ID).Retained = left // less may have been taken than was planned with
}

// manyLines is from how many lines on an order drops what the steps of a completed void say of its goods: the timeline has
// it, and the state must stay below what a payload may be.
const manyLines = 200

func (o *Order) complete(id string, at time.Time) {
	a := o.Amendment(id)
	a.Status, a.EndedAt = Completed, at
	for i := range a.Steps {
		if len(o.Lines) >= manyLines {
			a.Steps[i].Lines, a.Steps[i].Damaged = nil, nil
		}
	}
}

type partVoided struct {
	ID string `json:"id"`
}

func (*partVoided) kind() string                   { return EventPartVoided }
func (e *partVoided) apply(o *Order, at time.Time) { o.complete(e.ID, at) }
