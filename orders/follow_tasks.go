package orders

import "slices"

// stepDone takes the answer of a step's task.
func (c *TaskDone) stepDone(d *decider) error {
	a := d.o.Amendment(c.Task.Amendment)
	s := *a.Step(c.Task.Step)
	if s.End != "" || s.Kind != c.Task.Kind {
		return nil // a fact came in while it ran
	}
	end := EndDone
	if s.ByHand || s.Kind == StepPutBack {
		end = EndCompleted
	}
	switch s.Kind {
	case StepRelease, StepPutBack:
		if s.Kind == StepPutBack && (c.Left || d.o.Shipment(s.Subject).left()) {
			d.emit(&parked{Task: c.Task.Name, Reason: OutcomeLeft, Role: s.Role})
			return nil
		}
		if len(c.Returned) > 0 || len(c.Added) > 0 {
			d.emit(&stockAdjusted{Returned: d.o.loose(c.Returned, s), Added: c.Added})
		}
	case StepIntercept:
		if c.Outcome.Pending && s.Outcome == "" && d.o.Shipment(s.Subject).onItsWay() {
			d.emit(&stepAsked{ID: a.ID, Step: s.ID})
			return nil
		}
		return d.interceptionDone(a, s)
	case StepCarryOver:
		d.emit(&carriedOver{To: c.Outcome.Reference, Payment: s.Subject, Amount: *s.Amount})
	case StepReleasePayment:
		d.emit(&released{Payment: s.Subject})
	case StepRefund:
		d.emit(&refunded{Payment: s.Subject, Amount: *s.Amount})
		if c.Outcome.Twice {
			d.emit(&incident{Code: "refunded_twice"})
		}
		if c.Outcome.Unchecked {
			d.emit(&incident{Code: "refund_unchecked"})
		}
	}
	d.emit(&stepEnded{ID: a.ID, Step: s.ID, Task: c.Task.Name, End: end, Evidence: c.Outcome.Reference})
	return nil
}

// loose bounds what the stock book gave back by what does not lie in parcels: one that has left without the order's history
// knowing is out of the book, and its hand-over will be reported.
func (o *Order) loose(returned []Reservation, s Step) []Reservation {
	var list []Reservation
	for _, r := range returned {
		held := slices.IndexFunc(o.Reservations, func(h Reservation) bool { return h.LineID == r.LineID && h.Warehouse == r.Warehouse })
		if held < 0 {
			continue
		}
		packed := o.packedFrom(r)
		if s.Kind == StepPutBack {
			for _, l := range o.Shipment(s.Subject).Lines {
				if l.LineID == r.LineID && l.Warehouse == r.Warehouse {
					packed -= l.Quantity
				}
			}
		}
		if r.Quantity = min(r.Quantity, o.Reservations[held].Quantity-packed); r.Quantity > 0 {
			list = append(list, r)
		}
	}
	return list
}

// interceptionDone takes the carrier's yes, unless a report about the parcel has said otherwise meanwhile.
func (d *decider) interceptionDone(a *Amendment, s Step) error {
	if s.Outcome == "" && d.o.Shipment(s.Subject).onItsWay() {
		d.emit(&parcelMoved{Shipment: s.Subject, Status: Intercepted, At: d.now})
	}
	return nil
}

// stepFailed takes the refusal of a step's task, or that nobody could be reached.
func (c *TaskFailed) stepFailed(d *decider) error {
	a := d.o.Amendment(c.Task.Amendment)
	s := *a.Step(c.Task.Step)
	e := &parked{Task: c.Task.Name, Reason: c.Code, Role: s.Role}
	switch {
	case s.End != "" || s.Kind != c.Task.Kind:
		return nil // it became another step while it ran
	case c.Code == ReasonUnreachable:
		e.RetryAt = d.now.Add(d.o.Policy.UnreachableRetry)
	case IsFault(c.Code):
		e.Role = "manager"
	case s.Kind == StepIntercept:
		d.emit(d.o.toReturn(a, s, OutcomeRefused))
		return nil
	case s.Kind == StepCancelLabel && (c.Code == "already_cancelled" || c.Code == RefusedUnknownParcel): // nothing is left to ask for
		d.emit(d.o.ended(a, s, EndDone, c.Code))
		return nil
	case s.Kind == StepCancelPurchase:
		d.emit(d.o.ended(a, s, EndDone, OutcomeArrives))
		return nil
	case s.Kind == StepReleasePayment && c.Code == "already_released":
		d.emit(&released{Payment: s.Subject})
		d.emit(d.o.ended(a, s, EndDone, c.Code))
		return nil
	}
	d.emit(e)
	return nil
}

// intercepted acts on a carrier's answer to an interception. It tells whether the report is one.
func (d *decider) intercepted(shipment string, r ParcelReport) bool {
	for i := range d.o.Amendments {
		a := &d.o.Amendments[i]
		for _, s := range a.Steps {
			if a.Status != Running || s.End != "" || s.Kind != StepIntercept || s.Subject != shipment {
				continue
			}
			switch r.Status {
			case OutcomeIntercepted:
				d.emit(&parcelMoved{Shipment: shipment, Status: Intercepted, At: r.At, EventID: r.EventID})
				return true
			case OutcomeRefused:
				d.emit(d.o.toReturn(a, s, OutcomeRefused))
				return true
			}
		}
	}
	return false
}
