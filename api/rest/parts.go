package rest

import (
	"time"

	"amends/api/messages"
	"amends/money"
	"amends/orders"
)

type lineBody struct {
	ID        string       `json:"id"`
	Kind      string       `json:"kind"`
	SKU       string       `json:"sku"`
	Name      string       `json:"name"`
	Spec      string       `json:"spec"`
	Unit      string       `json:"unit"`
	Note      string       `json:"note"`
	UnitPrice money.Amount `json:"unit_price"`
	ListPrice money.Amount `json:"list_price"`
	Discount  money.Amount `json:"discount"`
	Total     money.Amount `json:"total"`
	Quantity  int64        `json:"quantity"`
	Reserved  int64        `json:"reserved"`
	Shipped   int64        `json:"shipped"`
	Delivered int64        `json:"delivered"`
	Returned  int64        `json:"returned"`
	Voided    int64        `json:"voided"`
	Recalled  int64        `json:"recalled"`
}

func line(l orders.Line, note string) lineBody {
	return lineBody{
		ID: l.ID, Kind: l.Kind, SKU: l.SKU, Name: l.Name, Spec: l.Spec, Unit: l.Unit, Note: note,
		UnitPrice: l.UnitPrice, ListPrice: l.ListPrice, Discount: l.Discount, Total: l.Total(),
		Quantity: l.Ordered, Reserved: l.Reserved, Shipped: l.Shipped, Delivered: l.Delivered, Returned: l.Returned, Voided: l.Voided,
		Recalled: l.Recalled,
	}
}

type findingBody struct {
	Code    string `json:"code"`
	LineID  string `json:"line_id,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Message string `json:"message"`
}

func findings(list []orders.Finding, locale string) []findingBody {
	return viewAll(list, func(f orders.Finding) findingBody {
		return findingBody{f.Code, f.LineID, f.Detail, messages.About(locale, "finding", f.Code, f.Detail, f.LineID)}
	})
}

type paymentBody struct {
	ID          string        `json:"id"`
	Status      string        `json:"status"`
	Amount      money.Amount  `json:"amount"`
	Captured    money.Amount  `json:"captured"`
	Refunded    money.Amount  `json:"refunded"`
	CarriedOver *money.Amount `json:"carried_over,omitempty"` // it pays for the order that was placed again
	Reference   string        `json:"reference,omitempty"`
}

func payment(p orders.Payment) paymentBody {
	return paymentBody{
		ID: p.ID, Status: paymentStatus(p), Amount: p.Amount, Captured: inCurrency(p.Captured, p.Amount),
		Refunded: inCurrency(p.Refunded, p.Amount), CarriedOver: p.CarriedOver, Reference: p.Reference,
	}
}

// paymentStatus is what people call it: while nothing was taken it is where the payment stands with its provider, then
// how much of it was taken and given back.
func paymentStatus(p orders.Payment) string {
	switch {
	case p.Captured.IsZero():
		return string(p.Status)
	case p.Refunded.Minor >= p.Captured.Minor:
		return "refunded"
	case !p.Refunded.IsZero():
		return "partially_refunded"
	case p.Captured.Minor >= p.Amount.Minor:
		return "captured"
	}
	return "partially_captured"
}

// inCurrency shows nothing as nothing of the currency.
func inCurrency(a, of money.Amount) money.Amount { return a.Add(money.New(0, of.Currency)) }

type captureBody struct {
	ID      string       `json:"id"`
	Payment string       `json:"payment_id"`
	For     string       `json:"for"`
	Amount  money.Amount `json:"amount"`
	Done    bool         `json:"done"`
	Dropped bool         `json:"dropped,omitempty"`
}

func capture(c orders.Capture) captureBody {
	return captureBody{ID: c.ID, Payment: c.Payment, For: c.For, Amount: c.Amount, Done: c.Done, Dropped: c.Dropped}
}

type reservationBody struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
}

// parcelLineBody is a quantity of a line in a parcel, or of one that a step is about.
type parcelLineBody struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Voided    int64  `json:"voided,omitempty"`
}

type shipmentBody struct {
	ID             string                `json:"id"`
	Status         orders.ShipmentStatus `json:"status"`
	Carrier        string                `json:"carrier"`
	Booking        orders.BookingStatus  `json:"booking"`
	Label          string                `json:"label,omitempty"`
	TrackingNumber string                `json:"tracking_number,omitempty"`
	Lines          []parcelLineBody      `json:"lines"`
	PackedAt       time.Time             `json:"packed_at"`
	HandedOverAt   *time.Time            `json:"handed_over_at,omitempty"`
	DeliveredAt    *time.Time            `json:"delivered_at,omitempty"`
	Proof          bool                  `json:"proof"`
}

func shipment(s orders.Shipment) shipmentBody {
	return shipmentBody{
		ID: s.ID, Status: s.Status, Carrier: s.Carrier, Booking: s.Booking, Label: s.Label, TrackingNumber: s.Tracking,
		Lines: parcelLines(s.Lines), PackedAt: s.PackedAt, HandedOverAt: moment(s.HandedOverAt), DeliveredAt: moment(s.DeliveredAt), Proof: s.Proof,
	}
}

type appointmentBody struct {
	ID          string                   `json:"id"`
	LineID      string                   `json:"line_id"`
	Status      orders.AppointmentStatus `json:"status"`
	Technician  string                   `json:"technician"`
	From        time.Time                `json:"from"`
	To          time.Time                `json:"to"`
	PerformedAt *time.Time               `json:"performed_at,omitempty"`
}

func appointment(a orders.Appointment) appointmentBody {
	return appointmentBody{
		ID: a.ID, LineID: a.Slot.LineID, Status: a.Status, Technician: a.Slot.Technician, From: a.Slot.From, To: a.Slot.To,
		PerformedAt: moment(a.PerformedAt),
	}
}

type holdBody struct {
	Since time.Time `json:"since"`
}

func held(h *orders.Held) *holdBody {
	if h == nil {
		return nil
	}
	return &holdBody{h.Since}
}

type attentionBody struct {
	Task    string     `json:"task"`
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Role    string     `json:"role"`
	Since   time.Time  `json:"since"`
	RetryAt *time.Time `json:"retry_at,omitempty"`
}

func attention(a orders.Attention, locale string) attentionBody {
	return attentionBody{a.Task, a.Reason, messages.About(locale, "reason", a.Reason), a.Role, a.Since, moment(a.RetryAt)}
}

type incidentBody struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

func incident(i orders.Incident, locale string) incidentBody {
	return incidentBody{i.Code, messages.About(locale, "incident", i.Code), i.At}
}

// deadlineBody is a moment at which something happens by itself; it is paused, and will move, while an order is on hold.
type deadlineBody struct {
	Kind   string    `json:"kind"`
	DueAt  time.Time `json:"due_at"`
	Paused bool      `json:"paused"`
}

type noteBody struct {
	ID     string    `json:"id"`
	Text   string    `json:"text"`
	Author string    `json:"author"`
	At     time.Time `json:"at"`
}

type contactBody struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel"`
	Outcome string    `json:"outcome"`
	Text    string    `json:"text"`
	Author  string    `json:"author"`
	At      time.Time `json:"at"`
}
