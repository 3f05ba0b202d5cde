package orders

import (
	"encoding/json"
	"time"

	"amends/money"
)

// Actor is who asks. A raw signal's actor is what it claims to be and so is not Verified.
type Actor struct {
	ID       string `json:"id"`
	Role     string `json:"role"`
	Verified bool   `json:"verified"`
}

// Actors that are no staff members.
var (
	SystemActor   = Actor{ID: "system", Role: "system", Verified: true}
	CarrierActor  = Actor{ID: "carrier", Role: "provider", Verified: true}
	PaymentsActor = Actor{ID: "payments", Role: "provider", Verified: true}
	OperatorActor = Actor{ID: "operator", Role: "operator"} // a signal that names nobody
)

// Start is the input of an order's workflow. Order is the state after its first event, as the API has recorded it.
type Start struct {
	Order    Order          `json:"order"`
	Run      int            `json:"run"`                // rises with every continue-as-new
	Nameless map[string]int `json:"nameless,omitempty"` // raw signals that brought no command ID so far, by name
}

// Answer is what an accepted command returns.
type Answer struct {
	Number  string `json:"number"`
	Version int64  `json:"version"`
	Stage   Stage  `json:"stage"`
	Subject string `json:"subject,omitempty"` // the ID of what the command made or moved: a shipment, an appointment
}

// Recorded is an event with its place in the order's history. Chain is a digest over this and all earlier events, so
// that two histories that differ anywhere differ here.
type Recorded struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	Actor   Actor           `json:"actor"`
	Command string          `json:"command,omitempty"` // the ID of the command that caused it
	NoteID  string          `json:"note_id,omitempty"` // the note with the command's reason
	Reason  string          `json:"reason,omitempty"`  // a code, or the reason that a raw signal gave
	Stage   Stage           `json:"stage"`             // after the event
	Version int64           `json:"version"`           // after the event
	Data    json.RawMessage `json:"data,omitempty"`    // the event's own fields
	Chain   string          `json:"chain"`
}

// Transitions is what the recorder writes in one transaction: the state and every event that an earlier, completed
// workflow task has not confirmed. Whatever Postgres holds above Confirmed is replaced by Events.
type Transitions struct {
	Order     Order           `json:"order"`
	Fence     Fence           `json:"fence"`
	Confirmed int64           `json:"confirmed"`       // the highest seq recorded by an earlier task
	Chain     string          `json:"chain,omitempty"` // the digest at Confirmed: another one in Postgres is ErrDiverged
	Events    []Recorded      `json:"events"`          // seq Confirmed+1 and up, without gaps
	Signals   []SignalOutcome `json:"signals,omitempty"`
	Notices   []Notice        `json:"notices,omitempty"` // of the events above Confirmed
}

// Size returns about how many bytes the transitions take as JSON.
func (t Transitions) Size() int {
	const perLine, perFinding = 600, 150
	size := perLine*len(t.Order.Lines) + perFinding*len(t.Order.Review.Findings)
	for _, a := range t.Order.Amendments {
		size += perLine + 100*len(a.Takes)
		for _, s := range a.Steps {
			size += perLine + 100*(len(s.Lines)+len(s.Damaged))
		}
	}
	for _, e := range t.Events {
		size += len(e.Data) + 500
	}
	return size
}

// Fence orders the recordings of one order: a recording with an older fence than the last is refused with ErrFenced.
type Fence struct {
	Run     int   `json:"run"`     // ordinal of the run, over continue-as-new
	History int64 `json:"history"` // length of the history when the workflow task started
}

// SignalOutcome is the decided answer to a raw signal, for the audit log. Command is unique per order, so that
// recording it again changes nothing.
type SignalOutcome struct {
	Command string    `json:"command"`
	Name    string    `json:"name"`
	Actor   Actor     `json:"actor"`
	At      time.Time `json:"at"`
	Refused string    `json:"refused,omitempty"` // the code of the refusal; empty when accepted
}

// Notice is an ordinary message to the customer. Key is unique: a notice is sent once.
type Notice struct {
	Key       string            `json:"key"` // <order>/notice/<template>/<n>
	Order     string            `json:"order"`
	Template  string            `json:"template"`
	ContactID string            `json:"contact_id"`
	Locale    string            `json:"locale"`
	Data      map[string]string `json:"data,omitempty"`
}

// ReviewQuestion is what the review asks the database.
type ReviewQuestion struct {
	Number      string        `json:"number"`
	CustomerID  string        `json:"customer_id"`
	CustomerRef string        `json:"customer_reference"`
	Lines       []Wanted      `json:"lines"` // all lines, in order, for soft duplicates
	Window      time.Duration `json:"window"`
	CreatedAt   time.Time     `json:"created_at"`
	Replaces    string        `json:"replaces,omitempty"` // the voided order that this one is placed again for: no duplicate
}

// Wanted is a quantity of a SKU for a line.
type Wanted struct {
	LineID   string `json:"line_id"`
	Kind     string `json:"kind"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// ReviewFacts is what the database answers.
type ReviewFacts struct {
	HardDuplicates []string `json:"hard_duplicates,omitempty"` // orders of the same customer with the same reference
	SoftDuplicates []string `json:"soft_duplicates,omitempty"` // orders of the same customer with the same lines within the window
	Short          []string `json:"short,omitempty"`           // lines for which no more stock is free
}

// StockRequest asks to make what the book holds for an order equal to what its lines want: more is taken where there is
// any, what nobody wants is given back, and what is short joins the queue of backorders. Key makes repeating it
// harmless: the book changes once, and every answer says what it holds by then.
type StockRequest struct {
	Key        string         `json:"key"`
	Order      string         `json:"order"`
	ApprovedAt time.Time      `json:"approved_at"` // the place in the backorder queue
	Lines      []Wanted       `json:"lines"`       // Quantity is the whole of what is to be held for the line
	Holding    []ShipmentLine `json:"holding,omitempty"`
	// Round rises with every request of the order, whatever its key: one that comes late, after a later one, changes
	// nothing and answers what is held by then.
	Round int `json:"round,omitempty"`
}

// StockAnswer lists what the book holds beyond the request's Holding, sorted by line and warehouse: taken by this
// request, by goods that came in, or by a workflow task that history forgot. It is an addition, not the whole, because
// parcels may be handed over at the same time.
type StockAnswer struct {
	Added    []Reservation `json:"added"`
	Returned []Reservation `json:"returned,omitempty"` // of Holding, what the book does not hold any more
	// Left says, for a request to stop a parcel, that the parcel has left the house: nothing was changed.
	Left bool `json:"left,omitempty"`
}

// StockMove takes a shipment's goods out of the book, or gives up everything an order holds or waits for. One row per
// shipment decides whether its goods left the house or were stopped: who comes second reads it.
type StockMove struct {
	Key      string         `json:"key"`
	Order    string         `json:"order"`
	Shipment string         `json:"shipment,omitempty"` // of taking out
	Lines    []ShipmentLine `json:"lines,omitempty"`
}

// ParcelStop asks the book that a packed parcel never leaves the house, and in the same transaction to make what it holds
// for the order equal to what its lines want without that parcel.
type ParcelStop struct {
	Shipment string       `json:"shipment"`
	Stock    StockRequest `json:"stock"`
}

// StockReturn books goods that came back: good ones go to stock and serve waiting lines, damaged ones are booked in and
// scrapped. Key makes repeating it harmless.
type StockReturn struct {
	Key   string         `json:"key"`
	Order string         `json:"order"`
	Lines []ReturnedLine `json:"lines"`
}

// ReturnedLine is what came back of a line to a warehouse.
type ReturnedLine struct {
	LineID    string `json:"line_id"`
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Good      int64  `json:"good"`
	Damaged   int64  `json:"damaged"`
}

// Posting moves an amount between two accounts of the ledger: receivable, cash, revenue.
type Posting struct {
	Key    string `json:"key"`
	Order  string `json:"order"`
	Debit  string `json:"debit"`
	Credit string `json:"credit"`
	Minor  int64  `json:"minor"`
	Curr   string `json:"currency"`
}

// CommandRow is what the database keeps of every command asked for: Postgres is the authority on that.
type CommandRow struct {
	ID          string          // the update ID
	Order       string          // order number
	Name        string          // command name; "create" starts the workflow
	Actor       Actor           //
	Payload     json.RawMessage // what is delivered: the command's JSON, or Start for "create"
	Fingerprint string          // of method, route and body: the same key with another one is ErrKeyReused
	Key         string          // Idempotency-Key, unique per actor and route
	Route       string          //
	Owner       string          // the process that may deliver
	LeaseUntil  time.Time       //
	Attempts    int             //
	Outcome     *Outcome        // nil while pending
	CreatedAt   time.Time       //
}

// Outcome is the final answer to a command.
type Outcome struct {
	Accepted bool            `json:"accepted"`
	Answer   *Answer         `json:"answer,omitempty"`  // when accepted
	Problem  *Problem        `json:"problem,omitempty"` // when refused
	Body     json.RawMessage `json:"body,omitempty"`
}

// SlotRequest asks for a technician's time when a command is recorded.
type SlotRequest struct {
	LineID string
	SKU    string
	From   time.Time
	To     time.Time
}

// CarryCall asks our own books to let captured money of a voided order pay for the one that is placed again.
type CarryCall struct {
	Key         string       `json:"key"`
	Order       string       `json:"order"` // the new one
	Payment     string       `json:"payment"`
	From        string       `json:"from"` // the voided one
	FromPayment string       `json:"from_payment"`
	Amount      money.Amount `json:"amount"`
}
