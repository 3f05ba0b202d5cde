package orders

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Header is what every command says beside its own fields. CommandID is the update ID; a raw signal may leave it out.
type Header struct {
	CommandID       string `json:"command_id,omitempty"`
	Actor           Actor  `json:"actor"`
	ExpectedVersion *int64 `json:"expected_version,omitempty"` // optional in signals
	NoteID          string `json:"note_id,omitempty"`          // the row that holds the reason's or note's text
	Reason          string `json:"reason,omitempty"`           // a raw signal's reason; over HTTP the text is in the note
}

// Head gives access to the header of any command.
func (h *Header) Head() *Header { return h }

// Command is something that somebody or something asks of an order. Facts, which the outside reports or the
// workflow's own tasks bring back, are commands too, and are never refused for a stale version.
type Command interface {
	Head() *Header
	Name() string
	// guard refuses whatever the command says because of where the order stands. It is what allowed actions show.
	guard(o *Order) error
	// decide judges what the command says and emits its events.
	decide(d *decider) error
}

// Commands of people.
type (
	// Approve ends a review with a yes.
	Approve struct{ Header }
	// SendBack returns an order in review to its creator.
	SendBack struct{ Header }
	// Resubmit starts the review again, with a whole new draft or with the one there is.
	Resubmit struct {
		Header
		Draft *Draft `json:"draft,omitempty"`
	}
	// Reject kicks an order out before anything was shipped and releases what was taken.
	Reject struct {
		Header
		ReasonCode string `json:"reason_code"`
		Survivor   string `json:"survivor,omitempty"` // the order that lives on, where this is a duplicate
	}
	// PutOnHold stops work and clocks.
	PutOnHold struct{ Header }
	// Resume ends a hold.
	Resume struct{ Header }
	// Retry repeats what parked the order.
	Retry struct{ Header }
	// Ship picks and packs a parcel from what is reserved. Without a warehouse the reservations decide.
	Ship struct {
		Header
		Lines   []ShipLine `json:"lines"`
		Carrier string     `json:"carrier"`
	}
	// HandOver reports that a parcel left the house: a fact.
	HandOver struct {
		Header
		ShipmentID     string    `json:"shipment_id"`
		TrackingNumber string    `json:"tracking_number"`
		HandedOverAt   time.Time `json:"handed_over_at"`
	}
	// Perform reports that a service was rendered: a fact.
	Perform struct {
		Header
		AppointmentID string    `json:"appointment_id"`
		PerformedAt   time.Time `json:"performed_at"`
	}
	// Reschedule moves an appointment to a slot that has been claimed.
	Reschedule struct {
		Header
		AppointmentID string `json:"appointment_id"`
		Slot          Slot   `json:"slot"`
	}
	// SignOff records that the customer confirmed receipt.
	SignOff struct {
		Header
		At    time.Time `json:"at"`
		Proof bool      `json:"proof,omitempty"`
	}
	// RefuseDelivery records a refusal at the door.
	RefuseDelivery struct {
		Header
		ShipmentID string `json:"shipment_id"`
	}
	// ReceivePayment records money that came in outside a provider: refused for prepaid orders.
	ReceivePayment struct {
		Header
		PaymentID string `json:"payment_id"`
		Amount    string `json:"amount"`
		Reference string `json:"reference"`
	}
)

// ShipLine is a quantity of a line to pack.
type ShipLine struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
}

// Facts from outside.
type (
	// CarrierEvent is a carrier's report on a parcel. EventID is the carrier's; Tracking names the parcel.
	CarrierEvent struct {
		Header
		EventID    string    `json:"event_id"`
		Tracking   string    `json:"tracking_number"`
		Status     string    `json:"status"` // accepted, in_transit, delivered, refused, lost, intercepted, intercept_refused
		OccurredAt time.Time `json:"occurred_at"`
		Proof      bool      `json:"proof,omitempty"`
	}
	// StockAllotted reports that goods came in and are held for waiting lines.
	StockAllotted struct{ Header }
	// MessageFailed reports that a message to the customer can not be delivered.
	MessageFailed struct {
		Header
		Template string `json:"template"`
		Code     string `json:"code"`
	}
)

// Command names: update names, signal names and path verbs.
const (
	CmdCreate         = "create"
	CmdApprove        = "approve"
	CmdSendBack       = "send-back"
	CmdResubmit       = "resubmit"
	CmdReject         = "reject"
	CmdHold           = "hold"
	CmdResume         = "resume"
	CmdRetry          = "retry"
	CmdShip           = "ship"
	CmdHandOver       = "hand-over"
	CmdPerform        = "perform"
	CmdReschedule     = "reschedule"
	CmdSignOff        = "sign-off"
	CmdRefuseDelivery = "refuse-delivery"
	CmdReceivePayment = "receive-payment"

	CmdRequestPurchase = "request-purchase"
	CmdIssueInvoice    = "issue-invoice"
	CmdVoid            = "void"
	CmdApprovePlan     = "approve-plan"
	CmdDeclinePlan     = "decline-plan"
	CmdRevoke          = "revoke"
	CmdRetryStep       = "retry-step"
	CmdCompleteStep    = "complete-step"
	CmdWaiveStep       = "waive-step"
	CmdPlaceAgain      = "place-again"
	CmdCarriedOver     = "carried-over"

	CmdCarrierEvent  = "carrier-event"
	CmdStockAllotted = "stock-allotted"
	CmdMessageFailed = "message-failed"
)

func (*Approve) Name() string        { return CmdApprove }
func (*SendBack) Name() string       { return CmdSendBack }
func (*Resubmit) Name() string       { return CmdResubmit }
func (*Reject) Name() string         { return CmdReject }
func (*PutOnHold) Name() string      { return CmdHold }
func (*Resume) Name() string         { return CmdResume }
func (*Retry) Name() string          { return CmdRetry }
func (*Ship) Name() string           { return CmdShip }
func (*HandOver) Name() string       { return CmdHandOver }
func (*Perform) Name() string        { return CmdPerform }
func (*Reschedule) Name() string     { return CmdReschedule }
func (*SignOff) Name() string        { return CmdSignOff }
func (*RefuseDelivery) Name() string { return CmdRefuseDelivery }
func (*ReceivePayment) Name() string { return CmdReceivePayment }
func (*CarrierEvent) Name() string   { return CmdCarrierEvent }
func (*StockAllotted) Name() string  { return CmdStockAllotted }
func (*MessageFailed) Name() string  { return CmdMessageFailed }

// EmptyCommand returns an empty command of the name, or nil for an unknown one.
func EmptyCommand(name string) Command {
	for _, c := range []Command{
		&Approve{}, &SendBack{}, &Resubmit{}, &Reject{}, &PutOnHold{}, &Resume{}, &Retry{}, &Ship{}, &HandOver{}, &Perform{},
		&Reschedule{}, &SignOff{}, &RefuseDelivery{}, &ReceivePayment{}, &CarrierEvent{}, &StockAllotted{},
		&MessageFailed{}, &RequestPurchase{}, &IssueInvoice{}, &Void{}, &ApprovePlan{}, &DeclinePlan{}, &Revoke{}, &RetryStep{},
		&CompleteStep{}, &WaiveStep{}, &CarriedOver{},
	} {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// IsReport tells whether a command reports something from outside. Nobody waits for its answer, so it goes as a signal.
func IsReport(name string) bool {
	return slices.Contains([]string{CmdCarrierEvent, CmdStockAllotted, CmdMessageFailed, CmdCarriedOver}, name)
}

// CommandNames lists the commands that updates and signals exist for, in the order of an order's life.
func CommandNames() []string {
	return []string{
		CmdApprove, CmdSendBack, CmdResubmit, CmdReject, CmdHold, CmdResume, CmdRetry, CmdShip, CmdHandOver, CmdPerform,
		CmdReschedule, CmdSignOff, CmdRefuseDelivery, CmdReceivePayment, CmdRequestPurchase, CmdIssueInvoice, CmdCarrierEvent,
		CmdStockAllotted, CmdMessageFailed, CmdVoid, CmdApprovePlan, CmdDeclinePlan, CmdRevoke, CmdRetryStep, CmdCompleteStep,
		CmdWaiveStep, CmdCarriedOver,
	}
}

// DecodeCommand reads a command's JSON strictly: unknown fields are refused.
func DecodeCommand(name string, data []byte) (Command, error) {
	c := EmptyCommand(name)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("text after the value")
	}
	return c, nil
}
