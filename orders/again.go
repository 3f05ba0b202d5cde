package orders

import (
	"slices"
	"time"

	"amends/money"
)

// Again returns the draft of a new order in place of one that is void: what was ordered, at the prices of then, for the
// same contact. The slots are those that are claimed anew. Money that the void set aside to be carried over pays for it.
// It returns *TransitionError where the order is not void as a whole.
func (o Order) Again() (Draft, error) {
	if (o.Stage != Voiding && o.Stage != Voided) || o.ReplacedBy != "" {
		return Draft{}, &TransitionError{Command: CmdPlaceAgain, Stage: o.Stage, Code: CodeNotVoided}
	}
	d := o.clone().Draft
	d.Replaces, d.Carried, d.Slots, d.Lines = o.Number, nil, nil, nil
	for _, t := range lastTakes(o) {
		d.Lines = append(d.Lines, o.Line(t.LineID).again(t.Quantity))
	}
	goods := func(l Line) bool { return l.Kind == Goods }
	if o.hasGoods() && !slices.ContainsFunc(d.Lines, goods) {
		d.Delivery.Fee = money.New(0, d.Currency) // it went back with the goods
	}
	if d.Delivery.PromisedAt.Before(o.StageSince) {
		d.Delivery.PromisedAt = time.Time{}
	}
	if _, s := o.carrying(); s != nil && *s.Amount == d.Total() {
		d.Carried = &Carried{Payment: s.Subject, Amount: *s.Amount}
	}
	return d, nil
}

// lastTakes lists what the void of the rest of the order took.
func lastTakes(o Order) []Take {
	for _, a := range slices.Backward(o.Amendments) {
		if a.Whole && (a.Status == Running || a.Status == Completed) {
			return a.Takes
		}
	}
	return nil
}

// again is a line of which nothing has happened yet, for so many of its first units and at what they cost.
func (l Line) again(quantity int64) Line {
	l.Discount = l.UnitPrice.Times(quantity).Sub(l.worth(quantity))
	l.Ordered, l.Reserved, l.Shipped, l.Delivered, l.Returned, l.Voided, l.Recalled = quantity, 0, 0, 0, 0, 0, 0
	return l
}

// AgreedSlots lists the times that were agreed for the order's services.
func (o Order) AgreedSlots() []Slot {
	slots := slices.Clone(o.Slots)
	for _, a := range o.Appointments {
		slots = append(slots, a.Slot)
	}
	return slots
}

// carrying returns the open step that sets money aside for the order that is placed again, or nil.
func (o *Order) carrying() (*Amendment, *Step) {
	for i := range o.Amendments {
		a := &o.Amendments[i]
		for j := range a.Steps {
			if s := &a.Steps[j]; a.Status == Running && s.Kind == StepCarryOver && s.End == "" {
				return a, s
			}
		}
	}
	return nil, nil
}

// CarriedOver says that the order placed again has taken over the money. Our own books send it as a signal, which anybody
// might: the step looks into the books itself before it believes it.
type CarriedOver struct {
	Header
	To     string       `json:"to"` // the new order's number
	Amount money.Amount `json:"amount"`
}

// Name is the signal's name.
func (*CarriedOver) Name() string { return CmdCarriedOver }

func (*CarriedOver) guard(*Order) error { return nil }

func (c *CarriedOver) decide(d *decider) error {
	a, s := d.o.carrying()
	if s == nil {
		return refuse(&d.o, c, CodeStepEnded, "")
	}
	if !s.Confirmed || d.o.isParked(d.o.taskOf(a, *s)) {
		d.emit(&stepConfirmed{ID: a.ID, Step: s.ID, Task: d.o.taskOf(a, *s), By: d.by, Evidence: c.To})
	}
	return nil
}

// carriedOver links the order to the one that replaces it.
type carriedOver struct {
	To      string       `json:"to"`
	Payment string       `json:"payment"`
	Amount  money.Amount `json:"amount"`
}

func (*carriedOver) kind() string { return EventCarriedOver }
func (e *carriedOver) apply(o *Order, _ time.Time) {
	o.ReplacedBy = e.To
	o.Payment(e.Payment).CarriedOver = &e.Amount
}
