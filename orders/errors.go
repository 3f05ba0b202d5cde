package orders

import (
	"errors"
	"fmt"
)

// Sentinels that cross the layers.
var (
	ErrNotFound  = errors.New("no such order")
	ErrKeyReused = errors.New("idempotency key was used with another body")
	ErrDiverged  = errors.New("the database and the workflow's history disagree")
	ErrFenced    = errors.New("a later workflow task has already recorded")
	ErrSlotTaken = errors.New("no technician is free at that time")
	ErrForbidden = errors.New("the role may not do this")
	// ErrImpossible says that the database refuses a value for good: a constraint, not a fault.
	ErrImpossible = errors.New("the database refuses the value")
)

// Codes of problems. Each has a sentence in both languages in the message catalogues.
const (
	CodeWrongStage      = "wrong_stage"
	CodeOnHold          = "on_hold"
	CodeNotOnHold       = "not_on_hold"
	CodeStaleVersion    = "stale_version"
	CodeForbidden       = "forbidden"
	CodeNothingToRetry  = "nothing_to_retry"
	CodeAlreadyShipped  = "already_shipped"
	CodeTermsLater      = "terms_not_supported"
	CodeNoReceipts      = "prepaid_takes_no_receipts"
	CodeInvalid         = "invalid"
	CodeUnreadable      = "unreadable"
	CodePersonalData    = "personal_data_in_signal"
	CodeNotPacked       = "not_packed"
	CodeNotHandedOver   = "not_handed_over"
	CodeNothingReserved = "nothing_reserved"
	CodeNotScheduled    = "not_scheduled"
	CodeOwnRequest      = "own_request"
	CodeInternal        = "internal"
)

// Codes of amendments and their steps.
const (
	CodeAlreadyVoided   = "already_voided"
	CodeOrderClosed     = "order_closed"
	CodeOrderRejected   = "order_rejected"
	CodeNothingToVoid   = "nothing_to_void"
	CodePlanOpen        = "plan_open" // another one of the order awaits a decision
	CodePlanStale       = "plan_stale"
	CodePlanExpired     = "plan_expired"
	CodeUnknownVoid     = "unknown_void"
	CodeUnknownStep     = "unknown_step"
	CodeNotAwaiting     = "not_awaiting_approval"
	CodeNotCooling      = "not_cooling_off"
	CodeAboveLimit      = "above_limit"
	CodeStepNotBlocked  = "step_not_blocked"
	CodeStepEnded       = "step_ended"
	CodeStepNotByHand   = "step_not_by_hand"
	CodeStepNotWaivable = "step_not_waivable"
	CodeWaiveAsked      = "waive_asked"
	CodeNotVoided       = "not_voided"
	CodePlacedAgain     = "placed_again"
	CodeParcelStopped   = "parcel_stopped"
	CodeNothingShort    = "nothing_short"
	CodeInvoiceIssued   = "invoice_issued"
	CodeNoInvoice       = "no_invoice_asked_for"
)

// Problem is the wire form of a refusal: it passes through Temporal as the details of an application error.
type Problem struct {
	Code   string         `json:"code"`
	Params []string       `json:"params,omitempty"` // for the sentence, in its order
	Fields []FieldProblem `json:"fields,omitempty"`
	Plan   *Plan          `json:"plan,omitempty"` // the fresh one, where another was confirmed
}

// FieldProblem is what is wrong with one field.
type FieldProblem struct {
	Field  string   `json:"field"` // JSON path, as in lines[0].quantity
	Code   string   `json:"code"`
	Params []string `json:"params,omitempty"`
}

// TransitionError refuses a command that the order's state does not allow.
type TransitionError struct {
	Command string
	Stage   Stage
	Code    string
	Params  []string
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("cannot %s an order that is %s: %s", e.Command, e.Stage, e.Code)
}

// ValidationError refuses a command because of what it says.
type ValidationError struct {
	Field  string
	Code   string
	Params []string
}

func (e *ValidationError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Code) }

// StaleError refuses a command that was decided upon with an older version of the order in view.
type StaleError struct{ Expected, Version int64 }

func (e *StaleError) Error() string {
	return fmt.Sprintf("version %d was expected, the order is at version %d", e.Expected, e.Version)
}

// AsProblem translates a refusal of Decide. Errors it does not know become CodeInternal.
func AsProblem(err error) Problem {
	var transition *TransitionError
	var validation *ValidationError
	var stale *StaleError
	var plan *PlanError
	switch {
	case errors.As(err, &plan):
		return Problem{Code: plan.Code, Plan: &plan.Plan}
	case errors.As(err, &transition):
		return Problem{Code: transition.Code, Params: transition.Params}
	case errors.As(err, &validation):
		field := FieldProblem{Field: validation.Field, Code: validation.Code, Params: validation.Params}
		return Problem{Code: CodeInvalid, Fields: []FieldProblem{field}}
	case errors.As(err, &stale):
		return Problem{Code: CodeStaleVersion, Params: []string{fmt.Sprint(stale.Version), fmt.Sprint(stale.Expected)}}
	case errors.Is(err, ErrForbidden):
		return Problem{Code: CodeForbidden}
	}
	return Problem{Code: CodeInternal}
}

// Codes that refuse packing.
const (
	CodeNothingToShip      = "nothing_to_ship"
	CodePaymentOutstanding = "payment_outstanding"
)
