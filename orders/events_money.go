package orders

import (
	"time"

	"amends/money"
)

// authorised records the provider's yes. Some providers capture with it.
type authorised struct {
	Payment   string `json:"payment"`
	Reference string `json:"reference"`
	AtOnce    bool   `json:"at_once,omitempty"`
}

func (*authorised) kind() string { return EventAuthorised }
func (e *authorised) apply(o *Order, _ time.Time) {
	p := o.Payment(e.Payment)
	p.Status, p.Reference, p.AtOnce = PaymentAuthorised, e.Reference, e.AtOnce
	if !e.AtOnce {
		o.keptLess()
		return
	}
	p.Captured = p.Amount
	for i := range o.Captures {
		o.Captures[i].Done = true
	}
}

// keptLess bounds what voids keep by what is still to be taken and not earned: nothing was taken at once.
func (o *Order) keptLess() {
	spare := money.New(0, o.Currency).Sub(o.earned())
	for _, c := range o.Captures {
		if c.open() {
			spare = spare.Add(c.Amount)
		}
	}
	if spare.IsNegative() {
		spare = money.New(0, o.Currency)
	}
	for i := range o.Amendments {
		a := &o.Amendments[i]
		a.Retained = min2(a.Retained, spare)
		spare = spare.Sub(a.Retained)
	}
}

type declined struct {
	Payment string `json:"payment"`
	Code    string `json:"code"`
}

func (*declined) kind() string { return EventDeclined }
func (e *declined) apply(o *Order, _ time.Time) {
	o.Payment(e.Payment).Status = PaymentDeclined
	o.oweLess()
	o.keptLess()
}

type captured struct {
	Capture string       `json:"capture"`
	Payment string       `json:"payment"`
	Amount  money.Amount `json:"amount"`
}

func (*captured) kind() string { return EventCaptured }
func (e *captured) apply(o *Order, _ time.Time) {
	o.Capture(e.Capture).Done = true
	p := o.Payment(e.Payment)
	p.Captured = p.Captured.Add(e.Amount)
}

type released struct {
	Payment string `json:"payment"`
}

func (*released) kind() string                  { return EventReleased }
func (e *released) apply(o *Order, _ time.Time) { o.Payment(e.Payment).Status = PaymentReleased }

type refunded struct {
	Payment string       `json:"payment"`
	Amount  money.Amount `json:"amount"`
}

func (*refunded) kind() string { return EventRefunded }
func (e *refunded) apply(o *Order, _ time.Time) {
	p := o.Payment(e.Payment)
	p.Refunded = p.Refunded.Add(e.Amount)
}

type revenue struct {
	Amount money.Amount `json:"amount"`
}

func (*revenue) kind() string                  { return EventRevenue }
func (e *revenue) apply(o *Order, _ time.Time) { o.Revenue = true }

// retried gives parked tasks another try. A task that was finally refused gets a new effect key.
type retried struct {
	Tasks []string `json:"tasks"`
	Noted bool     `json:"noted,omitempty"` // a person has seen the incidents
}

func (*retried) kind() string { return EventRetried }
func (e *retried) apply(o *Order, at time.Time) {
	if e.Noted {
		o.Incidents = nil
	}
	for _, name := range e.Tasks {
		reason := ""
		for _, a := range o.Attention {
			if a.Task == name {
				reason = a.Reason
			}
		}
		o.clearAttention(name)
		o.renew(name, reason, at)
	}
}

// renew prepares what a retried task works on.
func (o *Order) renew(name, reason string, at time.Time) {
	if _, step := o.stepOf(name); step != nil {
		o.renewStep(step, reason, at)
		return
	}
	kind, subject := splitTask(name)
	switch {
	case kind == TaskReserve && reason == ReasonShortStock:
		o.askForStock()
	case kind == TaskDeliver:
		o.deliverAgain(subject, at)
	case IsFault(reason):
	case kind == TaskAuthorise:
		p := o.Payment(subject)
		p.Status, p.Try, p.Amount = PaymentAuthorising, p.Try+1, o.Total()
		o.Carried = nil // it was given back meanwhile: the order is paid anew
	case kind == TaskRelease, kind == TaskRefund:
		o.Payment(subject).Try++
	case kind == TaskCapture:
		o.Capture(subject).Try++
	case kind == TaskBook, kind == TaskCancelLabel:
		o.Shipment(subject).Try++
	case kind == TaskPurchase:
		b := o.purchase(subject)
		b.Status, b.Try = PurchasePending, b.Try+1
	}
}

// callsBeforeParked is how often an unreachable party is asked before a step is blocked.
const callsBeforeParked = 6

// failed counts the calls that brought nothing.
func (s *Step) failed(reason string, at time.Time) {
	s.LastError, s.At = reason, at
	switch reason {
	case ReasonUnreachable:
		s.Attempts += callsBeforeParked
	case ReasonOverdue, ReasonCarrierSilent:
	default:
		s.Attempts++
	}
}

// renewStep has a step done again: with a new key after a final refusal, else with the same, and with its whole time where
// somebody is waited for.
func (o *Order) renewStep(s *Step, reason string, at time.Time) {
	s.At, s.WaiveBy = at, nil
	switch {
	case reason == ReasonOverdue, reason == ReasonCarrierSilent:
		s.DueAt = time.Time{}
	case !IsFault(reason):
		s.Try++
	}
	o.setDue(at)
}

// deliverAgain lets the carrier try once more, and the customer have the whole time again to stay silent.
func (o *Order) deliverAgain(shipment string, at time.Time) {
	if s := o.Shipment(shipment); s.Status == Refused || s.Status == Lost {
		s.Status = InTransit
	}
	if o.Stage == SigningOff {
		o.setDeadline(DeadlineSignOff, at.Add(o.Policy.AutoSignOff))
	}
}

// purchaseRequested asks the supplier for what a line is short of.
type purchaseRequested struct {
	Purchase Purchase `json:"purchase"`
}

func (*purchaseRequested) kind() string { return EventPurchaseAsked }
func (e *purchaseRequested) apply(o *Order, _ time.Time) {
	o.Purchases = append(o.Purchases, e.Purchase)
}

// purchaseAnswered is the supplier's word on it.
type purchaseAnswered struct {
	Purchase  string `json:"purchase"`
	Reference string `json:"reference,omitempty"`
	Refused   string `json:"refused,omitempty"`
}

func (*purchaseAnswered) kind() string { return EventPurchaseAnswered }
func (e *purchaseAnswered) apply(o *Order, _ time.Time) {
	b := o.purchase(e.Purchase)
	b.Status, b.Reference = PurchaseRequested, e.Reference
	if e.Refused != "" {
		b.Status = PurchaseRefused
	}
}

// purchaseEnded is the supplier's word on cancelling. What arrives all the same goes to stock.
type purchaseEnded struct {
	Purchase string `json:"purchase"`
	Arrives  bool   `json:"arrives,omitempty"`
}

func (*purchaseEnded) kind() string { return EventPurchaseEnded }
func (e *purchaseEnded) apply(o *Order, _ time.Time) {
	b := o.purchase(e.Purchase)
	if b.Status = PurchaseCancelled; e.Arrives {
		b.Status = PurchaseArrives
	}
}

// invoiceIssued records the invoice that finance has issued.
type invoiceIssued struct {
	Invoice IssuedInvoice `json:"invoice"`
}

func (*invoiceIssued) kind() string { return EventInvoiceIssued }
func (e *invoiceIssued) apply(o *Order, _ time.Time) {
	o.Invoiced = &e.Invoice
}
