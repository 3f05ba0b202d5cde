package orders

import "slices"

// goods plans for everything that can be touched.
func (p *planner) goods() {
	var release []ShipmentLine
	for _, e := range p.plan.Stock {
		if n := e.Withdraw + e.Release + e.PutBack; n > 0 { // whatever the state says: an answer may be on its way
			release = append(release, ShipmentLine{LineID: e.LineID, Quantity: n})
		}
	}
	if len(release) > 0 {
		p.step(Step{Kind: StepRelease, Lines: release})
	}
	for _, part := range p.parts {
		p.plan.Shipments = append(p.plan.Shipments, PartEffect{ID: part.shipment.ID, Action: p.parcel(part)})
	}
}

// parcel plans for one parcel and names what happens to it.
func (p *planner) parcel(part parcelPart) string {
	s := part.shipment
	if s.Status == Packed {
		back := p.step(Step{Kind: StepPutBack, Subject: s.ID, Lines: part.lines})
		if s.Booking == BookingPending || s.Booking == BookingDone {
			p.step(Step{Kind: StepCancelLabel, Subject: s.ID, After: []string{back}})
		}
		return "put_back"
	}
	if s.Status == Lost {
		p.plan.Warnings = append(p.plan.Warnings, Finding{Code: "parcel_lost", Detail: s.ID})
		return "lost"
	}
	steps := restockTo(returnSteps(s, p.after.Shipment(s.ID).kept(), part.lines, len(p.plan.Steps)), p.req)
	p.plan.Steps = append(p.plan.Steps, steps...)
	if steps[0].Kind == StepIntercept {
		return "intercept"
	}
	return "return"
}

// returnSteps is the track of goods that left the house: stopped on their way where the whole parcel is voided, else
// given back by the customer; received, inspected, and put to stock or scrapped. Numbers follow those of have steps.
func returnSteps(s Shipment, keepsSome bool, lines []ShipmentLine, have int) []Step {
	var steps []Step
	add := func(kind string) {
		step := Step{ID: id("", have+len(steps)), Kind: kind, Subject: s.ID, Lines: lines, Role: stepRole(kind), Try: 1}
		if len(steps) > 0 {
			step.After = []string{steps[len(steps)-1].ID}
		}
		steps = append(steps, step)
	}
	switch {
	case s.Status == Refused && !keepsSome, s.Status == Intercepted: // it is coming back
	case s.onItsWay() && !keepsSome && s.Tracking != "":
		add(StepIntercept)
	default:
		add(StepApproveReturn)
	}
	add(StepReceive)
	add(StepInspect)
	add(StepRestock)
	return steps
}

// restockTo names the warehouses to which goods are to go that do not go back to where they came from.
func restockTo(steps []Step, r VoidRequest) []Step {
	for i := range steps {
		if steps[i].Kind != StepRestock {
			continue
		}
		steps[i].Lines = slices.Clone(steps[i].Lines)
		for j := range steps[i].Lines {
			line := &steps[i].Lines[j]
			for _, to := range r.Restock {
				if to.LineID == line.LineID {
					line.Warehouse = to.Warehouse
				}
			}
		}
	}
	return steps
}

// services plans for technicians' time of lines of which nothing is left.
func (p *planner) services() {
	for _, t := range p.plan.Takes {
		line := p.after.Line(t.LineID)
		if line.Kind != Service || line.Kept() > 0 {
			continue
		}
		var slots []string
		for _, slot := range p.now.Slots {
			if slot.LineID == line.ID {
				slots = append(slots, slot.ID)
			}
		}
		for _, a := range p.now.Appointments {
			if a.Slot.LineID == line.ID && a.Status == Scheduled {
				slots = append(slots, a.Slot.ID)
				p.plan.Appointments = append(p.plan.Appointments, PartEffect{ID: a.ID, Action: "free"})
			}
		}
		if len(slots) > 0 {
			p.step(Step{Kind: StepFreeSlots, Subject: line.ID, Slots: slots})
		}
	}
}

// purchases plans for what was asked of the supplier and nobody waits for any more.
func (p *planner) purchases() {
	for _, b := range p.now.Purchases {
		line := p.after.Line(b.LineID)
		asked := b.Status == PurchasePending || b.Status == PurchaseRequested
		voided := slices.ContainsFunc(p.plan.Takes, func(t Take) bool { return t.LineID == b.LineID })
		if asked && voided && line.Reserved >= line.Open() && !p.now.ends(StepCancelPurchase, b.ID) {
			p.step(Step{Kind: StepCancelPurchase, Subject: b.ID})
		}
	}
}

// ends tells whether a running amendment has a step of the kind for the subject already.
func (o *Order) ends(kind, subject string) bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if a.Status == Running && s.End == "" && s.Kind == kind && s.Subject == subject {
				return true
			}
		}
	}
	return false
}
