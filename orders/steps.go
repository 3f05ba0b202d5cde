package orders

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outcomes of steps.
const (
	OutcomeIfTaken     = "if_taken" // a refund that is owed only if the provider takes the money at once
	OutcomeIntercepted = "intercepted"
	OutcomeRefused     = "intercept_refused"
	OutcomeAtDoor      = "refused_at_door"
	OutcomeDelivered   = "delivered"
	OutcomeLeft        = "left_the_house"
	OutcomeLost        = "parcel_lost"
	OutcomeNothing     = "nothing_to_do"
	OutcomeKept        = "kept" // the money was taken at once, and none is to be given back
	OutcomeGood        = "good"
	OutcomeDamaged     = "damaged"
	OutcomeArrives     = "arrives" // the supplier did not cancel: the goods go to stock
	OutcomeRefund      = "refund"  // the money is refunded after all, instead of carried over
)

// AmendmentID returns the ID of an order's n-th amendment, counted from 1: its prefix (ZF for a void), the date and
// number of the order, and three digits. So it needs no counter that a signal could not draw from.
func AmendmentID(prefix, order string, n int) string {
	return fmt.Sprintf("%s%s%03d", prefix, strings.TrimPrefix(order, "DD"), n)
}

// AmendmentOrder returns the number of the order that an amendment's ID belongs to.
func AmendmentOrder(amendment string) (number string, ok bool) {
	if len(amendment) < len("ZF20261122-000001001") || amendment[:2] != "ZF" {
		return "", false
	}
	return "DD" + amendment[2:len(amendment)-3], true
}

// Amendment returns the amendment with the ID, or nil.
func (o *Order) Amendment(id string) *Amendment {
	i := slices.IndexFunc(o.Amendments, func(a Amendment) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Amendments[i]
}

// Step returns the step with the ID, or nil.
func (a *Amendment) Step(id string) *Step {
	i := slices.IndexFunc(a.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &a.Steps[i]
}

// waitingPlan returns the amendment that waits for an approval or cools off, or nil.
func (o *Order) waitingPlan() *Amendment {
	i := slices.IndexFunc(o.Amendments, func(a Amendment) bool { return a.Status.waits() })
	if i < 0 {
		return nil
	}
	return &o.Amendments[i]
}

// stepTask names a step as a task: its kind, and the n-th amendment, counted from 0, with the step's ID.
func stepTask(n int, s Step) string { return s.Kind + "/" + strconv.Itoa(n+1) + "." + s.ID }

// stepOf returns the step that a task's name means, or nil for any other task.
func (o *Order) stepOf(task string) (*Amendment, *Step) {
	_, subject := splitTask(task)
	n, step, ok := strings.Cut(subject, ".")
	i, err := strconv.Atoi(n)
	if !ok || err != nil || i < 1 || i > len(o.Amendments) {
		return nil, nil
	}
	a := &o.Amendments[i-1]
	return a, a.Step(step)
}

// taskOf names a step of an amendment as a task.
func (o *Order) taskOf(a *Amendment, s Step) string {
	n := slices.IndexFunc(o.Amendments, func(other Amendment) bool { return other.ID == a.ID })
	return stepTask(n, s)
}

// stepRoles says who answers for a step.
var stepRoles = []struct {
	role  string
	kinds []string
}{
	{"warehouse", []string{StepPutBack, StepCancelLabel, StepIntercept, StepReceive, StepInspect}},
	{"finance", []string{StepReleasePayment, StepRefund, StepCreditNote, StepPaperInvoice, StepInvoice}},
	{"buyer", []string{StepCancelPurchase}},
	{"clerk", []string{StepTell, StepTellMoney, StepCarryOver}},
}

func stepRole(kind string) string {
	for _, r := range stepRoles {
		if slices.Contains(r.kinds, kind) {
			return r.role
		}
	}
	return "manager"
}

// byPerson tells whether a person does the step: it waits for them to say so.
func byPerson(kind string) bool {
	return slices.Contains([]string{StepPutBack, StepApproveReturn, StepReceive, StepInspect, StepCreditNote, StepPaperInvoice, StepCarryOver}, kind)
}

// ourBooks tells whether the step is a write to our own books: nobody can do that by hand, or go without it.
func ourBooks(kind string) bool {
	return slices.Contains([]string{StepRelease, StepRestock, StepFreeSlots, StepReverse}, kind)
}

// StepState tells where a step of the order stands.
func (o *Order) StepState(a Amendment, s Step) StepState {
	switch {
	case s.End == EndWaived:
		return StepWaived
	case s.End != "":
		return StepDone
	case o.isParked(o.taskOf(&a, s)):
		return StepBlocked
	case a.Status != Running || !a.turnOf(s) || !o.clearFor(s):
		return StepPending
	case s.Asked || byPerson(s.Kind) && !s.Confirmed:
		return StepWaiting // for carrying over: until the order is placed again and paid
	}
	return StepRunning
}

// StepBlocked returns why and since when a step is blocked, or nil.
func (o *Order) StepBlocked(a Amendment, s Step) *Attention {
	name := o.taskOf(&a, s)
	for i := range o.Attention {
		if o.Attention[i].Task == name {
			return &o.Attention[i]
		}
	}
	return nil
}

// StepVerbs lists what a person may do with a step now: retry, complete, waive.
func (o *Order) StepVerbs(a Amendment, s Step) []string {
	var verbs []string
	state := o.StepState(a, s)
	mine := state == StepWaiting && !s.Asked
	if state == StepBlocked {
		verbs = append(verbs, "retry")
	}
	if (state == StepBlocked || mine) && !ourBooks(s.Kind) {
		verbs = append(verbs, "complete")
	}
	if (state == StepBlocked || mine) && waivable(s.Kind) {
		verbs = append(verbs, "waive")
	}
	return verbs
}

// waivable tells whether the order can go without a step. It cannot where goods would stay held for nobody.
func waivable(kind string) bool { return !ourBooks(kind) && kind != StepPutBack }

// turnOf tells whether all steps have ended that a step waits for.
func (a *Amendment) turnOf(s Step) bool {
	return !slices.ContainsFunc(s.After, func(id string) bool {
		before := a.Step(id)
		return before != nil && before.End == ""
	})
}

// clearFor tells whether the calls have settled on whose facts a step rests.
func (o *Order) clearFor(s Step) bool {
	switch s.Kind {
	case StepRefund, StepReleasePayment:
		pay := o.Payment(s.Subject)
		taking := slices.ContainsFunc(o.Captures, func(c Capture) bool { return c.Payment == s.Subject && c.open() })
		return pay.Status != PaymentAuthorising && (!taking || pay.Status != PaymentAuthorised)
	case StepCancelLabel:
		return o.Shipment(s.Subject).Booking != BookingPending
	case StepReverse:
		return o.Revenue
	case StepCancelPurchase:
		return o.purchase(s.Subject).Status != PurchasePending
	}
	return true
}

func (o *Order) purchase(id string) *Purchase {
	i := slices.IndexFunc(o.Purchases, func(b Purchase) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Purchases[i]
}

// releasing tells whether voided units are being given back: the stock book is asked for nothing else meanwhile.
func (o *Order) releasing() bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if a.Status == Running && s.End == "" && (s.Kind == StepRelease || s.Kind == StepPutBack && s.Confirmed) {
				return true
			}
		}
	}
	return false
}

// stepTasks lists the steps that the system does now.
func (o *Order) stepTasks() []Task {
	var tasks []Task
	for n, a := range o.Amendments {
		if a.Status != Running {
			continue
		}
		for _, s := range a.Steps {
			if o.StepState(a, s) == StepRunning {
				tasks = append(tasks, o.stepTask(n, a, s))
			}
		}
	}
	return tasks
}

// stepTask is the work of a step, with its effect key <order>/<amendment>/<kind>/<subject>/<n>.
func (o *Order) stepTask(n int, a Amendment, s Step) Task {
	subject := s.Subject
	if s.Kind == StepTellDepts {
		subject = ""
	}
	t := Task{
		Name: stepTask(n, s), Kind: s.Kind, Subject: s.Subject, Amendment: a.ID, Step: s.ID,
		Key: fmt.Sprintf("%s/%s/%s/%s/%d", o.Number, a.ID, s.Kind, subject, s.Try),
	}
	if s.Amount != nil {
		t.Amount = *s.Amount
	}
	if s.Kind == StepRefund || s.Kind == StepReleasePayment {
		t.Payment = s.Subject
	}
	return t
}

// StepOf returns the step that a task carries out. Only tasks with a Step have one.
func (o *Order) StepOf(t Task) Step { return *o.Amendment(t.Amendment).Step(t.Step) }

// setDue gives a deadline to every step whose turn has come and that waits for a person or the outside.
func (o *Order) setDue(at time.Time) {
	for i := range o.Amendments {
		a := &o.Amendments[i]
		for j := range a.Steps {
			s := &a.Steps[j]
			if s.DueAt.IsZero() && o.StepState(*a, *s) == StepWaiting {
				s.DueAt = at.Add(o.Policy.or(o.Policy.StepDeadline, DefaultPolicy().StepDeadline)).UTC()
			}
		}
	}
}

// Inspected lists what a restocking books: what came back, good or damaged, and where it goes.
func (o *Order) Inspected(t Task) []ReturnedLine {
	a := o.Amendment(t.Amendment)
	var found Step
	for _, s := range a.Steps {
		if s.Kind == StepInspect && slices.Contains(a.Step(t.Step).After, s.ID) {
			found = s
		}
	}
	var lines []ReturnedLine
	for i, l := range found.Lines {
		r := ReturnedLine{LineID: l.LineID, SKU: o.Line(l.LineID).SKU, Warehouse: a.Step(t.Step).Lines[i].Warehouse, Good: l.Quantity}
		for _, d := range found.Damaged {
			if d.LineID == l.LineID && d.Warehouse == l.Warehouse {
				r.Good, r.Damaged = r.Good-d.Quantity, r.Damaged+d.Quantity
			}
		}
		lines = append(lines, r)
	}
	return lines
}

// StepKind returns the kind of the step that a task's name means, and the name of any other task: so that people find all
// orders on which the same step is blocked.
func (o *Order) StepKind(task string) string {
	if _, step := o.stepOf(task); step != nil {
		return step.Kind
	}
	return task
}

// AwaitsApproval tells whether a second person is to decide.
func (o *Order) AwaitsApproval() bool {
	a := o.waitingPlan()
	return a != nil && a.Status == AwaitingApproval
}
