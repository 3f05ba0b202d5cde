package orders

import (
	"slices"

	"amends/money"
)

// follow returns what running amendments must take in next from the facts of the order, or nil: a step becomes another one,
// or has nothing left to do, or the last one is over.
func (d *decider) follow() event {
	for i := range d.o.Amendments {
		a := &d.o.Amendments[i]
		if a.Status != Running {
			continue
		}
		for _, s := range a.Steps {
			if s.End != "" {
				continue
			}
			if e := d.o.followStep(a, s); e != nil {
				return e
			}
		}
		if e := d.o.unreleased(a); e != nil {
			return e
		}
		if e := d.o.over(a); e != nil {
			return e
		}
	}
	return nil
}

// over ends an amendment whose steps have all ended. A whole void waits for calls that are still under way, too: a voided
// order owes nothing to anybody.
func (o *Order) over(a *Amendment) event {
	if slices.ContainsFunc(a.Steps, func(s Step) bool { return s.End == "" }) {
		return nil
	}
	if !a.Whole {
		return &partVoided{ID: a.ID}
	}
	if len(o.Attention) > 0 || len(o.Tasks()) > 0 || slices.ContainsFunc(o.Amendments, func(b Amendment) bool {
		return b.ID != a.ID && b.Status.Open()
	}) {
		return nil
	}
	return &voided{ID: a.ID}
}

// followStep returns what becomes of one open step.
func (o *Order) followStep(a *Amendment, s Step) event {
	switch s.Kind {
	case StepPutBack:
		switch shipment := o.Shipment(s.Subject); {
		case shipment.left():
			return o.becomesReturn(a, s)
		case shipment.Status == Cancelled: // unpacked for another void
			return o.moot(a, s, OutcomeNothing)
		}
	case StepCancelLabel:
		return o.followLabel(a, s)
	case StepIntercept, StepApproveReturn, StepReceive, StepInspect, StepRestock:
		return o.followReturn(a, s)
	case StepReleasePayment:
		return o.followRelease(a, s)
	case StepRefund:
		return o.followRefund(a, s)
	case StepTellMoney:
		if a.turnOf(s) && !o.moneyMoved(a, s) {
			return o.moot(a, s, OutcomeNothing)
		}
	case StepCancelPurchase:
		if b := o.purchase(s.Subject); b.Status != PurchasePending && b.Status != PurchaseRequested {
			return o.moot(a, s, OutcomeNothing)
		}
	}
	return nil
}

func (o *Order) moot(a *Amendment, s Step, outcome string) event {
	return o.ended(a, s, EndMoot, outcome)
}

func (o *Order) ended(a *Amendment, s Step, end, outcome string) event {
	return &stepEnded{ID: a.ID, Step: s.ID, Task: o.taskOf(a, s), End: end, Outcome: outcome}
}

// left tells whether the parcel has left the house.
func (s Shipment) left() bool { return s.Status != Packed && s.Status != Cancelled }

// becomesReturn lets the parcel that was handed over before it was unpacked take the track of goods that left.
func (o *Order) becomesReturn(a *Amendment, s Step) event {
	shipment := *o.Shipment(s.Subject)
	if shipment.Status == Lost || a.hasFor(StepReceive, s.Subject) {
		return o.moot(a, s, OutcomeLeft)
	}
	e := &stepAmended{ID: a.ID, Step: s.ID, Why: OutcomeLeft}
	// The book may have seen it leave before the void asked, and have held other goods in its stead.
	e.Added = []Step{{ID: id("", len(a.Steps)), Kind: StepRelease, Subject: s.Subject, Lines: s.Lines, Role: stepRole(StepRelease), Try: 1}}
	e.Added = append(e.Added, restockTo(returnSteps(shipment, shipment.kept(), s.Lines, len(a.Steps)+1), a.Request)...)
	if !o.Policy.RefundFirst {
		for _, inspect := range e.Added {
			for _, back := range a.Steps {
				out := back.Kind == StepRefund || back.Kind == StepReleasePayment
				if inspect.Kind == StepInspect && out && back.End == "" {
					e.After = append(e.After, Waits{Step: back.ID, For: inspect.ID})
				}
			}
		}
	}
	return e
}

func (a *Amendment) hasFor(kind, subject string) bool {
	return slices.ContainsFunc(a.Steps, func(s Step) bool { return s.Kind == kind && s.Subject == subject })
}

// followLabel drops the cancelling of a label that is in use or that there never was.
func (o *Order) followLabel(a *Amendment, s Step) event {
	shipment := o.Shipment(s.Subject)
	switch {
	case shipment.left():
		return o.moot(a, s, OutcomeLeft)
	case shipment.Booking == BookingNone, shipment.Booking == BookingCancelled:
		return o.moot(a, s, OutcomeNothing)
	}
	return nil
}

// followReturn lets the track of returned goods follow what the carrier reports.
func (o *Order) followReturn(a *Amendment, s Step) event {
	shipment := o.Shipment(s.Subject)
	if coming := s.Kind != StepInspect && s.Kind != StepRestock; shipment.Status == Lost && coming {
		return o.moot(a, s, OutcomeLost)
	}
	if before := a.before(s); before != nil && (before.End == EndMoot || before.End == EndWaived && s.Kind != StepReceive) {
		return o.moot(a, s, OutcomeNothing)
	}
	if s.Kind != StepIntercept {
		return nil
	}
	switch {
	case s.Outcome != "":
		return o.ended(a, s, EndDone, s.Outcome)
	case shipment.Status == Intercepted:
		return o.ended(a, s, EndDone, OutcomeIntercepted)
	case shipment.Status == Refused:
		return o.ended(a, s, EndDone, OutcomeAtDoor)
	case shipment.Status == Delivered:
		return o.toReturn(a, s, OutcomeDelivered)
	}
	return nil
}

// before returns the step before one on the return track of the same parcel, or nil.
func (a *Amendment) before(s Step) *Step {
	for _, id := range s.After {
		if b := a.Step(id); b != nil && b.Subject == s.Subject {
			return b
		}
	}
	return nil
}

// toReturn lets an interception that did not stop the parcel be followed by a return that somebody must agree with the
// customer.
func (o *Order) toReturn(a *Amendment, s Step, why string) event {
	approve := Step{
		ID: id("", len(a.Steps)), Kind: StepApproveReturn, Subject: s.Subject, Lines: s.Lines, Try: 1,
		Role: stepRole(StepApproveReturn), After: []string{s.ID},
	}
	e := &stepAmended{ID: a.ID, Step: s.ID, Why: why, Added: []Step{approve}}
	for _, waiting := range a.Steps {
		if waiting.Kind == StepReceive && waiting.Subject == s.Subject && waiting.End == "" {
			e.After = append(e.After, Waits{Step: waiting.ID, For: approve.ID})
		}
	}
	return e
}

// followRelease lets the release of an authorisation follow what the provider said: money that was taken at once is
// refunded, and of a declined payment nothing is left.
func (o *Order) followRelease(a *Amendment, s Step) event {
	pay := o.Payment(s.Subject)
	taken := pay.Status == PaymentAuthorised && pay.AtOnce && o.isOpenFor(s)
	switch {
	case taken && a.Request.Refund.Mode == RefundNone:
		return o.moot(a, s, OutcomeKept)
	case taken:
		return &stepAmended{ID: a.ID, Step: s.ID, Why: "taken_at_once", Kind: StepRefund, Amount: s.Amount}
	case pay.Status == PaymentDeclined, pay.Status == PaymentReleased, pay.Status == PaymentDue:
		return o.moot(a, s, OutcomeNothing)
	}
	return nil
}

// unreleased adds a release where a void of everything would leave money held: a capture that the plan wanted to refund
// was refused for good.
func (o *Order) unreleased(a *Amendment) event {
	for _, pay := range o.Payments {
		left := o.heldFor(a, pay)
		if left.Minor <= 0 {
			continue
		}
		release := Step{
			ID: id("", len(a.Steps)), Kind: StepReleasePayment, Subject: pay.ID, Amount: &left, Try: 1, Role: stepRole(StepReleasePayment),
		}
		release.After = o.goodsFirst(a)
		e := &stepAmended{ID: a.ID, Why: "not_taken", Added: []Step{release}}
		for _, s := range a.Steps {
			if s.Kind == StepTellMoney && s.End == "" {
				e.After = append(e.After, Waits{Step: s.ID, For: release.ID})
			}
		}
		return e
	}
	return nil
}

// goodsFirst lists the steps of goods that money given back waits for, unless policy says otherwise.
func (o *Order) goodsFirst(a *Amendment) []string {
	var ids []string
	for _, s := range a.Steps {
		if !o.Policy.RefundFirst && s.End == "" && (s.Kind == StepInspect || s.Kind == StepPutBack) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// heldFor is what the provider holds of a payment and will not have taken, and what no step of a whole void releases.
func (o *Order) heldFor(a *Amendment, pay Payment) money.Amount {
	taking := slices.ContainsFunc(o.Captures, func(c Capture) bool { return c.Payment == pay.ID && c.open() })
	held := pay.Status == PaymentAuthorised && pay.Reference != "" && !pay.AtOnce
	if !a.Whole || !held || taking || a.hasFor(StepReleasePayment, pay.ID) {
		return money.New(0, o.Currency)
	}
	return pay.Amount.Sub(pay.Captured)
}

// isOpenFor tells whether nothing blocks the step.
func (o *Order) isOpenFor(s Step) bool { return o.clearFor(s) && !s.Confirmed }

// followRefund bounds a refund by what was really taken.
func (o *Order) followRefund(a *Amendment, s Step) event {
	pay := o.Payment(s.Subject)
	if !o.clearFor(s) || s.Confirmed {
		return nil
	}
	most := pay.Captured.Sub(pay.Refunded).Sub(o.promised(pay.ID, o.taskOf(a, s))).Sub(o.retained(a.ID))
	if s.Outcome == OutcomeIfTaken && !pay.AtOnce {
		most = most.Sub(o.earned()) // such as the delivery fee, taken before the goods were voided
	}
	switch {
	case most.Minor <= 0:
		return o.moot(a, s, OutcomeNothing)
	case most.Less(*s.Amount):
		return &stepAmended{ID: a.ID, Step: s.ID, Why: "less_was_taken", Amount: &most}
	}
	return nil
}

// moneyMoved tells whether any of the steps before has given money back.
func (o *Order) moneyMoved(a *Amendment, s Step) bool {
	return slices.ContainsFunc(s.After, func(id string) bool {
		s := a.Step(id)
		return s.Kind != StepCarryOver && (s.End == EndDone || s.End == EndCompleted)
	})
}

// spare is what the provider still holds of a payment when everything that was to be paid has been taken.
func (o *Order) spare(pay Payment) money.Amount {
	done := o.Stage == SigningOff || o.Stage == AfterSales
	if !done || len(o.Amendments) == 0 || pay.Status != PaymentAuthorised || pay.AtOnce || pay.Reference == "" {
		return money.New(0, o.Currency)
	}
	if slices.ContainsFunc(o.Captures, func(c Capture) bool { return c.Payment == pay.ID && c.open() }) {
		return money.New(0, o.Currency)
	}
	return pay.Amount.Sub(pay.Captured)
}
