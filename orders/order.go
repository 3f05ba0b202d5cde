package orders

import (
	"slices"
	"time"

	"amends/money"
)

// Rules is the version of Decide and Apply that new orders start with. An order keeps the rules it started with.
const Rules = 1

// MaxLines is the most lines an order may have: the whole state travels in one workflow payload of at most 2 MB.
const MaxLines = 2000

// Kinds of line.
const (
	Goods   = "goods"
	Service = "service"
)

// Order is the whole state of one order. It holds everything that decisions need and no personal data: people are
// referred to by CustomerID and ContactID. The recorder stores exactly this value.
type Order struct {
	Number      string    `json:"number"`
	Rules       int       `json:"rules"`
	Stage       Stage     `json:"stage"`
	Version     int64     `json:"version"` // accepted commands of people, creation included
	Seq         int64     `json:"seq"`     // events
	Chain       string    `json:"chain"`   // digest over all events so far, see Recorded
	CreatedAt   time.Time `json:"created_at"`
	CreatedBy   string    `json:"created_by"`
	SubmittedBy string    `json:"submitted_by"` // who resubmitted it last, else who created it
	Draft
	Review       Review         `json:"review"`
	Payments     []Payment      `json:"payments,omitempty"`
	Captures     []Capture      `json:"captures,omitempty"`
	Reservations []Reservation  `json:"reservations,omitempty"`
	Shipments    []Shipment     `json:"shipments,omitempty"`
	Appointments []Appointment  `json:"appointments,omitempty"`
	Hold         *Held          `json:"hold,omitempty"`
	Attention    []Attention    `json:"attention,omitempty"`
	Deadlines    []Deadline     `json:"deadlines,omitempty"`
	Overdue      []string       `json:"overdue,omitempty"` // kinds of deadline that passed in this stage
	Incidents    []Incident     `json:"incidents,omitempty"`
	Findings     []Finding      `json:"findings,omitempty"`   // raised after the review
	Early        []ParcelReport `json:"early,omitempty"`      // on parcels that nobody has handed over yet
	FreeSlots    []string       `json:"free_slots,omitempty"` // given up, to be freed in the calendar
	SignedOffAt  time.Time      `json:"signed_off_at,omitzero"`
	StageSince   time.Time      `json:"stage_since"`
	Survivor     string         `json:"survivor,omitempty"`     // the order that lives on where this one was rejected as its duplicate
	RejectedFor  string         `json:"rejected_for,omitempty"` // the reason code
	Stock        StockState     `json:"stock"`
	Revenue      bool           `json:"revenue"` // recognised in the ledger
	Amendments   []Amendment    `json:"amendments,omitempty"`
	Purchases    []Purchase     `json:"purchases,omitempty"`
	Invoiced     *IssuedInvoice `json:"invoiced,omitempty"`
	InvoiceOff   bool           `json:"invoice_off,omitempty"` // the request for an invoice was cancelled
	ReplacedBy   string         `json:"replaced_by,omitempty"` // the order that was placed again in its stead
	Policy       Policy         `json:"policy"`
	Processed    []string       `json:"processed"` // IDs of the commands already decided
}

// Draft is what a clerk writes down: the part of an order that resubmitting replaces as a whole.
type Draft struct {
	CustomerID  string       `json:"customer_id"`
	ContactID   string       `json:"contact_id"`
	Contact     ContactFacts `json:"contact"`
	CustomerRef string       `json:"customer_reference,omitempty"`
	Currency    string       `json:"currency"`
	Lines       []Line       `json:"lines"`
	Delivery    Delivery     `json:"delivery"`
	Terms       Terms        `json:"terms"`
	Invoice     Invoice      `json:"invoice"`
	Slots       []Slot       `json:"slots,omitempty"` // claimed in the calendar before the command was sent

	Replaces string   `json:"replaces,omitempty"` // the voided order that is placed again with this one
	Carried  *Carried `json:"carried,omitempty"`  // what it pays with
}

// Carried is money that was captured for the order that this one replaces, and pays for this one.
type Carried struct {
	Payment string       `json:"payment"` // of the order that is replaced
	Amount  money.Amount `json:"amount"`
}

// ContactFacts is what the API found out about the personal data, which itself stays in Postgres.
type ContactFacts struct {
	Locale        string `json:"locale"`
	HasPhone      bool   `json:"has_phone"`
	HasEmail      bool   `json:"has_email"`
	HasAddress    bool   `json:"has_address"`
	KnownDistrict bool   `json:"known_district"`
}

// Line is one product or service of an order, with the name and prices of the day and with counters instead of
// a status. Quantities are whole units.
type Line struct {
	ID        string       `json:"id"` // L1, L2, …
	Kind      string       `json:"kind"`
	SKU       string       `json:"sku"`
	Name      string       `json:"name"`
	Spec      string       `json:"spec,omitempty"`
	Unit      string       `json:"unit,omitempty"`
	UnitPrice money.Amount `json:"unit_price"`
	ListPrice money.Amount `json:"list_price"`
	Discount  money.Amount `json:"discount"` // of the whole line

	Ordered   int64 `json:"ordered"`
	Reserved  int64 `json:"reserved"`  // held in a warehouse for this line, not yet handed over
	Shipped   int64 `json:"shipped"`   // handed over to the carrier or the customer
	Delivered int64 `json:"delivered"` // arrived; for a service: performed
	Returned  int64 `json:"returned"`
	Voided    int64 `json:"voided"`
	Recalled  int64 `json:"recalled,omitempty"` // of the voided ones: handed over, and wanted back
}

// Gross returns quantity × unit price − discount, as ordered.
func (l Line) Gross() money.Amount { return l.UnitPrice.Times(l.Ordered).Sub(l.Discount) }

// Total returns what the units that are not voided cost.
func (l Line) Total() money.Amount {
	if l.Voided == 0 {
		return l.Gross()
	}
	return l.worth(l.Kept())
}

// worth returns the value of the first n units of a line, so that the values of all its parts add up to its gross.
func (l Line) worth(n int64) money.Amount {
	return l.Gross().Split([]int64{n, l.Ordered - n})[0]
}

// Kept returns how many units are not voided.
func (l Line) Kept() int64 { return l.Ordered - l.Voided }

// Open returns how many units are still to be handed over or performed.
func (l Line) Open() int64 {
	if l.Kind == Service {
		return l.Kept() - l.Delivered
	}
	return l.Kept() - l.keptShipped()
}

// keptShipped returns how many units were handed over and are not wanted back.
func (l Line) keptShipped() int64 { return l.Shipped - l.Recalled }

// Delivery is how goods reach the customer.
type Delivery struct {
	Method     string       `json:"method,omitempty"` // express, freight, pickup, own_vehicle
	Fee        money.Amount `json:"fee"`
	PromisedAt time.Time    `json:"promised_at,omitzero"`
}

// Terms are the terms of payment and of what follows the sale.
type Terms struct {
	Payment        string       `json:"payment"` // prepaid; others come with their own issue
	Deposit        money.Amount `json:"deposit"`
	CreditDays     int          `json:"credit_days"`
	AfterSalesDays int          `json:"after_sales_days"`
	WarrantyMonths int          `json:"warranty_months"`
}

// Prepaid is the only kind of terms that orders can be created with for now.
const Prepaid = "prepaid"

// Invoice says which kind of invoice was asked for: none, normal or special. Title and tax number are with the contact.
type Invoice struct {
	Kind string `json:"kind"`
}

// Review is how far checking has come.
type Review struct {
	Round    int       `json:"round"`   // rises with every resubmission
	Pending  bool      `json:"pending"` // the checks of this round have not answered
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is something a check or an event raised that a person should see.
type Finding struct {
	Code   string `json:"code"`
	LineID string `json:"line_id,omitempty"`
	Detail string `json:"detail,omitempty"` // an order number, an amount, a tracking number: never personal
}

// Held is a stop of work and clocks.
type Held struct {
	Since time.Time `json:"since"`
}

// Attention is a task that is parked until a person acts, or until RetryAt.
type Attention struct {
	Task    string    `json:"task"`   // the task's name, see Tasks
	Reason  string    `json:"reason"` // an error code
	Role    string    `json:"role"`   // who can act
	Since   time.Time `json:"since"`
	RetryAt time.Time `json:"retry_at,omitzero"` // the outside could not be reached: tried again by itself
}

// Incident is something odd that reached the order, such as a signal that could not be read.
type Incident struct {
	Code string    `json:"code"`
	At   time.Time `json:"at"`
}

// Kinds of deadline.
const (
	DeadlineReview     = "review"
	DeadlineFulfil     = "fulfil"
	DeadlineReminder   = "sign_off_reminder"
	DeadlineSignOff    = "auto_sign_off"
	DeadlineAfterSales = "after_sales"
)

// Deadline is a moment at which something happens by itself.
type Deadline struct {
	Kind  string    `json:"kind"`
	DueAt time.Time `json:"due_at"`
}

// Policy is the company's rules, copied into the order when it starts.
type Policy struct {
	LargeAmount      int64         `json:"large_amount"`      // minor units; from here on a person reviews
	PriceDeviation   int64         `json:"price_deviation"`   // per cent below or above the list price that still passes
	DuplicateWindow  time.Duration `json:"duplicate_window"`  // for soft duplicates
	ReviewDeadline   time.Duration `json:"review_deadline"`   // AMENDS_REVIEW_DEADLINE
	FulfilDeadline   time.Duration `json:"fulfil_deadline"`   // AMENDS_FULFIL_DEADLINE
	SignOffReminder  time.Duration `json:"sign_off_reminder"` // AMENDS_SIGN_OFF_REMINDER
	AutoSignOff      time.Duration `json:"auto_sign_off"`     // AMENDS_AUTO_SIGN_OFF
	UnreachableRetry time.Duration `json:"unreachable_retry"` // pause before an unreachable party is asked again

	VoidApproval    bool          `json:"void_approval,omitempty"`    // every void needs a second person
	UnverifiedLimit int64         `json:"unverified_limit,omitempty"` // minor units that a raw signal may have given back
	RefundFirst     bool          `json:"refund_first,omitempty"`     // do not wait for the goods
	CoolingOff      time.Duration `json:"cooling_off,omitempty"`      // AMENDS_COOLING_OFF
	ApprovalExpiry  time.Duration `json:"approval_expiry,omitempty"`  // AMENDS_APPROVAL_EXPIRY
	PlanExpiry      time.Duration `json:"plan_expiry,omitempty"`      // AMENDS_PLAN_EXPIRY
	StepDeadline    time.Duration `json:"step_deadline,omitempty"`    // AMENDS_STEP_DEADLINE: then a waiting step is blocked
}

// DefaultPolicy is what AMENDS_* variables override.
func DefaultPolicy() Policy {
	return Policy{
		LargeAmount: 5_000_000, PriceDeviation: 10, DuplicateWindow: 24 * time.Hour,
		ReviewDeadline: 24 * time.Hour, FulfilDeadline: 72 * time.Hour,
		SignOffReminder: 72 * time.Hour, AutoSignOff: 168 * time.Hour, UnreachableRetry: time.Hour,
		ApprovalExpiry: 72 * time.Hour, PlanExpiry: 15 * time.Minute, StepDeadline: 72 * time.Hour,
	}
}

// or returns a duration of the policy, or the default for an order that started before there was such a rule.
func (p Policy) or(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return d
}

// Total returns what all lines cost without what is voided, and the delivery fee.
func (d Draft) Total() money.Amount {
	total := d.fee()
	for _, l := range d.Lines {
		total = total.Add(l.Total())
	}
	return total
}

// fee is what the delivery costs: nothing once all that was to be delivered is voided.
func (d Draft) fee() money.Amount {
	kept, goods, keptGoods := false, false, false
	for _, l := range d.Lines {
		kept = kept || l.Kept() > 0
		goods = goods || l.Kind == Goods
		keptGoods = keptGoods || l.Kind == Goods && l.Kept() > 0
	}
	if keptGoods || kept && !goods {
		return d.Delivery.Fee.Add(money.New(0, d.Currency))
	}
	return money.New(0, d.Currency)
}

// Line returns the line with the ID, or nil.
func (d *Draft) Line(id string) *Line {
	i := slices.IndexFunc(d.Lines, func(l Line) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Lines[i]
}

// Payment returns the payment with the ID, or nil.
func (o *Order) Payment(id string) *Payment {
	i := slices.IndexFunc(o.Payments, func(p Payment) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Payments[i]
}

// Capture returns the capture with the ID, or nil.
func (o *Order) Capture(id string) *Capture {
	i := slices.IndexFunc(o.Captures, func(c Capture) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Captures[i]
}

// Shipment returns the shipment with the ID, or nil.
func (o *Order) Shipment(id string) *Shipment {
	i := slices.IndexFunc(o.Shipments, func(s Shipment) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Shipments[i]
}

// Appointment returns the appointment with the ID, or nil.
func (o *Order) Appointment(id string) *Appointment {
	i := slices.IndexFunc(o.Appointments, func(a Appointment) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Appointments[i]
}

// Flags are the axes beside the stage, sorted: needs_attention, on_hold, overdue, voiding.
func (o Order) Flags() []string {
	flags := []string{}
	if len(o.Attention) > 0 || len(o.Incidents) > 0 {
		flags = append(flags, FlagAttention)
	}
	if o.Hold != nil {
		flags = append(flags, "on_hold")
	}
	if len(o.Overdue) > 0 {
		flags = append(flags, "overdue")
	}
	if slices.ContainsFunc(o.Amendments, func(a Amendment) bool { return a.Status.Open() }) {
		flags = append(flags, "voiding")
	}
	return flags
}

// clone returns a copy that shares no slice with the original.
func (o Order) clone() Order {
	o.Lines = slices.Clone(o.Lines)
	o.Slots = slices.Clone(o.Slots)
	o.Review.Findings = slices.Clone(o.Review.Findings)
	o.Payments = slices.Clone(o.Payments)
	o.Captures = slices.Clone(o.Captures)
	o.Reservations = slices.Clone(o.Reservations)
	o.Shipments = slices.Clone(o.Shipments)
	for i := range o.Shipments {
		o.Shipments[i].Lines = slices.Clone(o.Shipments[i].Lines)
	}
	o.Appointments = slices.Clone(o.Appointments)
	o.Findings = slices.Clone(o.Findings)
	o.Early = slices.Clone(o.Early)
	o.FreeSlots = slices.Clone(o.FreeSlots)
	if o.Hold != nil {
		hold := *o.Hold
		o.Hold = &hold
	}
	o.Attention = slices.Clone(o.Attention)
	o.Deadlines = slices.Clone(o.Deadlines)
	o.Overdue = slices.Clone(o.Overdue)
	o.Incidents = slices.Clone(o.Incidents)
	o.Processed = slices.Clone(o.Processed)
	o.Purchases = slices.Clone(o.Purchases)
	o.Amendments = slices.Clone(o.Amendments)
	for i := range o.Amendments {
		o.Amendments[i].Steps = slices.Clone(o.Amendments[i].Steps)
	}
	return o
}
