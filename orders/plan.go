package orders

import (
	"slices"
	"strings"
	"time"

	"amends/money"
)

// PlanVoid says what a void would do now. It is pure: the preview and the order's workflow make the same plan from the
// same order and the same request. It returns *TransitionError where nothing can be voided and *ValidationError for a
// request that cannot be met; the hash in the plan is valid until ExpiresAt.
func PlanVoid(o Order, r VoidRequest, now time.Time) (Plan, error) {
	if err := voidable(&o, &Void{}); err != nil {
		return Plan{}, err
	}
	if err := r.check(&o); err != nil {
		return Plan{}, err
	}
	plan, err := planVoid(o, r)
	if err != nil {
		return Plan{}, err
	}
	plan.ExpiresAt = now.Add(o.Policy.or(o.Policy.PlanExpiry, DefaultPolicy().PlanExpiry)).UTC().Truncate(time.Second)
	plan.Hash = plan.seal(o, r, plan.ExpiresAt)
	return plan, nil
}

// voidable refuses a void where it makes no sense, and says what is open instead.
func voidable(o *Order, c Command) error {
	switch {
	case o.Stage == Voiding || o.Stage == Voided:
		return refuse(o, c, CodeAlreadyVoided, lastVoid(o))
	case o.Stage == Rejected:
		return refuse(o, c, CodeOrderRejected)
	case o.Stage == Closed:
		return refuse(o, c, CodeOrderClosed)
	case o.waitingPlan() != nil:
		return refuse(o, c, CodePlanOpen, o.waitingPlan().ID)
	case !slices.ContainsFunc(o.Lines, func(l Line) bool { return l.voidable() > 0 }):
		return refuse(o, c, CodeNothingToVoid)
	}
	return nil
}

func lastVoid(o *Order) string {
	if len(o.Amendments) == 0 {
		return ""
	}
	return o.Amendments[len(o.Amendments)-1].ID
}

// voidable returns how many units may still be voided: a service that was performed may not.
func (l Line) voidable() int64 {
	if l.Kind == Service && l.Delivered > 0 {
		return 0
	}
	return l.Kept()
}

// check refuses a request that says something unusable, whatever the state of its lines.
func (r VoidRequest) check(o *Order) error {
	if !slices.Contains(VoidReasons, r.ReasonCode) {
		return invalid("reason_code", "unknown_value", strings.Join(VoidReasons, ", "))
	}
	if modes := []string{"", RefundOriginal, RefundNone, RefundCarryOver}; !slices.Contains(modes, r.Refund.Mode) {
		return invalid("refund.mode", "unknown_value", strings.Join(modes[1:], ", "))
	}
	for i, d := range r.Notify.Departments {
		if !slices.Contains(Departments(), d) {
			return invalid("notify.departments["+id("", i-1)+"]", "unknown_value", strings.Join(Departments(), ", "))
		}
	}
	if r.Lines != nil && len(r.Lines) == 0 {
		return invalid("lines", "no_lines")
	}
	if len(r.Restock) > 0 && !r.Actor.Verified { // nobody has looked whether there is such a warehouse
		return invalid("restock", "not_taken")
	}
	for i, to := range r.Restock {
		field := "restock[" + id("", i-1) + "]"
		if line := o.Line(to.LineID); line == nil || line.Kind != Goods {
			return invalid(field+".line_id", "unknown_line")
		}
		if to.Warehouse == "" || len(to.Warehouse) > 64 {
			return invalid(field+".warehouse", "required")
		}
	}
	return nil
}

// planner makes one plan. After is the order as it will be once the plan's units are voided.
type planner struct {
	now   Order
	after Order
	req   VoidRequest
	plan  Plan
	parts []parcelPart
}

// parcelPart is what a void takes of a parcel.
type parcelPart struct {
	shipment Shipment
	lines    []ShipmentLine
}

// planVoid makes the plan without asking whether another one is open.
func planVoid(o Order, r VoidRequest) (Plan, error) {
	p := &planner{now: o, after: o.clone(), req: r}
	p.plan = Plan{Kind: KindVoid, Order: o.Number, OrderVersion: o.Version, Retained: money.New(0, o.Currency)}
	if err := p.take(); err != nil {
		return Plan{}, err
	}
	p.plan.Whole = !slices.ContainsFunc(p.after.Lines, func(l Line) bool { return l.Kept() > 0 })
	p.plan.Total = p.after.Total()
	if err := p.money(); err != nil {
		return Plan{}, err
	}
	p.goods()
	p.services()
	p.purchases()
	p.payments()
	p.notices()
	p.approvals()
	p.advice()
	return p.plan, nil
}

// take decides which units of which lines are voided.
func (p *planner) take() error {
	wishes := p.req.Lines
	if len(wishes) == 0 {
		for _, l := range p.now.Lines {
			if left := l.voidable(); left > 0 {
				wishes = append(wishes, ShipLine{LineID: l.ID, Quantity: left})
			}
		}
	}
	for i, wish := range wishes {
		if err := p.checkWish(i, wish); err != nil {
			return err
		}
		p.takeUnits(p.after.Line(wish.LineID), wish.Quantity)
	}
	if len(p.plan.Takes) == 0 {
		return &TransitionError{Command: CmdVoid, Stage: p.now.Stage, Code: CodeNothingToVoid}
	}
	p.takeParcels()
	return nil
}

func (p *planner) checkWish(i int, wish ShipLine) error {
	field := "lines[" + id("", i-1) + "]"
	line := p.now.Line(wish.LineID)
	switch {
	case line == nil:
		return invalid(field+".line_id", "unknown_line")
	case slices.ContainsFunc(p.plan.Takes, func(t Take) bool { return t.LineID == wish.LineID }):
		return invalid(field+".line_id", "repeated")
	case line.Kind == Service && line.Delivered > 0:
		return invalid(field+".line_id", "service_performed")
	case line.voidable() == 0:
		return invalid(field+".line_id", "nothing_left")
	case wish.Quantity < 1 || wish.Quantity > line.voidable():
		return invalid(field+".quantity", "out_of_range", 1, line.voidable())
	}
	return nil
}

// takeUnits voids units of a line, those that nobody has handed over first.
func (p *planner) takeUnits(line *Line, quantity int64) {
	take := Take{LineID: line.ID, Quantity: quantity}
	if line.Kind == Goods {
		take.Shipped = quantity - min(quantity, line.Open())
		p.plan.Stock = append(p.plan.Stock, p.stockEffect(line, quantity-take.Shipped, take.Shipped))
	}
	line.Voided += take.Quantity
	line.Recalled += take.Shipped
	p.plan.Takes = append(p.plan.Takes, take)
}

// stockEffect splits what was not handed over: what is not reserved goes first, then what is not packed.
func (p *planner) stockEffect(line *Line, unshipped, shipped int64) StockEffect {
	packed := p.now.packedOpen(line.ID)
	free := keptBefore(p.now.packable(line.ID), line.ID)
	e := StockEffect{LineID: line.ID, Return: shipped}
	e.Withdraw = min(unshipped, max(0, line.Open()-packed-free))
	e.Release = min(unshipped-e.Withdraw, free)
	e.PutBack = unshipped - e.Withdraw - e.Release
	return e
}

// takeParcels says from which parcels the units come that are packed or handed over.
func (p *planner) takeParcels() {
	packed, shipped := map[string]int64{}, map[string]int64{}
	for _, e := range p.plan.Stock {
		packed[e.LineID], shipped[e.LineID] = e.PutBack, e.Return
	}
	p.takeFrom(packed, func(s Shipment) bool { return s.Status == Packed })
	whole := func(s Shipment) bool {
		return (s.onItsWay() || s.Status == Refused || s.Status == Lost) && s.within(shipped)
	}
	p.takeFrom(shipped, whole)
	p.takeFrom(shipped, func(s Shipment) bool { return s.Status == Delivered })
	p.takeFrom(shipped, func(s Shipment) bool { return s.Status != Packed && s.Status != Cancelled })
}

// takeFrom takes the wanted units from the parcels that fit, the latest first.
func (p *planner) takeFrom(wanted map[string]int64, fits func(Shipment) bool) {
	for i := len(p.after.Shipments) - 1; i >= 0; i-- {
		s := &p.after.Shipments[i]
		if !fits(*s) {
			continue
		}
		part := parcelPart{shipment: p.now.Shipments[i]}
		for j := range s.Lines {
			l := &s.Lines[j]
			if quantity := min(wanted[l.LineID], l.Quantity-l.Voided); quantity > 0 {
				l.Voided += quantity
				wanted[l.LineID] -= quantity
				part.lines = append(part.lines, ShipmentLine{LineID: l.LineID, Warehouse: l.Warehouse, Quantity: quantity})
			}
		}
		if len(part.lines) > 0 {
			p.parts = append(p.parts, part)
		}
	}
}

// within tells whether everything that is kept of the parcel is wanted back.
func (s Shipment) within(wanted map[string]int64) bool {
	for _, l := range s.Lines {
		if keptBefore(s.Lines, l.LineID) > wanted[l.LineID] {
			return false
		}
	}
	return s.kept()
}

// step adds a step and returns its ID.
func (p *planner) step(s Step) string {
	s.ID, s.Try, s.Role = id("", len(p.plan.Steps)), 1, stepRole(s.Kind)
	p.plan.Steps = append(p.plan.Steps, s)
	return s.ID
}

// notices plans who is told, and that the customer is told again when the money has moved.
func (p *planner) notices() {
	customer := p.req.Notify.Customer == nil || *p.req.Notify.Customer
	moneySteps := p.stepsOf(StepRefund, StepReleasePayment, StepCarryOver)
	if customer {
		p.step(Step{Kind: StepTell})
		p.plan.Notices = append(p.plan.Notices, "customer")
	}
	departments := p.departments()
	if len(departments) > 0 {
		p.step(Step{Kind: StepTellDepts, Subject: strings.Join(departments, ",")})
		p.plan.Notices = append(p.plan.Notices, departments...)
	}
	if customer && len(moneySteps) > 0 {
		p.step(Step{Kind: StepTellMoney, After: moneySteps})
	}
}

// departments lists those that are asked for, or those that have something to do or to know.
func (p *planner) departments() []string {
	if len(p.req.Notify.Departments) > 0 {
		return p.req.Notify.Departments
	}
	concerned := []string{"sales"}
	for _, of := range []struct {
		department string
		kinds      []string
	}{
		{"warehouse", []string{StepPutBack, StepCancelLabel, StepIntercept, StepReceive}},
		{"finance", []string{StepRefund, StepReleasePayment, StepReverse, StepCreditNote, StepPaperInvoice}},
		{"purchasing", []string{StepCancelPurchase}},
		{"service", []string{StepFreeSlots}},
	} {
		if len(p.stepsOf(of.kinds...)) > 0 {
			concerned = append(concerned, of.department)
		}
	}
	return concerned
}

func (p *planner) stepsOf(kinds ...string) []string {
	var ids []string
	for _, s := range p.plan.Steps {
		if slices.Contains(kinds, s.Kind) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// approvals says why a second person must approve. Limits look at all that the order gives back, so that splitting
// does not pass.
func (p *planner) approvals() {
	p.plan.Stake = p.stake()
	back, before := p.plan.Stake, p.now.givenBack()
	limit, reason := p.req.Limit, ApprovalAmount
	if !p.req.Actor.Verified {
		limit, reason = p.now.Policy.UnverifiedLimit, ApprovalUnverified
	}
	add := func(reason string, needed bool) {
		if needed {
			p.plan.Approvals = append(p.plan.Approvals, reason)
		}
	}
	add(reason, back.Minor > 0 && back.Add(before).Minor > limit)
	add(ApprovalGoodsLeft, slices.ContainsFunc(p.plan.Takes, func(t Take) bool { return t.Shipped > 0 }))
	add(ApprovalPolicy, p.now.Policy.VoidApproval)
}

// givenBack sums what the order's voids have decided to give back.
func (o *Order) givenBack() money.Amount {
	var sum money.Amount
	for _, a := range o.Amendments {
		if a.Status == Running || a.Status == Completed {
			sum = sum.Add(a.Stake)
		}
	}
	return sum
}

// stake is what the customer gets back or need not pay any more: where the provider holds the money for the whole order, a
// part of it is given up now and released later.
func (p *planner) stake() money.Amount {
	back, lost := moneyBack(p.plan.Money), p.now.Total().Sub(p.plan.Total)
	held := slices.ContainsFunc(p.now.Payments, func(pay Payment) bool { return !p.now.releasable(pay).IsZero() })
	if held && back.Less(lost) {
		return lost
	}
	return back
}

func moneyBack(list []MoneyBack) money.Amount {
	var sum money.Amount
	for _, m := range list {
		sum = sum.Add(m.Release).Add(m.Refund)
	}
	return sum
}

// advice adds what the author should know, and what the customer may be offered instead.
func (p *planner) advice() {
	for _, l := range p.now.Lines {
		if l.Kind == Service && l.Delivered > 0 {
			p.plan.Warnings = append(p.plan.Warnings, Finding{Code: "service_performed", LineID: l.ID})
		}
	}
	if p.plan.Retained.Minor > 0 {
		p.plan.Warnings = append(p.plan.Warnings, Finding{Code: "money_retained", Detail: p.plan.Retained.Decimal()})
	}
	offer := func(code string, sensible bool) {
		if sensible {
			p.plan.Alternatives = append(p.plan.Alternatives, code)
		}
	}
	left := slices.ContainsFunc(p.plan.Takes, func(t Take) bool { return t.Shipped > 0 })
	stays := slices.ContainsFunc(p.plan.Takes, func(t Take) bool { return t.Shipped < t.Quantity })
	offer("void_unshipped", left && stays)
	offer("hold", p.now.Hold == nil && !left)
	offer("reschedule", len(p.plan.Appointments) > 0)
	offer("after_sales", left || len(p.plan.Warnings) > 0)
	offer("place_again", true)
}
