package orders

import (
	"slices"
	"time"

	"amends/money"
)

// PaymentStatus is where one payment stands with its provider.
type PaymentStatus string

// A payment is due, then authorising until the provider answers. Released and declined payments move no money.
const (
	PaymentDue         PaymentStatus = "due"
	PaymentAuthorising PaymentStatus = "authorising"
	PaymentAuthorised  PaymentStatus = "authorised"
	PaymentDeclined    PaymentStatus = "declined"
	PaymentReleased    PaymentStatus = "released"
)

// Payment is one payment of a customer.
type Payment struct {
	ID        string        `json:"id"` // P1, P2, …
	Status    PaymentStatus `json:"status"`
	Amount    money.Amount  `json:"amount"`
	Captured  money.Amount  `json:"captured"`
	Refunded  money.Amount  `json:"refunded"`
	Reference string        `json:"reference,omitempty"` // the provider's
	AtOnce    bool          `json:"at_once,omitempty"`   // the provider captured with the authorisation
	Try       int           `json:"try"`                 // rises after a final refusal: a new effect key

	CarriedOver *money.Amount `json:"carried_over,omitempty"` // of captured: it pays for the order placed again
}

// Capture takes the share of a payment that one shipment or appointment has earned.
type Capture struct {
	ID      string       `json:"id"` // C1, C2, …
	Payment string       `json:"payment"`
	For     string       `json:"for"` // shipment or appointment
	Amount  money.Amount `json:"amount"`
	Done    bool         `json:"done"`
	Dropped bool         `json:"dropped,omitempty"` // refused for good, and the goods are voided
	Try     int          `json:"try"`
}

// open tells whether the capture is still to be made.
func (c Capture) open() bool { return !c.Done && !c.Dropped }

// StockState says what the stock book still owes this order.
type StockState struct {
	Round   int  `json:"round"`   // rises with every request to reserve: part of its effect key
	Pending bool `json:"pending"` // a request to reserve has not answered
	Release bool `json:"release"` // everything held is to be given back
	// Epoch rises whenever voided units are given back. A request of an earlier epoch comes too late.
	Epoch int `json:"epoch,omitempty"`
}

// Reservation is a quantity held in a warehouse for a line. Sorted by line, then warehouse.
type Reservation struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
}

// ShipmentStatus is where a parcel is. It only moves forward, see carrier.go.
type ShipmentStatus string

// The life of a shipment.
const (
	Packed     ShipmentStatus = "packed"
	HandedOver ShipmentStatus = "handed_over"
	InTransit  ShipmentStatus = "in_transit"
	Refused    ShipmentStatus = "refused"
	Lost       ShipmentStatus = "lost"
	Delivered  ShipmentStatus = "delivered"
	Cancelled  ShipmentStatus = "cancelled"

	Intercepted ShipmentStatus = "intercepted" // stopped by the carrier for a void, and on its way back
)

// Shipment is one parcel: packed, handed over, on its way, arrived.
type Shipment struct {
	ID           string         `json:"id"` // S1, S2, …
	Status       ShipmentStatus `json:"status"`
	Carrier      string         `json:"carrier"`
	Lines        []ShipmentLine `json:"lines"`
	Label        string         `json:"label,omitempty"` // the tracking number the carrier proposed
	Tracking     string         `json:"tracking_number,omitempty"`
	Booking      BookingStatus  `json:"booking"`
	Try          int            `json:"try"`
	StockMoved   bool           `json:"stock_moved"` // taken out of the stock book
	PackedAt     time.Time      `json:"packed_at"`
	HandedOverAt time.Time      `json:"handed_over_at,omitzero"`
	DeliveredAt  time.Time      `json:"delivered_at,omitzero"`
	Proof        bool           `json:"proof"` // delivered with proof of delivery
}

// kept tells whether the customer is to have anything of the parcel.
func (s Shipment) kept() bool {
	return slices.ContainsFunc(s.Lines, func(l ShipmentLine) bool { return l.Voided < l.Quantity })
}

// ShipmentLine is a quantity of a line taken from a warehouse.
type ShipmentLine struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Voided    int64  `json:"voided,omitempty"` // of these: to be unpacked, or wanted back
}

// BookingStatus is where a shipment stands with its carrier.
type BookingStatus string

// A booking is pending until the carrier answers; own vehicles and pick-ups need none.
const (
	BookingNone      BookingStatus = "none"
	BookingPending   BookingStatus = "pending"
	BookingDone      BookingStatus = "booked"
	BookingCancelled BookingStatus = "cancelled"
)

// Slot is a technician's time, claimed in the calendar for a line.
type Slot struct {
	ID         string    `json:"id"`
	LineID     string    `json:"line_id"`
	Technician string    `json:"technician"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
}

// AppointmentStatus is where an appointment stands.
type AppointmentStatus string

// The life of an appointment.
const (
	Scheduled            AppointmentStatus = "scheduled"
	Performed            AppointmentStatus = "performed"
	AppointmentCancelled AppointmentStatus = "cancelled"
)

// Appointment is a service visit.
type Appointment struct {
	ID          string            `json:"id"` // A1, A2, …
	Status      AppointmentStatus `json:"status"`
	Slot        Slot              `json:"slot"`
	PerformedAt time.Time         `json:"performed_at,omitzero"`
}

// ParcelReport is what a carrier says about a parcel.
type ParcelReport struct {
	Tracking string    `json:"tracking_number"`
	Status   string    `json:"status"`
	At       time.Time `json:"occurred_at"`
	Proof    bool      `json:"proof,omitempty"`
	EventID  string    `json:"event_id,omitempty"`
}

// PurchaseStatus is where a purchase request stands with the supplier.
type PurchaseStatus string

// The life of a purchase request. A request whose cancellation was refused arrives and goes to stock.
const (
	PurchasePending   PurchaseStatus = "pending"   // the supplier has not answered
	PurchaseRequested PurchaseStatus = "requested" // the supplier has it
	PurchaseRefused   PurchaseStatus = "refused"
	PurchaseCancelled PurchaseStatus = "cancelled"
	PurchaseArrives   PurchaseStatus = "arrives" // too late to cancel
)

// Purchase is a request to the supplier for what a line is short of.
type Purchase struct {
	ID        string         `json:"id"` // B1, B2, …
	LineID    string         `json:"line_id"`
	SKU       string         `json:"sku"`
	Quantity  int64          `json:"quantity"`
	Status    PurchaseStatus `json:"status"`
	Reference string         `json:"reference,omitempty"` // the supplier's
	Try       int            `json:"try"`
}

// IssuedInvoice is the invoice that finance has issued for an order.
type IssuedInvoice struct {
	Number string    `json:"number"`
	Paper  bool      `json:"paper,omitempty"` // else electronic
	At     time.Time `json:"issued_at"`
}
