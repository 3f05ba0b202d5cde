package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Errors of taking commands in and of settling effects.
var (
	ErrLeaseLost = errors.New("another process delivers the command")               // FinishCommand, while there is no outcome
	ErrSettled   = errors.New("the effect was settled before with another outcome") // SettleEffect
)

// NewCommand is a command to be written down before it is delivered.
type NewCommand struct {
	ID          string // the update ID
	Key         string // Idempotency-Key, unique per actor and route
	Route       string
	Fingerprint string
	Order       string // empty for create
	Name        string
	Actor       Actor
	RequestID   string
	Owner       string        // the process that wants to deliver it
	Lease       time.Duration // longer than the owner's own wait
	NewCustomer *Customer     // where the customer is not known yet: found by phone or created
	Contact     *Contact      // the new row of personal data
	Note        *NewNote      // free text that the command refers to
	Slots       []SlotRequest // technicians' time to claim
	// Build makes what depends on what the transaction draws. It may be called again when the transaction is repeated.
	Build func(Drawn) (Built, error)
}

// NewNote is the text that a command refers to by the note's ID.
type NewNote struct {
	ID   string
	Text string
}

// Drawn is what the database gave to a command: the order's number, the customer, a claimed slot per request.
type Drawn struct {
	Number     string
	CustomerID string // of NewCustomer, or of the contact row
	Slots      []Slot
}

// Built is what is written for a command: what is delivered, and for create the order with its first event.
type Built struct {
	Payload json.RawMessage
	Order   *Order
	First   *Recorded
	Notices []Notice
}

// SlotTakenError is ErrSlotTaken with the nearest time at which somebody is free. Nearest.ID is empty; without a
// technician nobody is free for two weeks.
type SlotTakenError struct {
	LineID  string
	Nearest Slot
}

// Error names the line.
func (e *SlotTakenError) Error() string { return fmt.Sprintf("line %s: %v", e.LineID, ErrSlotTaken) }

// Unwrap returns ErrSlotTaken.
func (e *SlotTakenError) Unwrap() error { return ErrSlotTaken }

// Webhook is an event of the outside world as it came in. Subject is what it is about: a carrier's tracking number or
// a payment provider's reference. Command is what the order is told, nil where nothing is.
type Webhook struct {
	Provider string // ProviderCarrier or ProviderPayments
	EventID  string
	Subject  string
	Body     json.RawMessage
	Command  Command
}

// Providers of webhooks.
const (
	ProviderCarrier  = "carrier"
	ProviderPayments = "payments"
)

// ClaimedNotice is a notice to be sent, with the number of earlier attempts.
type ClaimedNotice struct {
	Notice
	Attempts int
}

// GoodsReceipt reports goods that came in. Key makes repeating it harmless.
type GoodsReceipt struct {
	Key       string
	SKU       string
	Warehouse string
	Quantity  int64
	Reference string
	Actor     Actor
}
