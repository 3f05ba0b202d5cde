package orders

import (
	"time"

	"amends/money"
)

// Codes of a RefusedError. A provider may answer others; they are passed on when they are short words, else they become
// RefusedOther.
const (
	RefusedDeclined       = "declined"        // the payment provider said no to the money
	RefusedRefused        = "refused"         // the request was understood and turned down
	RefusedUnknownPayment = "unknown_payment" // no such payment reference at the provider
	RefusedUnknownParcel  = "unknown_parcel"  // no such tracking number at the carrier
	RefusedTooMuch        = "above_limit"     // more than authorised, or more than captured
	RefusedKeyReused      = "key_reused"      // the effect key was used for another request
	RefusedInvalid        = "invalid_request" // the provider finds the request unusable
	RefusedTooLate        = "too_late"        // the parcel has moved too far
	RefusedRecipient      = "bad_recipient"   // the phone number or e-mail address cannot be served
	RefusedOther          = "other"
)

// RefusedError is a business answer of the outside world: final, never retried by the transport. It carries a code and
// no text from outside.
type RefusedError struct {
	Code string
}

// Error names the code.
func (e *RefusedError) Error() string { return "refused by the outside world: " + e.Code }

// PaymentCall asks a payment provider for one thing. Key is the effect key: the same key never moves money twice.
type PaymentCall struct {
	Key       string
	Order     string
	Payment   string       // our ID of the payment
	Reference string       // the provider's reference of the authorisation; empty when authorising
	Amount    money.Amount // ignored when releasing, which gives back all that is left
	Retry     bool         // an earlier attempt with this key may have reached the provider: look the key up first
}

// PaymentAnswer is what the provider did for an effect key.
type PaymentAnswer struct {
	Reference   string       // the provider's reference of the payment
	Transaction string       // the provider's reference of this one movement
	Amount      money.Amount // what was moved
	Captured    bool         // the money is the merchant's: by a capture, or by an authorisation captured at once
	Adopted     bool         // done by an earlier attempt and found by its key
}

// Addressee is who gets a parcel, as printed on the label.
type Addressee struct {
	Name    string
	Phone   string
	Address string
}

// BookingCall asks a carrier for a label.
type BookingCall struct {
	Key       string
	Order     string
	Shipment  string // our ID of the shipment
	Carrier   string // the carrier's code, e.g. "SF"
	Consignee Addressee
	Retry     bool // as in PaymentCall
}

// BookingAnswer is the label a carrier made.
type BookingAnswer struct {
	TrackingNumber string
	Adopted        bool // as in PaymentAnswer
}

// ParcelCall asks a carrier to do something about a parcel it has a label for: stop it, send it elsewhere, or forget it.
type ParcelCall struct {
	Key            string
	Order          string
	Shipment       string
	TrackingNumber string
	Consignee      Addressee // the new one, for a redirection; otherwise empty
	Retry          bool      // as in PaymentCall
}

// ParcelAnswer is the carrier's word on a ParcelCall; a refusal is a RefusedError instead.
type ParcelAnswer struct {
	Pending bool // the carrier will answer later, by webhook
	Adopted bool // as in PaymentAnswer
}

// Templates of messages to customers.
const (
	TemplateConfirmation = "confirmation"            // the order was placed
	TemplateShipped      = "shipped"                 // a parcel is on its way
	TemplateRescheduled  = "appointment_rescheduled" // a service visit has a new time
	TemplateReminder     = "sign_off_reminder"       // please confirm receipt
	TemplateSignedOff    = "signed_off"              // thanks; the after-sales window runs
	TemplateRejected     = "rejected"                // the order cannot be accepted
	TemplateVoided       = "voided"                  // the order, or a part of it, is void: reason, money, next step, alternatives
	TemplateMoneyBack    = "money_back"              // the money of a void has been given back
	TemplateDepartments  = "void_departments"        // to the departments concerned, in both languages
)

// Message is one message to one customer. Key is the effect key: the same key is one message.
type Message struct {
	Key      string
	Order    string
	To       string // a phone number for SMS, an address for mail
	Locale   string // "zh-CN" or "en"
	Template string
	Data     MessageData
	Retry    bool // as in PaymentCall
}

// MessageData is what a template may print. Each template says only what is there.
type MessageData struct {
	Number         string // the order's number
	Company        string // the seller, as customers know it
	Round          int    // from 2 on the order replaces what was confirmed before
	ServicesOnly   bool   // there are no goods that could be delivered
	Lines          []MessageLine
	Fee            money.Amount  // for delivery
	Total          money.Amount  // of lines and fee
	Parcel         []MessageLine // what is in the parcel that the message is about; without prices
	Partial        bool          // the parcel is not the whole order
	Appointments   []MessageAppointment
	PromisedAt     time.Time // zero: no date was promised
	Carrier        string
	TrackingNumber string
	ReasonCode     string    // of a rejection
	Survivor       string    // the order that stands instead of a rejected duplicate
	MoneyHeld      bool      // the provider holds or has taken money for the order
	WindowEndsAt   time.Time // the last moment of the after-sales window; zero: none
	Void           MessageVoid
}

// MessageVoid is what messages about a void may print.
type MessageVoid struct {
	ID           string
	ReasonCode   string // one of VoidReasons
	Whole        bool
	Lines        []MessageLine // what is voided: name and quantity
	Refund       money.Amount  // to be given back, or given back
	RefundWaits  bool          // until the goods are back and checked
	ByHand       bool          // the refund is made by hand, in a way agreed with the customer
	Release      money.Amount  // held by the provider and to be released, or released
	Frees        bool          // a part of what is held will be released once the rest of the order is delivered
	CarryOver    money.Amount  // paid, and used for the order that is placed again
	Return       bool          // goods have left and are wanted back
	Intercept    []string      // tracking numbers of the parcels that the carrier is to stop, each as a whole
	Agree        bool          // the return of goods is still to be agreed with the customer
	Alternatives []string      // codes of Plan.Alternatives
	Tasks        []string      // kinds of step that departments have to do, for TemplateDepartments
}

// MessageLine is one ordered product or service.
type MessageLine struct {
	Name      string
	Quantity  int64
	UnitPrice money.Amount
	Discount  money.Amount // of the whole line
	Total     money.Amount // quantity × unit price − discount
}

// MessageAppointment is one agreed service visit.
type MessageAppointment struct {
	Service string
	From    time.Time
	To      time.Time
}

// PurchaseCall asks the supplier for goods, or to cancel what was asked for.
type PurchaseCall struct {
	Key       string
	Order     string
	Request   string // our ID of the purchase request, e.g. B1
	SKU       string
	Quantity  int64
	Reference string // the supplier's, when cancelling
	Retry     bool   // as in PaymentCall
}

// PurchaseAnswer is the supplier's word.
type PurchaseAnswer struct {
	Reference string
	Adopted   bool // as in PaymentAnswer
}
