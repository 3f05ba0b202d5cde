package orders_test

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// all lists everything that may happen in a state.
func (m *model) all(s state) []move {
	moves := m.answers(s)
	by := func(name string, actor orders.Actor, c orders.Command) {
		c.Head().Actor = actor
		moves = append(moves, move{name: name, command: c})
	}
	for _, of := range []struct {
		name    string
		actor   orders.Actor
		command orders.Command
	}{
		{"approve", reviewer, &orders.Approve{}},
		{"send back", reviewer, &orders.SendBack{}},
		{"resubmit", clerk, &orders.Resubmit{}},
		{"reject", reviewer, &orders.Reject{ReasonCode: "customer_request"}},
		{"hold", clerk, &orders.PutOnHold{}},
		{"resume", clerk, &orders.Resume{}},
		{"retry", clerk, &orders.Retry{}},
		{"sign off", clerk, &orders.SignOff{}},
	} {
		by(of.name, of.actor, of.command)
	}
	by("purchase", manager, &orders.RequestPurchase{LineID: "L1"})
	by("ship", warehouse, &orders.Ship{Carrier: "SF"})
	by("ship one", warehouse, &orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{units("L1", 1)}})
	by("goods in", orders.SystemActor, &orders.StockAllotted{})
	m.parcels(s, by)
	m.voids(s, by)
	m.steps(s, by)
	if wake, any := s.order.NextWake(); any {
		moves = append(moves, move{name: "time passes", command: systems(&orders.TimePassed{}), wake: later(s.now, wake)})
	}
	return moves
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

type by func(name string, actor orders.Actor, c orders.Command)

// parcels is what can happen to parcels and visits.
func (m *model) parcels(s state, by by) {
	for _, shipment := range s.order.Shipments {
		switch shipment.Status {
		case orders.Cancelled:
			continue
		case orders.Packed:
			by("hand over "+shipment.ID, warehouse, &orders.HandOver{ShipmentID: shipment.ID, TrackingNumber: "SF-" + shipment.ID})
			if shipment.Label == "" {
				continue
			}
		default:
			by("refused "+shipment.ID, warehouse, &orders.RefuseDelivery{ShipmentID: shipment.ID})
		}
		for _, status := range []string{"delivered", "lost", orders.OutcomeIntercepted, orders.OutcomeRefused} {
			by(status+" "+shipment.ID, orders.CarrierActor, report("SF-"+shipment.ID, status))
		}
	}
	for _, a := range s.order.Appointments {
		if a.Status == orders.Scheduled {
			by("perform "+a.ID, clerk, &orders.Perform{AppointmentID: a.ID})
		}
	}
}

// voids asks for voids of everything and of one unit, by a clerk who may and by a signal that needs a second person.
func (m *model) voids(s state, by by) {
	by("void by signal", orders.OperatorActor, &orders.Void{VoidWish: wish()})
	for _, v := range []struct {
		name string
		wish orders.VoidWish
	}{
		{"void", wish()},
		{"void one", wish(units("L1", 1))},
		{"void one for nothing", orders.VoidWish{
			ReasonCode: "duplicate", Lines: []orders.ShipLine{units("L1", 1)}, Refund: orders.RefundWish{Mode: orders.RefundNone},
		}},
	} {
		request := orders.VoidRequest{Actor: clerk, Limit: enough, VoidWish: v.wish}
		plan, err := orders.PlanVoid(s.order, request, s.now)
		if err != nil {
			require.NotEqual(m, orders.CodeInternal, orders.AsProblem(err).Code, "%v", err)
			continue
		}
		by(v.name, clerk, &orders.Void{VoidWish: v.wish, PlanHash: plan.Hash, Limit: enough})
	}
	for _, a := range s.order.Amendments {
		if a.Status == orders.AwaitingApproval || a.Status == orders.CoolingOff {
			by("yes", manager, &orders.ApprovePlan{ID: a.ID, Limit: enough})
			by("no", manager, &orders.DeclinePlan{ID: a.ID})
			by("revoke", clerk, &orders.Revoke{ID: a.ID})
		}
	}
}

// steps gives every verb to every step that takes one.
func (m *model) steps(s state, by by) {
	for _, a := range s.order.Amendments {
		for _, step := range a.Steps {
			ref := orders.StepRef{ID: a.ID, StepID: step.ID}
			verbs := s.order.StepVerbs(a, step)
			if slices.Contains(verbs, "retry") {
				by("retry "+step.Kind, manager, &orders.RetryStep{StepRef: ref})
			}
			if slices.Contains(verbs, "complete") {
				for _, outcome := range outcomes(step.Kind) {
					by(named("%s by hand %s", step.Kind, outcome), answering(step),
						&orders.CompleteStep{StepRef: ref, Evidence: "slip", Outcome: outcome})
				}
			}
			if slices.Contains(verbs, "waive") {
				who := manager
				if step.WaiveBy != nil {
					who = boss
				}
				by("waive "+step.Kind, who, &orders.WaiveStep{Header: orders.Header{NoteID: "n"}, StepRef: ref})
			}
		}
	}
}

func outcomes(kind string) []string {
	switch kind {
	case orders.StepInspect:
		return []string{orders.OutcomeGood, orders.OutcomeDamaged}
	case orders.StepIntercept:
		return []string{orders.OutcomeIntercepted, orders.OutcomeRefused}
	}
	return []string{""}
}

// right is what brings the order further when everybody does their part.
func (m *model) right(s state) move {
	o := s.order
	switch {
	case o.Hold != nil:
		return m.pick(s, "resume")
	case o.AwaitsApproval():
		return m.pick(s, "no")
	case len(s.running) > 0:
		return m.success(s, s.running[0])
	case len(o.Attention) > 0:
		m.free = 100 // what was short comes in
		return m.pick(s, "retry")
	}
	return m.pick(s, m.nextStep(s))
}

func (m *model) pick(s state, name string) move {
	mv, found := s.possible(m, name)
	require.True(m, found, "%q is possible: %s", name, text(m, s.order))
	return mv
}

// nextStep is what people, the carrier or the clock do next.
func (m *model) nextStep(s state) string {
	o := s.order
	for _, a := range o.Amendments {
		for _, step := range a.Steps {
			switch {
			case o.StepState(a, step) != orders.StepWaiting:
			case step.Asked:
				return orders.OutcomeIntercepted + " " + step.Subject
			default:
				return named("%s by hand %s", step.Kind, outcomes(step.Kind)[0])
			}
		}
	}
	for _, shipment := range o.Shipments {
		if shipment.Status == orders.Packed {
			return "hand over " + shipment.ID
		}
	}
	for _, a := range o.Appointments {
		if a.Status == orders.Scheduled && o.Stage == orders.Fulfilling {
			return "perform " + a.ID
		}
	}
	switch o.Stage {
	case orders.InReview:
		return "approve"
	case orders.SentBack:
		return "resubmit"
	case orders.Fulfilling:
		return "ship"
	case orders.SigningOff:
		return "sign off"
	}
	return "time passes"
}
