package orders

import (
	"slices"
	"time"
)

type (
	// Void asks that the order, or some of its lines, have no effect any more. PlanHash is the plan that was confirmed; a
	// raw signal may leave it out and gets the plan of the moment.
	Void struct {
		Header
		VoidWish
		PlanHash string `json:"plan_hash,omitempty"`
		Limit    int64  `json:"limit,omitempty"` // the actor's, in minor units per order
	}
	// ApprovePlan is the yes of a second person to exactly the plan that was confirmed.
	ApprovePlan struct {
		Header
		ID    string `json:"id"`
		Limit int64  `json:"limit,omitempty"` // the approver's
	}
	// DeclinePlan is the no.
	DeclinePlan struct {
		Header
		ID string `json:"id"`
	}
	// Revoke takes a plan back while it cools off.
	Revoke struct {
		Header
		ID string `json:"id"`
	}
)

func (*Void) Name() string        { return CmdVoid }
func (*ApprovePlan) Name() string { return CmdApprovePlan }
func (*DeclinePlan) Name() string { return CmdDeclinePlan }
func (*Revoke) Name() string      { return CmdRevoke }

// PlanError refuses a void whose hash is not that of the plan any more. It carries the fresh one.
type PlanError struct {
	Code string
	Plan Plan
}

func (e *PlanError) Error() string { return e.Code }

func (c *Void) guard(o *Order) error { return voidable(o, c) }

func (c *Void) decide(d *decider) error {
	request := VoidRequest{Actor: d.by, VoidWish: c.VoidWish}
	if d.by.Verified {
		request.Limit = c.Limit
	}
	plan, err := PlanVoid(d.o, request, d.now)
	if err != nil {
		return err
	}
	hash, err := c.confirmed(d, plan, request)
	if err != nil {
		return err
	}
	if c.ReasonCode == "other" && c.NoteID == "" && c.Reason == "" {
		return invalid("note", "required")
	}
	a := d.amendment(plan, request, hash)
	d.subject = a.ID
	d.emit(&voidRequested{Amendment: a})
	if a.Status == Running {
		d.start(a.ID)
	}
	return nil
}

// confirmed returns the hash that was agreed to. Without one, an operator's signal agrees to the plan of the moment.
func (c *Void) confirmed(d *decider, plan Plan, r VoidRequest) (string, error) {
	expires := expiryOf(c.PlanHash)
	switch {
	case c.PlanHash == "" && d.by.Verified:
		return "", invalid("plan_hash", "required")
	case c.PlanHash == "":
		return plan.Hash, nil
	case plan.seal(d.o, r, expires) != c.PlanHash:
		return "", &PlanError{Code: CodePlanStale, Plan: plan}
	case d.now.After(expires):
		return "", &PlanError{Code: CodePlanExpired, Plan: plan}
	}
	return c.PlanHash, nil
}

// amendment makes what is kept of a confirmed plan. It waits for a second person, or cools off, or runs at once.
func (d *decider) amendment(plan Plan, r VoidRequest, hash string) Amendment {
	n := len(d.o.Amendments) + 1
	a := Amendment{
		ID: AmendmentID("ZF", d.o.Number, n), Kind: plan.Kind, Status: Running, Hash: hash, Request: r, Whole: plan.Whole,
		Takes: plan.Takes, Approvals: plan.Approvals, Money: slices.Clone(plan.Money), Stake: plan.Stake, Retained: plan.Retained,
		Steps: plan.Steps, Alternatives: plan.Alternatives, RequestedAt: d.now, RequestNote: d.note,
	}
	refunds := d.o.refundsDecided()
	for i := range a.Money {
		if !a.Money[i].Refund.IsZero() || d.o.Payment(a.Money[i].Payment).Status == PaymentAuthorising {
			refunds++
			a.Money[i].Number = AmendmentID("TK", d.o.Number, refunds)
		}
	}
	policy := d.o.Policy
	switch {
	case len(plan.Approvals) > 0:
		a.Status, a.DueAt = AwaitingApproval, d.now.Add(policy.or(policy.ApprovalExpiry, DefaultPolicy().ApprovalExpiry))
	case policy.CoolingOff > 0:
		a.Status, a.DueAt = CoolingOff, d.now.Add(policy.CoolingOff)
	}
	return a
}

func (o *Order) refundsDecided() int {
	n := 0
	for _, a := range o.Amendments {
		for _, m := range a.Money {
			if m.Number != "" {
				n++
			}
		}
	}
	return n
}

func (d *decider) start(id string) {
	d.emit(&voidStarted{ID: id, Whole: d.o.Amendment(id).Whole})
}

// still tells whether a plan that was confirmed earlier is the plan now. Where it is not, it goes back to who asked.
func (d *decider) still(a *Amendment) bool {
	plan, err := planVoid(d.o, a.Request)
	return err == nil && plan.seal(d.o, a.Request, expiryOf(a.Hash)) == a.Hash
}

// startOrReturn starts an amendment if its plan is still the one that was confirmed.
func (d *decider) startOrReturn(a *Amendment) {
	if d.still(a) {
		d.start(a.ID)
		return
	}
	d.emit(&voidDropped{ID: a.ID, Status: Returned})
}

func (c *ApprovePlan) guard(o *Order) error { return awaits(o, c, AwaitingApproval, CodeNotAwaiting) }

func awaits(o *Order, c Command, status AmendmentStatus, code string) error {
	if a := o.waitingPlan(); a == nil || a.Status != status {
		return refuse(o, c, code)
	}
	return nil
}

// named returns the amendment that a command means. It refuses one that is not the one that waits.
func (o *Order) named(c Command, id string, code string) (*Amendment, error) {
	a := o.Amendment(id)
	if a == nil {
		return nil, refuse(o, c, CodeUnknownVoid, id)
	}
	if !a.Status.waits() {
		return nil, refuse(o, c, code)
	}
	return a, nil
}

// decide takes the yes of a second, signed-in person whose own limit covers the sum; a manager's covers any, for by then
// two people have looked.
func (c *ApprovePlan) decide(d *decider) error {
	a, err := d.o.named(c, c.ID, CodeNotAwaiting)
	if err != nil {
		return err
	}
	sum := a.Stake.Add(d.o.givenBack())
	switch {
	case !d.by.Verified:
		return ErrForbidden
	case d.by.ID == a.Request.Actor.ID:
		return refuse(&d.o, c, CodeOwnRequest)
	case sum.Minor > c.Limit && (d.by.Role != "manager" || !a.Request.Actor.Verified):
		return refuse(&d.o, c, CodeAboveLimit, sum.Decimal())
	}
	d.subject = a.ID
	if !a.DueAt.After(d.now) { // the timer has not fired yet
		d.emit(&voidDropped{ID: a.ID, Status: Expired})
		return nil
	}
	if !d.still(a) {
		d.emit(&voidDropped{ID: a.ID, Status: Returned, By: d.actor()})
		return nil
	}
	approved := &voidApproved{ID: a.ID, By: d.by}
	if d.o.Policy.CoolingOff > 0 {
		approved.CoolsUntil = d.now.Add(d.o.Policy.CoolingOff)
	}
	d.emit(approved)
	if approved.CoolsUntil.IsZero() {
		d.start(a.ID)
	}
	return nil
}

func (c *DeclinePlan) guard(o *Order) error { return awaits(o, c, AwaitingApproval, CodeNotAwaiting) }

// decide takes the no of a second person, or of whoever asked: a request may be withdrawn.
func (c *DeclinePlan) decide(d *decider) error {
	a, err := d.o.named(c, c.ID, CodeNotAwaiting)
	if err != nil {
		return err
	}
	if d.by.ID != a.Request.Actor.ID && !slices.Contains([]string{"finance", "manager"}, d.by.Role) {
		return ErrForbidden
	}
	d.subject = a.ID
	d.emit(&voidDropped{ID: a.ID, Status: Declined, By: d.actor()})
	return nil
}

func (c *Revoke) guard(o *Order) error { return awaits(o, c, CoolingOff, CodeNotCooling) }

func (c *Revoke) decide(d *decider) error {
	a, err := d.o.named(c, c.ID, CodeNotCooling)
	if err != nil {
		return err
	}
	d.subject = a.ID
	d.emit(&voidDropped{ID: a.ID, Status: Revoked, By: d.actor()})
	return nil
}

// plansDue ends the waiting of amendments whose time has come, and blocks steps that nobody has answered in time.
func (d *decider) plansDue() {
	if a := d.o.waitingPlan(); a != nil && !a.DueAt.After(d.now) {
		if a.Status == CoolingOff {
			d.startOrReturn(a)
		} else {
			d.emit(&voidDropped{ID: a.ID, Status: Expired})
		}
	}
	for _, a := range d.o.Amendments {
		for _, s := range a.Steps {
			if d.o.StepState(a, s) != StepWaiting || s.DueAt.IsZero() || s.DueAt.After(d.now) {
				continue
			}
			reason := ReasonOverdue
			if s.Asked {
				reason = ReasonCarrierSilent
			}
			d.emit(&parked{Task: d.o.taskOf(&a, s), Reason: reason, Role: s.Role})
		}
	}
}

// nextPlanWake returns when plansDue has something to do, or the zero time.
func (o *Order) nextPlanWake(earlier func(time.Time)) {
	for _, a := range o.Amendments {
		if a.Status.waits() {
			earlier(a.DueAt)
		}
		for _, s := range a.Steps {
			if a.Status == Running && s.End == "" && o.StepState(a, s) == StepWaiting {
				earlier(s.DueAt)
			}
		}
	}
}
