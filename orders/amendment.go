package orders

import (
	"time"

	"amends/money"
)

// KindVoid is the kind of amendment that there is. Corrections will use the same plans, steps and approvals.
const KindVoid = "void"

// AmendmentStatus is how far an amendment has come.
type AmendmentStatus string

// The life of an amendment. Until it runs, no new outward work of the order starts; declined, expired, returned and
// revoked ones have changed nothing.
const (
	AwaitingApproval AmendmentStatus = "awaiting_approval"
	CoolingOff       AmendmentStatus = "cooling_off"
	Running          AmendmentStatus = "running"
	Completed        AmendmentStatus = "completed" // every step is done or waived
	Declined         AmendmentStatus = "declined"
	Expired          AmendmentStatus = "expired"  // nobody approved in time
	Returned         AmendmentStatus = "returned" // the order moved: the plan that was approved is not the plan any more
	Revoked          AmendmentStatus = "revoked"  // taken back by whoever asked
)

// Open tells whether something is still to happen.
func (s AmendmentStatus) Open() bool { return s == AwaitingApproval || s == CoolingOff || s == Running }

// waits tells whether the amendment is decided upon and does not run yet.
func (s AmendmentStatus) waits() bool { return s == AwaitingApproval || s == CoolingOff }

// Amendment is a plan that was confirmed, and what became of it.
type Amendment struct {
	ID        string          `json:"id"` // ZF…, see AmendmentID
	Kind      string          `json:"kind"`
	Status    AmendmentStatus `json:"status"`
	Hash      string          `json:"hash"` // of the plan that was confirmed
	Request   VoidRequest     `json:"request"`
	Whole     bool            `json:"whole"`
	Takes     []Take          `json:"takes"`
	Approvals []string        `json:"approvals,omitempty"` // why a second person must approve
	Money     []MoneyBack     `json:"money,omitempty"`
	Stake     money.Amount    `json:"stake"`    // what counts against the limits
	Retained  money.Amount    `json:"retained"` // given back to nobody although the goods are voided
	Steps     []Step          `json:"steps"`
	// Alternatives are what the customer may be offered instead, as codes.
	Alternatives []string  `json:"alternatives,omitempty"`
	RequestedAt  time.Time `json:"requested_at"`
	RequestNote  string    `json:"request_note,omitempty"` // the note's ID
	DueAt        time.Time `json:"due_at,omitzero"`        // when the approval expires or the cooling-off ends
	DecidedBy    *Actor    `json:"decided_by,omitempty"`   // who approved, declined or revoked it
	DecidedAt    time.Time `json:"decided_at,omitzero"`
	EndedAt      time.Time `json:"ended_at,omitzero"`
}

// VoidRequest is what a void asks for, normalised. The preview and the workflow plan from it and from the order alone.
type VoidRequest struct {
	Actor Actor `json:"actor"`
	Limit int64 `json:"limit"` // minor units that the actor may have given back per order without a second person
	VoidWish
}

// VoidWish is the part of a void that its author writes.
type VoidWish struct {
	ReasonCode string     `json:"reason_code"`
	Lines      []ShipLine `json:"lines,omitempty"` // none: everything that can be voided
	Refund     RefundWish `json:"refund,omitzero"`
	Restock    []Restock  `json:"restock,omitempty"`
	Notify     Notify     `json:"notify,omitzero"`
}

// Modes of a refund.
const (
	RefundOriginal  = "original"   // to where the money came from
	RefundNone      = "none"       // no money is given back
	RefundCarryOver = "carry_over" // it pays for the order that is placed again
)

// RefundWish says how captured money is given back: all that the voided goods cost, or a smaller amount.
type RefundWish struct {
	Mode   string `json:"mode,omitempty"`   // RefundOriginal when empty
	Amount string `json:"amount,omitempty"` // decimal, in the order's currency
}

// Restock names the warehouse to which a line's returned goods go, where it is not the one they came from.
type Restock struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
}

// Notify says who is told. Without departments those concerned are.
type Notify struct {
	Customer    *bool    `json:"customer,omitempty"` // true when absent
	Departments []string `json:"departments,omitempty"`
}

// Departments lists who can be told of a void: sales, warehouse, finance, purchasing, service.
func Departments() []string {
	return []string{"sales", "warehouse", "finance", "purchasing", "service"}
}

// Take is how many units of a line an amendment voids, and where they were when it was confirmed.
type Take struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Shipped  int64  `json:"shipped,omitempty"` // of these, handed over before: they are wanted back
}

// MoneyBack is what a plan does to one payment.
type MoneyBack struct {
	Payment string       `json:"payment"`
	Release money.Amount `json:"release"` // of what is authorised and not captured
	Refund  money.Amount `json:"refund"`
	Number  string       `json:"number,omitempty"` // TK…, of the refund decided
}

// Kinds of step.
const (
	StepRelease        = "release_stock"      // end all that the voided units hold or wait for
	StepPutBack        = "put_back"           // the warehouse unpacks a parcel
	StepCancelLabel    = "cancel_label"       // the carrier forgets the label
	StepIntercept      = "intercept"          // the carrier is asked to stop a parcel
	StepApproveReturn  = "approve_return"     // somebody agrees the return with the customer
	StepReceive        = "receive_return"     // the warehouse gets the goods back
	StepInspect        = "inspect_return"     // good or damaged
	StepRestock        = "restock"            // good ones go to stock, damaged ones are scrapped
	StepFreeSlots      = "free_appointment"   //
	StepCancelPurchase = "cancel_purchase"    // what still arrives goes to stock
	StepReleasePayment = "release_payment"    // of what is authorised and not captured
	StepRefund         = "refund"             //
	StepCarryOver      = "carry_over"         // captured money pays for the order that is placed again
	StepReverse        = "reverse_revenue"    // in the ledger
	StepInvoice        = "cancel_invoice"     // that was asked for and not issued
	StepCreditNote     = "credit_note"        // for an invoice issued electronically (红字发票)
	StepPaperInvoice   = "paper_invoice"      // finance decides
	StepTell           = "notify_customer"    //
	StepTellDepts      = "notify_departments" //
	StepTellMoney      = "notify_refund"      // the money has moved
)

// Step is one consequence that a plan carries through. It ends by being done, completed by hand, or waived.
type Step struct {
	ID        string         `json:"id"` // 1, 2, … within the amendment
	Kind      string         `json:"kind"`
	Subject   string         `json:"subject,omitempty"` // a shipment, appointment, payment, purchase or line
	Amount    *money.Amount  `json:"amount,omitempty"`
	Lines     []ShipmentLine `json:"lines,omitempty"` // of goods
	Slots     []string       `json:"slots,omitempty"`
	After     []string       `json:"after,omitempty"` // the steps it waits for
	Role      string         `json:"owner_role"`
	DueAt     time.Time      `json:"due_at,omitzero"`
	Try       int            `json:"try"`                // n of the effect key: rises after a final refusal
	Attempts  int            `json:"attempts,omitempty"` // calls and answers that the order knows of
	LastError string         `json:"last_error,omitempty"`
	Asked     bool           `json:"asked,omitempty"`     // the outside was asked and will answer later
	Confirmed bool           `json:"confirmed,omitempty"` // a person did their part; our books follow
	ByHand    bool           `json:"by_hand,omitempty"`   // completed by hand: the books follow the evidence
	Evidence  string         `json:"evidence,omitempty"`  // a reference, never personal
	Outcome   string         `json:"outcome,omitempty"`   // see StepDone
	Damaged   []ShipmentLine `json:"damaged,omitempty"`   // of an inspection
	End       string         `json:"end,omitempty"`       // done, completed, waived or void of its object: moot
	WaiveBy   *Actor         `json:"waive_asked_by,omitempty"`
	By        *Actor         `json:"by,omitempty"` // who acted last
	At        time.Time      `json:"at,omitzero"`  // when somebody or something acted last
}

// How a step ends.
const (
	EndDone      = "done"
	EndCompleted = "completed" // by hand, with evidence
	EndWaived    = "waived"    // by two people, with a reason
	EndMoot      = "moot"      // nothing is left to do, such as for a parcel that was lost
)

// StepState is where a step stands, derived from the order.
type StepState string

// The life of a step.
const (
	StepPending StepState = "pending" // waits for other steps, or for calls that were under way
	StepRunning StepState = "running"
	StepWaiting StepState = "waiting" // on a person or on the outside world
	StepBlocked StepState = "blocked"
	StepDone    StepState = "done"
	StepWaived  StepState = "waived"
)

// Plan is what a void would do now. It is pure: making one changes nothing.
type Plan struct {
	Kind         string        `json:"kind"`
	Order        string        `json:"order"`
	OrderVersion int64         `json:"order_version"`
	Whole        bool          `json:"whole"` // nothing of the order is left
	Takes        []Take        `json:"takes"`
	Steps        []Step        `json:"steps"`
	Money        []MoneyBack   `json:"money,omitempty"`
	Stake        money.Amount  `json:"stake"` // what counts against the limits
	Retained     money.Amount  `json:"retained"`
	Total        money.Amount  `json:"total"` // of the order afterwards
	Stock        []StockEffect `json:"stock,omitempty"`
	Shipments    []PartEffect  `json:"shipments,omitempty"`
	Appointments []PartEffect  `json:"appointments,omitempty"`
	Notices      []string      `json:"notices,omitempty"` // customer, and departments
	Approvals    []string      `json:"approvals,omitempty"`
	Consent      bool          `json:"consent"` // of the customer: corrections may need it
	Warnings     []Finding     `json:"warnings,omitempty"`
	Alternatives []string      `json:"alternatives,omitempty"` // codes
	Hash         string        `json:"hash"`
	ExpiresAt    time.Time     `json:"expires_at"`
}

// StockEffect is what a plan does to the goods of a line.
type StockEffect struct {
	LineID   string `json:"line_id"`
	Withdraw int64  `json:"withdraw,omitempty"` // not reserved yet
	Release  int64  `json:"release,omitempty"`  // reserved, not packed
	PutBack  int64  `json:"put_back,omitempty"` // packed
	Return   int64  `json:"return,omitempty"`   // handed over
}

// PartEffect is what a plan does to a shipment (put_back, intercept, return, lost) or an appointment (free).
type PartEffect struct {
	ID     string `json:"id"`
	Action string `json:"action"`
}

// Reasons for which a second person must approve.
const (
	ApprovalAmount     = "amount_above_limit"
	ApprovalGoodsLeft  = "goods_have_left"
	ApprovalPolicy     = "policy"
	ApprovalUnverified = "unverified_actor"
)

// VoidReasons are the reason codes of a void. The code other needs a note.
var VoidReasons = []string{
	"customer_request", "customer_change", "duplicate", "out_of_stock", "price_error", "information_error", "credit_refused",
	"payment_failed", "fraud_suspected", "service_unavailable", "delivery_refused", "other",
}
