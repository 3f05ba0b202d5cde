package orders

import "slices"

// VoidMessage returns what a message about a void may print. It is false where the order does not know the void.
func (o Order) VoidMessage(company, amendment string) (MessageData, bool) {
	a := o.Amendment(amendment)
	if a == nil {
		return MessageData{}, false
	}
	data := o.MessageData(company, "")
	data.Void = MessageVoid{ID: a.ID, ReasonCode: a.Request.ReasonCode, Whole: a.Whole}
	for _, t := range a.Takes {
		if line := o.Line(t.LineID); line != nil { // a new draft may have replaced it
			data.Void.Lines = append(data.Void.Lines, MessageLine{Name: line.Name, Quantity: t.Quantity})
		}
	}
	for _, s := range a.Steps {
		gone := s.End == EndMoot || s.End == EndWaived
		switch {
		case s.Kind == StepRefund && !gone:
			data.Void.Refund = data.Void.Refund.Add(*s.Amount)
		case s.Kind == StepReleasePayment && !gone:
			data.Void.Release = data.Void.Release.Add(*s.Amount)
		case s.Kind == StepReceive && !gone:
			data.Void.Return = true
		}
		if !slices.Contains(data.Void.Tasks, s.Kind) && !gone {
			data.Void.Tasks = append(data.Void.Tasks, s.Kind)
		}
	}
	data.Void.Alternatives = a.Alternatives
	return data, true
}
