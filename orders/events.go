package orders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"amends/money"
)

// Kinds of event, as they stand in the timeline.
const (
	EventCreated        = "created"
	EventChecked        = "checked"
	EventReviewRequired = "review_required"
	EventApproved       = "approved"
	EventSentBack       = "sent_back"
	EventResubmitted    = "resubmitted"
	EventRejected       = "rejected"
	EventHeld           = "held"
	EventResumed        = "resumed"
	EventParked         = "parked"
	EventRetried        = "retried"
	EventIncident       = "incident"
	EventStockReserved  = "stock_reserved"
	EventStockAllotted  = "stock_allotted"
	EventStockReleased  = "stock_released"
	EventStockMoved     = "stock_moved"
	EventSlotsFreed     = "slots_freed"
	EventAuthorised     = "payment_authorised"
	EventDeclined       = "payment_declined"
	EventCaptured       = "payment_captured"
	EventReleased       = "payment_released"
	EventRefunded       = "payment_refunded"
	EventPacked         = "packed"
	EventBooked         = "carrier_booked"
	EventLabelCancelled = "label_cancelled"
	EventHandedOver     = "handed_over"
	EventParcelMoved    = "parcel_moved"
	EventParcelNoted    = "parcel_event_noted"
	EventPerformed      = "performed"
	EventRescheduled    = "rescheduled"
	EventFulfilled      = "fulfilled"
	EventReminded       = "sign_off_reminded"
	EventSignedOff      = "signed_off"
	EventRevenue        = "revenue_recognised"
	EventOverdue        = "overdue"
	EventClosed         = "closed"
	EventCancelAsked    = "cancellation_asked"

	EventCarriedOver      = "carried_over"
	EventPurchaseAsked    = "purchase_requested"
	EventPurchaseAnswered = "purchase_answered"
	EventPurchaseEnded    = "purchase_ended"
	EventInvoiceIssued    = "invoice_issued"
)

// An event is one change of an order. Its fields are what the timeline keeps as data.
type event interface {
	kind() string
	apply(o *Order, at time.Time)
}

// newEvent returns an empty event of the kind, or nil for an unknown one.
func newEvent(kind string) event {
	for _, e := range []event{
		&created{}, &checked{}, &reviewRequired{}, &approved{}, &sentBack{}, &resubmitted{}, &rejected{}, &held{}, &resumed{},
		&parked{}, &retried{}, &incident{}, &stockReserved{}, &stockAllotted{}, &stockReleased{}, &stockMoved{}, &slotsFreed{}, &authorised{},
		&declined{}, &captured{}, &released{}, &refunded{}, &packed{}, &booked{}, &labelCancelled{}, &handedOver{},
		&parcelMoved{}, &parcelNoted{}, &performed{}, &rescheduled{}, &fulfilled{}, &reminded{}, &signedOff{}, &revenue{},
		&overdue{}, &closed{}, &cancellationAsked{}, &purchaseRequested{}, &purchaseAnswered{}, &purchaseEnded{}, &invoiceIssued{}, &carriedOver{},
		&voidRequested{}, &voidApproved{}, &voidStarted{}, &voidStarted{Whole: true}, &voided{}, &partVoided{},
		&voidDropped{Status: Declined}, &voidDropped{Status: Expired}, &voidDropped{Status: Returned}, &voidDropped{Status: Revoked},
		&stepAsked{}, &stepConfirmed{}, &stepAmended{}, &waiveAsked{}, &stockAdjusted{}, &captureDropped{}, &goodsReturned{},
		&stepEnded{End: EndDone}, &stepEnded{End: EndCompleted}, &stepEnded{End: EndWaived}, &stepEnded{End: EndMoot},
	} {
		if e.kind() == kind {
			return e
		}
	}
	return nil
}

// Apply returns the order after a recorded event. Folding all events of an order from the zero Order gives its state.
// It fails only for events that this version of the code does not know.
func Apply(o Order, r Recorded) (Order, error) {
	e := newEvent(r.Kind)
	if e == nil {
		return o, &ValidationError{Field: "kind", Code: CodeUnreadable, Params: []string{r.Kind}}
	}
	if err := json.Unmarshal(r.Data, e); err != nil {
		return o, &ValidationError{Field: "data", Code: CodeUnreadable, Params: []string{r.Kind}}
	}
	o = o.clone()
	o.apply(e, r)
	return o, nil
}

// apply changes the order in place: first what every event does, then what this one does, then the stage.
func (o *Order) apply(e event, r Recorded) {
	from := o.Stage
	e.apply(o, r.At)
	o.Seq, o.Version, o.Chain = r.Seq, r.Version, r.Chain
	if r.Command != "" && !slices.Contains(o.Processed, r.Command) {
		o.Processed = append(o.Processed, r.Command)
	}
	if o.Stage = r.Stage; o.Stage != from {
		o.enter(r.At)
	}
}

// enter starts the clocks of a stage.
func (o *Order) enter(at time.Time) {
	o.StageSince, o.Overdue, o.Deadlines = at, nil, nil
	switch o.Stage {
	case InReview:
		o.setDeadline(DeadlineReview, at.Add(o.Policy.ReviewDeadline))
	case Fulfilling:
		o.setDeadline(DeadlineFulfil, at.Add(o.Policy.FulfilDeadline))
	case SigningOff:
		o.setDeadline(DeadlineReminder, at.Add(o.Policy.SignOffReminder))
		o.setDeadline(DeadlineSignOff, at.Add(o.Policy.AutoSignOff))
	case AfterSales:
		if end := endOfWindow(o.SignedOffAt, o.Terms.AfterSalesDays); end.After(at) {
			o.setDeadline(DeadlineAfterSales, end)
		}
	case Created, SentBack, Closed, Voiding, Voided, Rejected:
	}
}

// clockAt returns from when a clock runs that starts at a moment: the clocks stand still during a hold, and what starts
// then moves with all the others when the hold ends.
func (o *Order) clockAt(at time.Time) time.Time {
	if o.Hold != nil {
		return o.Hold.Since
	}
	return at
}

// setDeadline sets or moves a deadline and keeps the list sorted, the next one first.
func (o *Order) setDeadline(kind string, due time.Time) {
	o.clearDeadline(kind)
	o.Deadlines = append(o.Deadlines, Deadline{Kind: kind, DueAt: due.UTC()})
	slices.SortFunc(o.Deadlines, func(a, b Deadline) int { return a.DueAt.Compare(b.DueAt) })
}

func (o *Order) clearDeadline(kind string) {
	o.Deadlines = slices.DeleteFunc(o.Deadlines, func(d Deadline) bool { return d.Kind == kind })
}

// china is the time zone of legal windows; the country has no daylight saving time.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// endOfWindow returns when a window of so many calendar days after a moment ends: at midnight after the last day, China
// time. A window of zero days ends at once.
func endOfWindow(from time.Time, days int) time.Time {
	if days <= 0 {
		return from
	}
	y, m, d := from.In(china).Date()
	return time.Date(y, m, d+days+1, 0, 0, 0, 0, china).UTC()
}

// digest chains an event to all before it.
func digest(previous string, r Recorded) string {
	r.Chain = previous
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, numbers, times and valid JSON always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// New returns a new order with its first event, which the API records before the workflow starts.
func New(number string, draft Draft, policy Policy, by Actor, command string, now time.Time) (Order, Recorded) {
	d := &decider{now: instant(now), by: by, command: command, version: 1}
	d.emit(&created{Number: number, Rules: Rules, CreatedBy: by.ID, Draft: draft, Policy: policy})
	return d.o, d.events[0]
}

type created struct {
	Number    string `json:"number"`
	Rules     int    `json:"rules"`
	CreatedBy string `json:"created_by"`
	Draft     Draft  `json:"draft"`
	Policy    Policy `json:"policy"`
}

func (*created) kind() string { return EventCreated }
func (e *created) apply(o *Order, at time.Time) {
	o.Number, o.Rules, o.CreatedBy, o.Draft, o.Policy = e.Number, e.Rules, e.CreatedBy, e.Draft, e.Policy
	o.CreatedAt, o.SubmittedBy = at, e.CreatedBy
	o.startReview()
}

// startReview numbers the next round of checks.
func (o *Order) startReview() {
	o.Review = Review{Round: o.Review.Round + 1, Pending: true}
}

type checked struct {
	Findings []Finding `json:"findings,omitempty"`
}

func (*checked) kind() string { return EventChecked }
func (e *checked) apply(o *Order, _ time.Time) {
	o.Review.Pending, o.Review.Findings = false, e.Findings
}

type reviewRequired struct{}

func (*reviewRequired) kind() string            { return EventReviewRequired }
func (*reviewRequired) apply(*Order, time.Time) {}

// approved opens fulfilment: the payment is to be authorised, the goods reserved, the appointments stand.
type approved struct {
	ByRule bool `json:"by_rule"`
}

func (*approved) kind() string { return EventApproved }
func (*approved) apply(o *Order, _ time.Time) {
	payment := Payment{ID: "P1", Status: PaymentAuthorising, Amount: o.Total(), Try: 1}
	payment.Captured, payment.Refunded = money.New(0, o.Currency), money.New(0, o.Currency)
	if o.Total().IsZero() {
		payment.Status = PaymentAuthorised
	}
	if o.Carried != nil && o.Carried.Amount != payment.Amount {
		o.Carried = nil // the order costs something else by now: it is paid anew
	}
	o.Payments = []Payment{payment}
	for _, slot := range o.Slots {
		o.Appointments = append(o.Appointments, Appointment{ID: id("A", len(o.Appointments)), Status: Scheduled, Slot: slot})
	}
	o.Slots = nil
	// Goods that an approval took which history forgot, before the order was resubmitted, are given back by asking.
	if o.hasGoods() || o.Review.Round > 1 {
		o.askForStock()
	}
}

func (o *Order) askForStock() {
	o.Stock.Round, o.Stock.Pending = o.Stock.Round+1, true
}

func (o *Order) hasGoods() bool {
	return slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Kind == Goods })
}

func (o *Order) hasServices() bool {
	return slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Kind == Service })
}

type sentBack struct{}

func (*sentBack) kind() string            { return EventSentBack }
func (*sentBack) apply(*Order, time.Time) {}

type resubmitted struct {
	Draft *Draft `json:"draft,omitempty"`
	By    string `json:"by"`
}

func (*resubmitted) kind() string { return EventResubmitted }
func (e *resubmitted) apply(o *Order, _ time.Time) {
	o.SubmittedBy = e.By
	if e.Draft != nil {
		o.giveUpSlots()
		o.Draft, o.Reservations = *e.Draft, nil
		o.FreeSlots = slices.DeleteFunc(o.FreeSlots, o.claims) // the same time again
	}
	o.startReview()
}

func (d Draft) claims(slot string) bool {
	return slices.ContainsFunc(d.Slots, func(s Slot) bool { return s.ID == slot })
}

// giveUpSlots frees every technician's time that the order holds.
func (o *Order) giveUpSlots() {
	for _, slot := range o.Slots {
		o.FreeSlots = append(o.FreeSlots, slot.ID)
	}
	o.Slots = nil
	for i := range o.Appointments {
		if a := &o.Appointments[i]; a.Status == Scheduled {
			a.Status = AppointmentCancelled
			o.FreeSlots = append(o.FreeSlots, a.Slot.ID)
		}
	}
}

// rejected ends the order. What was taken is given back by tasks that the rejected stage calls for.
type rejected struct {
	ReasonCode string `json:"reason_code"`
	Survivor   string `json:"survivor,omitempty"`
}

func (*rejected) kind() string { return EventRejected }
func (e *rejected) apply(o *Order, _ time.Time) {
	o.RejectedFor, o.Survivor, o.Hold, o.Attention = e.ReasonCode, e.Survivor, nil, nil
	o.Review.Pending = false
	o.giveUpSlots()
	for i := range o.Shipments {
		if s := &o.Shipments[i]; s.Status == Packed {
			s.Status = Cancelled
		}
	}
	o.Stock.Release = true // whatever the state says: an approval that history forgot may have taken goods
}

type held struct{}

func (*held) kind() string                 { return EventHeld }
func (*held) apply(o *Order, at time.Time) { o.Hold = &Held{Since: at} }

type resumed struct{}

func (*resumed) kind() string { return EventResumed }
func (*resumed) apply(o *Order, at time.Time) {
	paused := at.Sub(o.Hold.Since)
	for i := range o.Deadlines {
		o.Deadlines[i].DueAt = o.Deadlines[i].DueAt.Add(paused)
	}
	for i := range o.Attention {
		if _, step := o.stepOf(o.Attention[i].Task); step == nil && !o.Attention[i].RetryAt.IsZero() { // steps go on during a hold
			o.Attention[i].RetryAt = o.Attention[i].RetryAt.Add(paused)
		}
	}
	o.Hold = nil
}

// parked puts a task before a person.
type parked struct {
	Task    string    `json:"task"`
	Reason  string    `json:"reason"`
	Role    string    `json:"role"`
	RetryAt time.Time `json:"retry_at,omitzero"`
}

func (*parked) kind() string { return EventParked }
func (e *parked) apply(o *Order, at time.Time) {
	o.clearAttention(e.Task)
	if _, step := o.stepOf(e.Task); step != nil {
		step.failed(e.Reason, at)
	}
	o.Attention = append(o.Attention, Attention{Task: e.Task, Reason: e.Reason, Role: e.Role, Since: at, RetryAt: e.RetryAt})
}

func (o *Order) clearAttention(task string) {
	o.Attention = slices.DeleteFunc(o.Attention, func(a Attention) bool { return a.Task == task })
}

type incident struct {
	Code string `json:"code"`
}

func (*incident) kind() string { return EventIncident }
func (e *incident) apply(o *Order, at time.Time) {
	o.addIncident(e.Code, at)
}

type cancellationAsked struct{}

func (*cancellationAsked) kind() string { return EventCancelAsked }
func (*cancellationAsked) apply(o *Order, at time.Time) {
	o.addIncident(EventCancelAsked, at)
}

func (o *Order) addIncident(code string, at time.Time) {
	if len(o.Incidents) < Enough {
		o.Incidents = append(o.Incidents, Incident{Code: code, At: at})
	}
}

type overdue struct {
	Deadline string `json:"deadline"`
}

func (*overdue) kind() string { return EventOverdue }
func (e *overdue) apply(o *Order, _ time.Time) {
	o.clearDeadline(e.Deadline)
	if !slices.Contains(o.Overdue, e.Deadline) {
		o.Overdue = append(o.Overdue, e.Deadline)
	}
}

type closed struct{}

func (*closed) kind() string            { return EventClosed }
func (*closed) apply(*Order, time.Time) {}
