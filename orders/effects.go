package orders

import "amends/money"

// Kinds of effect on the outside world.
const (
	EffectAuthorise   = "authorise"
	EffectCapture     = "capture"
	EffectRelease     = "release"
	EffectRefund      = "refund"
	EffectBook        = "book"
	EffectCancelLabel = "cancel_label"

	EffectIntercept      = "intercept"
	EffectPurchase       = "purchase"
	EffectCancelPurchase = "cancel_purchase"
	EffectTell           = "tell" // a message of a void or correction
)

// Effect is the claim on one thing that leaves the house. It is committed before the call is made. Key is a business
// key, <order>/<kind>/<subject>/<n>: the same key never has a second effect, here or at the provider.
type Effect struct {
	Key     string
	Order   string
	Kind    string
	Subject string       // payment, capture or shipment
	Payment string       // for money
	Amount  money.Amount // for money
}

// EffectOutcome is what came of an effect. Exactly one of Done and Refused is set.
type EffectOutcome struct {
	Done      bool   `json:"done"`
	Refused   string `json:"refused,omitempty"`   // the code of a business refusal
	Reference string `json:"reference,omitempty"` // the provider's reference, or the label's tracking number
	AtOnce    bool   `json:"at_once,omitempty"`   // an authorisation that was captured at once
	Pending   bool   `json:"pending,omitempty"`   // an interception that the carrier answers later, by webhook
	ByHand    bool   `json:"by_hand,omitempty"`   // done by a person outside; Reference is the evidence
	Unchecked bool   `json:"unchecked,omitempty"` // done by hand, and the provider could not be asked whether it had done it too
	Twice     bool   `json:"twice,omitempty"`     // done by hand, and found at the provider too
}

// EffectClaim is the answer to a claim.
type EffectClaim struct {
	Repeated bool           // the key was claimed before: look up what the provider did before asking again
	Outcome  *EffectOutcome // already known: nothing is left to do
}
