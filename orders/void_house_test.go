package orders_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// Who has to do with voids. The limits are theirs per order, in cents.
var (
	finance = orders.Actor{ID: "qian", Role: "finance", Verified: true}
	manager = orders.Actor{ID: "lin", Role: "manager", Verified: true}
	boss    = orders.Actor{ID: "zhao", Role: "manager", Verified: true}
)

const enough = 1_000_000_00

// wish is a void of lines, or of everything, for a reason that needs no words.
func wish(lines ...orders.ShipLine) orders.VoidWish {
	return orders.VoidWish{ReasonCode: "customer_request", Lines: lines}
}

func units(line string, quantity int64) orders.ShipLine {
	return orders.ShipLine{LineID: line, Quantity: quantity}
}

func as(actor orders.Actor) orders.Header { return orders.Header{Actor: actor} }

// plan is the preview that the clerk, or whoever asks, sees.
func (h *house) plan(w orders.VoidWish) orders.Plan { return h.planAs(clerk, enough, w) }

func (h *house) planAs(actor orders.Actor, limit int64, w orders.VoidWish) orders.Plan {
	before := text(h.t, h.order)
	request := orders.VoidRequest{Actor: actor, VoidWish: w}
	if actor.Verified {
		request.Limit = limit
	}
	plan, err := orders.PlanVoid(h.order, request, h.now)
	require.NoError(h.t, err)
	require.Equal(h.t, before, text(h.t, h.order), "planning changes nothing")
	return plan
}

// void confirms the plan of the moment and returns the ID of what came of it.
func (h *house) void(lines ...orders.ShipLine) string { return h.voidAs(clerk, enough, wish(lines...)) }

func (h *house) voidAs(actor orders.Actor, limit int64, w orders.VoidWish) string {
	plan := h.planAs(actor, limit, w)
	return h.do(&orders.Void{Header: as(actor), VoidWish: w, PlanHash: plan.Hash, Limit: limit}).Subject
}

// signal asks for a void without a plan, as anybody can who reaches the workflow.
func (h *house) signal(w orders.VoidWish) string {
	return h.do(&orders.Void{Header: as(orders.OperatorActor), VoidWish: w}).Subject
}

// agreed has a void that needs a second person started: the manager says yes.
func (h *house) agreed(lines ...orders.ShipLine) string {
	id := h.void(lines...)
	require.Equal(h.t, orders.AwaitingApproval, h.last().Status)
	h.approve(id)
	return id
}

func (h *house) approve(id string) {
	h.do(&orders.ApprovePlan{Header: as(manager), ID: id, Limit: enough})
}

func (h *house) last() orders.Amendment { return h.order.Amendments[len(h.order.Amendments)-1] }

// steps lists the kinds of the last amendment's steps with their subjects and where they stand.
func (h *house) steps() []string {
	var steps []string
	a := h.last()
	for _, s := range a.Steps {
		steps = append(steps, s.Kind+" "+s.Subject+" "+string(h.order.StepState(a, s)))
	}
	return steps
}

// the finds the step of the kind that comes last in the last amendment.
func (h *house) the(kind string) orders.Step {
	a := h.last()
	for _, s := range slices.Backward(a.Steps) {
		if s.Kind == kind {
			return s
		}
	}
	require.Fail(h.t, "no such step", "%s in %v", kind, h.steps())
	return orders.Step{}
}

func (h *house) state(kind string) orders.StepState { return h.order.StepState(h.last(), h.the(kind)) }

// stepTask names the task of the step of the kind.
func (h *house) stepTask(kind string) string {
	for _, task := range h.order.Tasks() {
		if task.Amendment == h.last().ID && task.Kind == kind {
			return task.Name
		}
	}
	require.Fail(h.t, "the step is no task", "%s among %v", kind, h.names())
	return ""
}

// ref names the step of the kind of the last amendment.
func (h *house) ref(kind string) orders.StepRef {
	return orders.StepRef{ID: h.last().ID, StepID: h.the(kind).ID}
}

// answering is a person of the role that answers for a step.
func answering(s orders.Step) orders.Actor {
	return orders.Actor{ID: "the " + s.Role, Role: s.Role, Verified: true}
}

// complete says that a person has done the step of the kind.
func (h *house) complete(kind string) {
	h.do(h.completion(kind))
}

func (h *house) completion(kind string) *orders.CompleteStep {
	c := &orders.CompleteStep{Header: as(answering(h.the(kind))), StepRef: h.ref(kind), Evidence: "slip-7"}
	switch kind {
	case orders.StepInspect:
		c.Outcome = orders.OutcomeGood
	case orders.StepIntercept:
		c.Outcome = orders.OutcomeIntercepted
	}
	return c
}

// waive has two people go without a step.
func (h *house) waive(kind string) {
	for _, who := range []orders.Actor{manager, boss} {
		h.do(&orders.WaiveStep{Header: orders.Header{Actor: who, NoteID: "note-1"}, StepRef: h.ref(kind)})
	}
}

// givenBack is what the stock book gives back of voided units, now or when a parcel is unpacked.
func givenBack(o orders.Order, task orders.Task) []orders.Reservation {
	without := ""
	if task.Kind == orders.StepPutBack {
		without = task.Subject
	}
	book := stockbook{}
	for _, k := range o.Holding() {
		book.held = with(book.held, orders.Reservation{LineID: k.LineID, Warehouse: k.Warehouse, Quantity: k.Quantity})
	}
	book.giveBack(orders.StockRequest{Lines: o.Wanted(without), Holding: o.Holding()})
	return book.less(o.Holding())
}

// people do what steps wait for them to do, and the carrier stops what it was asked to stop.
func (h *house) people() bool {
	for _, a := range h.order.Amendments {
		for _, s := range a.Steps {
			switch {
			case h.order.StepState(a, s) != orders.StepWaiting:
			case s.Asked:
				h.do(report(h.order.Shipment(s.Subject).Tracking, orders.OutcomeIntercepted))
				return true
			default:
				c := &orders.CompleteStep{Header: as(answering(s)), StepRef: orders.StepRef{ID: a.ID, StepID: s.ID}, Evidence: "slip-7"}
				if s.Kind == orders.StepInspect {
					c.Outcome = orders.OutcomeGood
				}
				h.do(c)
				return true
			}
		}
	}
	return false
}

// carryThrough answers every task and does every person's part until nothing is left to do.
func (h *house) carryThrough() {
	for range 200 {
		h.work()
		if !h.people() {
			return
		}
	}
	require.Fail(h.t, "the steps never end", "%v", h.steps())
}
