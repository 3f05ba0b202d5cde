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
		return
	}
	p.Captured = p.Amount
	for i := range o.Captures {
		o.Captures[i].Done = true
	}
}

type declined struct {
	Payment string `json:"payment"`
	Code    string `json:"code"`
}

func (*declined) kind() string                  { return EventDeclined }
func (e *declined) apply(o *Order, _ time.Time) { o.Payment(e.Payment).Status = PaymentDeclined }

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
	kind, subject := splitTask(name)
	switch {
	case kind == TaskReserve && reason == ReasonShortStock:
		o.askForStock()
	case kind == TaskDeliver:
		o.deliverAgain(subject, at)
	case IsFault(reason):
	case kind == TaskAuthorise:
		p := o.Payment(subject)
		p.Status, p.Try = PaymentAuthorising, p.Try+1
	case kind == TaskRelease, kind == TaskRefund:
		o.Payment(subject).Try++
	case kind == TaskCapture:
		o.Capture(subject).Try++
	case kind == TaskBook, kind == TaskCancelLabel:
		o.Shipment(subject).Try++
	}
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
