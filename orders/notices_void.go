package orders

import "slices"

// VoidMessage returns what a message about a void may print. It is false where the order does not know the void.
func (o Order) VoidMessage(company, amendment string) (MessageData, bool) {
	a := o.Amendment(amendment)
	if a == nil {
		return MessageData{}, false
	}
	data := o.MessageData(company, "")
	data.Void = MessageVoid{ID: a.ID, ReasonCode: a.Request.ReasonCode, Whole: a.Whole, Frees: o.frees(a), Alternatives: a.Alternatives}
	for _, t := range a.Takes {
		if line := o.Line(t.LineID); line != nil { // a new draft may have replaced it
			data.Void.Lines = append(data.Void.Lines, MessageLine{Name: line.Name, Quantity: t.Quantity})
		}
	}
	for _, s := range a.Steps {
		if s.End != EndMoot && s.End != EndWaived {
			o.tellStep(&data.Void, a, s)
		}
	}
	return data, true
}

// tellStep adds what a step means for those who are told.
func (o *Order) tellStep(v *MessageVoid, a *Amendment, s Step) {
	switch s.Kind {
	case StepRefund:
		v.Refund = v.Refund.Add(*s.Amount)
		v.ByHand = v.ByHand || s.ByHand
		v.RefundWaits = v.RefundWaits || a.waitsFor(s, StepInspect)
	case StepReleasePayment:
		v.Release = v.Release.Add(*s.Amount)
	case StepCarryOver:
		v.CarryOver = v.CarryOver.Add(*s.Amount)
	case StepReceive:
		v.Return = true
	case StepIntercept:
		if s.End == "" && s.Outcome == "" {
			v.Intercept = append(v.Intercept, o.Shipment(s.Subject).Tracking)
		}
	case StepApproveReturn:
		v.Agree = v.Agree || s.End == ""
	}
	if !slices.Contains(v.Tasks, s.Kind) {
		v.Tasks = append(v.Tasks, s.Kind)
	}
}

// waitsFor tells whether a step of the kind that has not ended comes before the step.
func (a *Amendment) waitsFor(s Step, kind string) bool {
	return slices.ContainsFunc(s.After, func(id string) bool {
		before := a.Step(id)
		return before != nil && before.Kind == kind && before.End == ""
	})
}

// frees tells whether the provider holds money for units that a part void took before they left the house: it is
// released when the rest has been taken.
func (o *Order) frees(a *Amendment) bool {
	unshipped := func(t Take) bool { return t.Shipped < t.Quantity }
	held := func(pay Payment) bool { return pay.Status == PaymentAuthorised && !o.releasable(pay).IsZero() }
	return !a.Whole && slices.ContainsFunc(a.Takes, unshipped) && slices.ContainsFunc(o.Payments, held)
}
