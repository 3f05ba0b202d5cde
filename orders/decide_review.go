package orders

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// RejectReasons are the codes that Reject takes. The code other needs a note.
var RejectReasons = []string{
	"duplicate", "invalid", "customer_request", "out_of_stock", "price_error", "information_error", "credit_refused",
	"payment_failed", "fraud_suspected", "service_unavailable", "other",
}

func (c *Approve) guard(o *Order) error { return working(o, c) }

// decide refuses an unverified actor, for a raw signal never approves, and whoever submitted the order.
func (c *Approve) decide(d *decider) error {
	if !d.by.Verified {
		return ErrForbidden
	}
	if err := d.o.fourEyes(d.by); err != nil {
		return err
	}
	d.emit(&approved{})
	return nil
}

// fourEyes refuses the approval of one's own order: who asks is never who approves.
func (o *Order) fourEyes(actor Actor) error {
	if actor.ID == o.SubmittedBy {
		return &TransitionError{Command: CmdApprove, Stage: o.Stage, Code: CodeOwnRequest}
	}
	return nil
}

func (c *SendBack) guard(o *Order) error { return working(o, c) }
func (c *SendBack) decide(d *decider) error {
	d.emit(&sentBack{})
	return nil
}

func (c *Resubmit) guard(o *Order) error { return working(o, c) }
func (c *Resubmit) decide(d *decider) error {
	if c.Draft != nil {
		if err := c.Draft.check(); err != nil {
			return err
		}
		c.Draft.Replaces, c.Draft.Carried = d.o.Replaces, d.o.Carried // whoever sent the draft
	}
	d.emit(&resubmitted{Draft: c.Draft, By: d.by.ID})
	return nil
}

func (c *Reject) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	if slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Shipped > 0 || l.Delivered > 0 }) {
		return refuse(o, c, CodeAlreadyShipped)
	}
	if i := slices.IndexFunc(o.Amendments, func(a Amendment) bool { return a.Status.Open() }); i >= 0 {
		return refuse(o, c, CodePlanOpen, o.Amendments[i].ID)
	}
	return nil
}

// decide refuses an unverified actor where rejecting would pay money back: a raw signal moves none.
func (c *Reject) decide(d *decider) error {
	if !d.by.Verified && slices.ContainsFunc(d.o.Payments, func(p Payment) bool { return !p.Captured.IsZero() }) {
		return ErrForbidden
	}
	if !slices.Contains(RejectReasons, c.ReasonCode) {
		return invalid("reason_code", "unknown_value", strings.Join(RejectReasons, ", "))
	}
	if c.ReasonCode == "other" && c.NoteID == "" && c.Reason == "" {
		return invalid("note", "required")
	}
	survivor := c.Survivor
	for _, f := range d.o.Review.Findings {
		if survivor == "" && f.Code == FindingHardDuplicate && c.ReasonCode == "duplicate" {
			survivor = f.Detail
		}
	}
	switch {
	case c.ReasonCode == "duplicate" && survivor == "":
		return invalid("survivor", "required")
	case survivor == d.o.Number:
		return invalid("survivor", "same_order")
	}
	d.emit(&rejected{ReasonCode: c.ReasonCode, Survivor: survivor})
	return nil
}

func (c *PutOnHold) guard(o *Order) error {
	return working(o, c)
}

func (c *PutOnHold) decide(d *decider) error {
	d.emit(&held{})
	return nil
}

func (c *Resume) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	if o.Hold == nil {
		return refuse(o, c, CodeNotOnHold)
	}
	return nil
}

func (c *Resume) decide(d *decider) error {
	d.emit(&resumed{})
	return nil
}

func (c *Retry) guard(o *Order) error {
	if o.Hold != nil {
		return refuse(o, c, CodeOnHold, c.Name())
	}
	if len(o.Attention) == 0 && len(o.Incidents) == 0 {
		return refuse(o, c, CodeNothingToRetry)
	}
	return nil
}

// decide leaves parcels that did not arrive to those who talk to the customer, unless nothing else is parked.
func (c *Retry) decide(d *decider) error {
	all, ours := &retried{Noted: true}, &retried{Noted: true}
	for _, a := range d.o.Attention {
		all.Tasks = append(all.Tasks, a.Task)
		if kind, _ := splitTask(a.Task); kind != TaskDeliver {
			ours.Tasks = append(ours.Tasks, a.Task)
		}
	}
	if len(ours.Tasks) > 0 && !slices.Contains([]string{"clerk", "manager", OperatorActor.Role}, d.by.Role) {
		all = ours
	}
	d.emit(all)
	return nil
}

// Codes of findings of the review.
const (
	FindingNoContact       = "no_contact"
	FindingNoAddress       = "no_address"
	FindingUnknownDistrict = "unknown_district"
	FindingPriceDeviation  = "price_deviation"
	FindingShortStock      = "short_stock"
	FindingHardDuplicate   = "hard_duplicate"
	FindingSoftDuplicate   = "soft_duplicate"
	FindingLargeAmount     = "large_amount"
)

// Examine returns what the review raises: an order without findings passes by rule. The payment terms need no check
// while all orders are prepaid.
func (o Order) Examine(facts ReviewFacts) []Finding {
	var found []Finding
	add := func(code, line, detail string) {
		found = append(found, Finding{Code: code, LineID: line, Detail: detail})
	}
	if !o.Contact.HasPhone && !o.Contact.HasEmail {
		add(FindingNoContact, "", "")
	}
	switch {
	case !o.Contact.HasAddress && o.needsAddress():
		add(FindingNoAddress, "", "")
	case o.Contact.HasAddress && !o.Contact.KnownDistrict:
		add(FindingUnknownDistrict, "", "")
	}
	for _, l := range o.Lines {
		if deviation := l.deviation(); max(deviation, -deviation) > o.Policy.PriceDeviation {
			add(FindingPriceDeviation, l.ID, fmt.Sprintf("%+d%%", deviation))
		}
	}
	for _, line := range facts.Short {
		add(FindingShortStock, line, "")
	}
	for _, number := range facts.HardDuplicates {
		add(FindingHardDuplicate, "", number)
	}
	for _, number := range facts.SoftDuplicates {
		add(FindingSoftDuplicate, "", number)
	}
	if total := o.Total(); total.Minor >= o.Policy.LargeAmount {
		add(FindingLargeAmount, "", total.Decimal())
	}
	return found
}

func (o *Order) needsAddress() bool {
	return o.hasServices() || (o.hasGoods() && o.Delivery.Method != "pickup")
}

// deviation is how far the price after discount lies from the list price, in per cent, rounded away from zero.
func (l Line) deviation() int64 {
	list := l.ListPrice.Times(l.Ordered)
	if list.IsZero() {
		return 0
	}
	difference := l.Gross().Sub(list)
	hundredfold := new(big.Int).Mul(big.NewInt(difference.Minor), big.NewInt(100))
	percent, rest := new(big.Int).QuoRem(hundredfold, big.NewInt(list.Minor), new(big.Int))
	return percent.Int64() + int64(rest.Sign())
}
