package orders

import (
	"errors"
	"slices"

	"amends/money"
)

// money decides what is given back of each payment: what the provider holds is released where nothing is left to be
// paid, and what it has taken beyond what the kept units cost is refunded.
func (p *planner) money() error {
	owed := p.now.refundable(&p.after)
	if p.req.Refund.Mode == RefundCarryOver && !p.carries(owed) {
		return invalid("refund.mode", "cannot_carry_over")
	}
	refund, err := p.req.Refund.amount(owed)
	if err != nil {
		return err
	}
	p.plan.Retained = owed.Sub(refund)
	left := refund
	for _, pay := range p.now.Payments {
		back := MoneyBack{Payment: pay.ID, Release: p.now.releasable(pay), Refund: min2(left, p.now.returnable(pay))}
		if !p.plan.Whole {
			back.Release = money.New(0, p.now.Currency)
		}
		left = left.Sub(back.Refund)
		if !back.Release.IsZero() || !back.Refund.IsZero() {
			p.plan.Money = append(p.plan.Money, back)
		}
	}
	return nil
}

// carries tells whether all that the order cost was taken with one payment and is free to pay for it again.
func (p *planner) carries(owed money.Amount) bool {
	pays := p.now.Payments
	return p.plan.Whole && len(pays) == 1 && pays[0].AtOnce && owed.Minor > 0 && owed == p.now.Total() && p.req.Refund.Amount == ""
}

func min2(a, b money.Amount) money.Amount {
	if b.Less(a) {
		return b
	}
	return a
}

// refundable is what was taken, or is being taken, beyond what the order costs afterwards, beyond what is on its way back
// already, and beyond what earlier voids kept. A payment that is just being authorised may turn out to be taken at once.
func (o *Order) refundable(after *Order) money.Amount {
	have, keep := money.New(0, o.Currency), after.earned()
	for _, pay := range o.Payments {
		have = have.Add(o.returnable(pay))
		if pay.AtOnce || pay.Status == PaymentAuthorising {
			keep = after.Total()
		}
	}
	keep = keep.Add(o.retained(""))
	if have.Less(keep) || o.wholeAuthorising(after) {
		return money.New(0, o.Currency)
	}
	return have.Sub(keep)
}

// retained sums what voids kept, up to one of them and without it.
func (o *Order) retained(upTo string) money.Amount {
	sum := money.New(0, o.Currency)
	for _, a := range o.Amendments {
		if a.ID == upTo {
			break
		}
		if a.Status == Running || a.Status == Completed {
			sum = sum.Add(a.Retained)
		}
	}
	return sum
}

// wholeAuthorising tells whether a payment is being authorised of which nothing will be needed: the plan releases it, and
// refunds it instead should it turn out to be taken.
func (o *Order) wholeAuthorising(after *Order) bool {
	nothing := !slices.ContainsFunc(after.Lines, func(l Line) bool { return l.Kept() > 0 })
	return nothing && slices.ContainsFunc(o.Payments, func(p Payment) bool { return p.Status == PaymentAuthorising })
}

// returnable is what of a payment is taken, or will have been once running calls have settled, and neither given back nor
// promised to be.
func (o *Order) returnable(pay Payment) money.Amount {
	have := pay.Captured.Sub(pay.Refunded).Sub(o.promised(pay.ID, ""))
	if pay.Status == PaymentAuthorising {
		return pay.Amount.Sub(o.promised(pay.ID, ""))
	}
	for _, c := range o.Captures {
		if c.Payment == pay.ID && c.open() && pay.Status == PaymentAuthorised {
			have = have.Add(c.Amount)
		}
	}
	return have
}

// promised sums what open steps give back of a payment, up to a step and without it.
func (o *Order) promised(payment, upTo string) money.Amount {
	sum := money.New(0, o.Currency)
	for n, a := range o.Amendments {
		for _, s := range a.Steps {
			switch {
			case upTo != "" && stepTask(n, s) == upTo:
				return sum
			case a.Status == Running && s.End == "" && (s.Kind == StepRefund || s.Kind == StepCarryOver) && s.Subject == payment:
				sum = sum.Add(*s.Amount)
			}
		}
	}
	return sum
}

// releasable is what the provider holds of a payment and will not have taken.
func (o *Order) releasable(pay Payment) money.Amount {
	held := pay.Status == PaymentAuthorising || pay.Status == PaymentAuthorised && pay.Reference != "" && !pay.AtOnce
	if !held {
		return money.New(0, o.Currency)
	}
	if pay.Status == PaymentAuthorising {
		return pay.Amount
	}
	return pay.Amount.Sub(pay.Refunded).Sub(o.returnable(pay).Add(o.promised(pay.ID, "")))
}

// earned is what the units that were handed over or performed, and are kept, cost. The delivery fee is taken with the
// first of them.
func (o *Order) earned() money.Amount {
	sum, any := money.New(0, o.Currency), false
	for _, l := range o.Lines {
		any = any || l.Shipped > 0 || l.Delivered > 0
		kept := l.keptShipped()
		if l.Kind == Service {
			kept = l.Delivered
		}
		sum = sum.Add(l.worth(kept))
	}
	if any {
		sum = sum.Add(o.fee())
	}
	return sum
}

// amount reads how much is to be refunded of what is owed. Above it is refused with the maximum.
func (w RefundWish) amount(owed money.Amount) (money.Amount, error) {
	if w.Mode == RefundNone {
		return money.New(0, owed.Currency), nil
	}
	if w.Amount == "" {
		return owed, nil
	}
	amount, err := money.Parse(w.Amount, owed.Currency)
	switch {
	case errors.Is(err, money.ErrTooFine):
		return owed, invalid("refund.amount", "too_many_decimals", money.Places(owed.Currency))
	case err != nil:
		return owed, invalid("refund.amount", "not_an_amount")
	case amount.IsNegative() || owed.Less(amount):
		return owed, invalid("refund.amount", "above_cap", owed.Decimal(), owed.Currency)
	}
	return amount, nil
}

// payments plans the steps of money, invoice and ledger. A refund waits for the goods unless policy says otherwise.
func (p *planner) payments() {
	var goods []string
	if !p.now.Policy.RefundFirst {
		goods = p.stepsOf(StepInspect, StepPutBack)
	}
	for _, back := range p.plan.Money {
		if !back.Release.IsZero() {
			p.step(Step{Kind: StepReleasePayment, Subject: back.Payment, Amount: &back.Release, After: goods})
		}
		if !back.Refund.IsZero() {
			refund := Step{Kind: StepRefund, Subject: back.Payment, Amount: &back.Refund, After: goods}
			if p.now.Payment(back.Payment).Status == PaymentAuthorising {
				refund.Outcome = OutcomeIfTaken
			}
			if p.req.Refund.Mode == RefundCarryOver {
				refund.Kind, refund.Role, refund.After = StepCarryOver, "clerk", nil
			}
			p.step(refund)
		}
	}
	lost := p.now.Total().Sub(p.plan.Total)
	if unearned := lost.Sub(p.plan.Retained); p.now.Stage == AfterSales && unearned.Minor > 0 { // what we keep, we have earned
		p.step(Step{Kind: StepReverse, Amount: &unearned})
	}
	p.invoice(lost)
}

// invoice plans for the invoice: a request is cancelled when nothing is left to be billed, an issued one needs a credit
// note, and of a paper one finance decides.
func (p *planner) invoice(lost money.Amount) {
	issued := p.now.Invoiced
	switch {
	case issued != nil && issued.Paper && !lost.IsZero():
		p.step(Step{Kind: StepPaperInvoice, Subject: issued.Number, Amount: &lost})
	case issued != nil && !lost.IsZero():
		p.step(Step{Kind: StepCreditNote, Subject: issued.Number, Amount: &lost})
	case issued == nil && p.plan.Whole && p.now.Invoice.Kind != "" && p.now.Invoice.Kind != "none" && !p.now.InvoiceOff:
		p.step(Step{Kind: StepInvoice})
	}
}
