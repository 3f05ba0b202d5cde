package orders_test

import (
	"slices"

	"pgregory.net/rapid"

	"amends/orders"
)

// voidSome confirms the plan of the moment for everything or for some units, by somebody who may or who needs a second
// person.
func (w *world) voidSome() {
	v := wish()
	if line := rapid.SampledFrom(w.order.Lines).Draw(w.t, "line"); rapid.IntRange(0, 4).Draw(w.t, "part") > 0 {
		v.Lines = []orders.ShipLine{units(line.ID, rapid.Int64Range(1, 3).Draw(w.t, "units"))}
	}
	v.Refund.Mode = rapid.SampledFrom([]string{"", orders.RefundNone}).Draw(w.t, "refund")
	actor := rapid.SampledFrom([]orders.Actor{clerk, clerk, orders.OperatorActor}).Draw(w.t, "who")
	request := orders.VoidRequest{Actor: actor, VoidWish: v}
	if actor.Verified {
		request.Limit = rapid.SampledFrom([]int64{0, 300_00, enough}).Draw(w.t, "limit")
	}
	plan, err := orders.PlanVoid(w.order, request, w.now)
	if err == nil {
		w.ask(&orders.Void{Header: as(actor), VoidWish: v, PlanHash: plan.Hash, Limit: request.Limit})
	}
}

func (w *world) decideOnPlan() {
	if !w.order.AwaitsApproval() {
		return
	}
	w.ask(rapid.SampledFrom([]orders.Command{
		&orders.ApprovePlan{ID: w.last().ID}, &orders.ApprovePlan{ID: w.last().ID, Limit: enough}, &orders.DeclinePlan{ID: w.last().ID},
	}).Draw(w.t, "answer"))
}

// stepVerb gives a verb to any step there is, whether it takes it or not.
func (w *world) stepVerb() {
	if len(w.order.Amendments) == 0 {
		return
	}
	a := rapid.SampledFrom(w.order.Amendments).Draw(w.t, "amendment")
	s := rapid.SampledFrom(a.Steps).Draw(w.t, "step")
	ref := orders.StepRef{ID: a.ID, StepID: s.ID}
	who := rapid.SampledFrom([]orders.Actor{manager, boss, orders.OperatorActor}).Draw(w.t, "who")
	head := orders.Header{Actor: who, NoteID: "note-1"}
	outcome := rapid.SampledFrom(append(outcomes(s.Kind), "")).Draw(w.t, "outcome")
	w.ask(rapid.SampledFrom([]orders.Command{
		&orders.RetryStep{Header: head, StepRef: ref}, &orders.WaiveStep{Header: head, StepRef: ref},
		&orders.CompleteStep{Header: head, StepRef: ref, Evidence: "slip", Outcome: outcome},
	}).Draw(w.t, "verb"))
}

func (w *world) waitsForPeople() bool {
	for _, a := range w.order.Amendments {
		for _, s := range a.Steps {
			if w.order.StepState(a, s) == orders.StepWaiting {
				return true
			}
		}
	}
	return false
}

// givingBack tells whether the book and the order are still to agree on what a void gives back.
func (w *world) givingBack() bool {
	return slices.ContainsFunc(w.order.Amendments, func(a orders.Amendment) bool {
		return slices.ContainsFunc(a.Steps, func(s orders.Step) bool {
			kind := s.Kind == orders.StepRelease || s.Kind == orders.StepPutBack
			return a.Status == orders.Running && kind && s.End == ""
		})
	})
}
