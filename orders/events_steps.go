package orders

import (
	"slices"
	"time"

	"amends/money"
)

// stepAsked records that the outside took the wish and will answer later.
type stepAsked struct {
	ID   string `json:"id"`
	Step string `json:"step"`
}

func (*stepAsked) kind() string { return EventStepAsked }
func (e *stepAsked) apply(o *Order, at time.Time) {
	s := o.Amendment(e.ID).Step(e.Step)
	s.Asked, s.Attempts, s.At = true, s.Attempts+1, at
	o.setDue(at)
}

// stepConfirmed records a person's part of a step whose rest our books or the system do.
type stepConfirmed struct {
	ID       string `json:"id"`
	Step     string `json:"step"`
	Task     string `json:"task"`
	By       Actor  `json:"by"`
	ByHand   bool   `json:"by_hand,omitempty"`
	Evidence string `json:"evidence,omitempty"`
	NewKey   bool   `json:"new_key,omitempty"` // the key before was refused for good
}

func (*stepConfirmed) kind() string { return EventStepConfirmed }
func (e *stepConfirmed) apply(o *Order, at time.Time) {
	s := o.Amendment(e.ID).Step(e.Step)
	s.Confirmed, s.ByHand, s.Evidence, s.By, s.At = true, e.ByHand, e.Evidence, &e.By, at
	if e.NewKey {
		s.Try++
	}
	if s.Kind == StepPutBack {
		o.Stock.Epoch++
	}
	o.clearAttention(e.Task)
}

// stepEnded ends a step: done by the system, completed or waived by people, or moot.
type stepEnded struct {
	ID       string         `json:"id"`
	Step     string         `json:"step"`
	Task     string         `json:"task"`
	End      string         `json:"end"`
	By       *Actor         `json:"by,omitempty"`
	Outcome  string         `json:"outcome,omitempty"`
	Evidence string         `json:"evidence,omitempty"`
	Damaged  []ShipmentLine `json:"damaged,omitempty"`
}

func (e *stepEnded) kind() string { return EventStepEnded + e.End }
func (e *stepEnded) apply(o *Order, at time.Time) {
	a := o.Amendment(e.ID)
	s := a.Step(e.Step)
	s.End, s.At = e.End, at
	if e.Outcome != "" {
		s.Outcome = e.Outcome
	}
	if e.Evidence != "" && s.Evidence == "" {
		s.Evidence = e.Evidence
	}
	if e.By != nil {
		s.By = e.By
	}
	if e.End == EndDone || e.End == EndCompleted && s.ByHand {
		s.Attempts++
	}
	s.Damaged = e.Damaged
	o.clearAttention(e.Task)
	o.stepOver(a, s)
	o.setDue(at)
}

// stepOver changes what the end of a step says about the order.
func (o *Order) stepOver(a *Amendment, s *Step) {
	gone := s.End == EndWaived || s.End == EndMoot
	switch {
	case s.Kind == StepRefund && s.End == EndWaived:
		a.Retained = a.Retained.Add(*s.Amount)
	case s.Kind == StepCancelLabel && !gone:
		o.Shipment(s.Subject).Booking = BookingCancelled
	case s.Kind == StepCancelPurchase && !gone:
		o.purchase(s.Subject).Status = PurchaseCancelled
		if s.Outcome == OutcomeArrives {
			o.purchase(s.Subject).Status = PurchaseArrives
		}
	case s.Kind == StepPutBack && !gone:
		o.Shipment(s.Subject).Status = Cancelled
		if o.Stage == Fulfilling && len(o.shortLines()) > 0 {
			o.askForStock()
		}
	}
}

// stepAmended changes a step because a fact came in while the amendment ran, and adds the steps that follow from it. Money
// out never rises by it.
type stepAmended struct {
	ID       string        `json:"id"`
	Step     string        `json:"step"` // empty: the amendment only gets more of them
	Why      string        `json:"why"`
	Kind     string        `json:"kind,omitempty"`   // the step becomes another one
	Amount   *money.Amount `json:"amount,omitempty"` // and a smaller one
	By       *Actor        `json:"by,omitempty"`     // a person decided it
	Evidence string        `json:"evidence,omitempty"`
	Added    []Step        `json:"added,omitempty"`
	After    []Waits       `json:"after,omitempty"` // steps that wait for some of those added
}

// Waits says that a step waits for one more.
type Waits struct {
	Step string `json:"step"`
	For  string `json:"for"`
}

func (*stepAmended) kind() string { return EventStepAmended }
func (e *stepAmended) apply(o *Order, at time.Time) {
	a := o.Amendment(e.ID)
	if s := a.Step(e.Step); s != nil {
		e.change(o, a, s, at)
	}
	a.Steps = append(a.Steps, e.Added...)
	for _, w := range e.After {
		waiting := a.Step(w.Step)
		waiting.After = append(slices.Clone(waiting.After), w.For)
	}
	o.setDue(at)
}

func (e *stepAmended) change(o *Order, a *Amendment, s *Step, at time.Time) {
	s.At = at
	if s.Kind == StepIntercept {
		s.Outcome = e.Why
	}
	if e.Kind != "" {
		o.clearAttention(o.taskOf(a, *s))
		s.Kind, s.Role, s.WaiveBy = e.Kind, stepRole(e.Kind), nil
	}
	if e.Amount != nil {
		s.Amount = e.Amount
	}
	if e.By != nil {
		s.By, s.Evidence = e.By, e.Evidence
	}
}

// waiveAsked records the first of two people who want to go without a step.
type waiveAsked struct {
	ID   string `json:"id"`
	Step string `json:"step"`
	By   Actor  `json:"by"`
}

func (*waiveAsked) kind() string { return EventWaiveAsked }
func (e *waiveAsked) apply(o *Order, _ time.Time) {
	o.Amendment(e.ID).Step(e.Step).WaiveBy = &e.By
}

// stockAdjusted takes over what the stock book gave back, and what it held that the order did not know of.
type stockAdjusted struct {
	Returned []Reservation `json:"returned,omitempty"`
	Added    []Reservation `json:"added,omitempty"`
}

func (*stockAdjusted) kind() string { return EventStockAdjusted }
func (e *stockAdjusted) apply(o *Order, _ time.Time) {
	for _, r := range e.Returned {
		r.Quantity = -r.Quantity
		o.hold(r)
	}
	for _, r := range e.Added {
		o.hold(r)
	}
}

// captureDropped records that a capture was refused for good whose goods are voided.
type captureDropped struct {
	Capture string `json:"capture"`
	Code    string `json:"code"`
}

func (*captureDropped) kind() string                  { return EventCaptureDropped }
func (e *captureDropped) apply(o *Order, _ time.Time) { o.Capture(e.Capture).Dropped = true }

// goodsReturned counts what came back to the warehouse.
type goodsReturned struct {
	Shipment string         `json:"shipment"`
	Lines    []ShipmentLine `json:"lines"`
}

func (*goodsReturned) kind() string { return EventGoodsReturned }
func (e *goodsReturned) apply(o *Order, _ time.Time) {
	for _, l := range e.Lines {
		o.Line(l.LineID).Returned += l.Quantity
	}
}
