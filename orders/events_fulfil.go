package orders

import (
	"slices"
	"strconv"
	"time"
)

// id numbers the parts of an order: S1, S2, …
func id(prefix string, have int) string { return prefix + strconv.Itoa(have+1) }

// stockReserved adds what the stock book has newly held for the order.
type stockReserved struct {
	Added    []Reservation `json:"added,omitempty"`
	Returned []Reservation `json:"returned,omitempty"`
	Round    int           `json:"round"` // the request it answers
}

func (*stockReserved) kind() string { return EventStockReserved }
func (e *stockReserved) apply(o *Order, _ time.Time) {
	if e.Round == o.Stock.Round {
		o.Stock.Pending = false
	}
	for _, r := range e.Returned {
		r.Quantity = -r.Quantity
		o.hold(r)
	}
	for _, r := range e.Added {
		o.hold(r)
	}
	if len(o.shortLines()) == 0 {
		o.clearAttention(TaskReserve)
	}
}

// hold adds to a reservation and to the line's counter. A negative quantity takes away.
func (o *Order) hold(r Reservation) {
	if line := o.Line(r.LineID); line != nil {
		line.Reserved += r.Quantity
	}
	i, found := slices.BinarySearchFunc(o.Reservations, r, func(a, b Reservation) int {
		if a.LineID != b.LineID {
			return compare(a.LineID, b.LineID)
		}
		return compare(a.Warehouse, b.Warehouse)
	})
	if !found {
		o.Reservations = slices.Insert(o.Reservations, i, Reservation{LineID: r.LineID, Warehouse: r.Warehouse})
	}
	if o.Reservations[i].Quantity += r.Quantity; o.Reservations[i].Quantity == 0 {
		o.Reservations = slices.Delete(o.Reservations, i, i+1)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// shortLines lists the goods lines that want more than is held and handed over.
func (o *Order) shortLines() []string {
	var short []string
	for _, l := range o.Lines {
		if l.Kind == Goods && l.Reserved < l.Open() {
			short = append(short, l.ID)
		}
	}
	return short
}

// stockAllotted says that goods came in and are held for the order. How many, it learns by asking again.
type stockAllotted struct{}

func (*stockAllotted) kind() string                { return EventStockAllotted }
func (*stockAllotted) apply(o *Order, _ time.Time) { o.clearAttention(TaskReserve); o.askForStock() }

type stockReleased struct{}

func (*stockReleased) kind() string { return EventStockReleased }
func (*stockReleased) apply(o *Order, _ time.Time) {
	o.Stock.Release, o.Stock.Pending, o.Reservations = false, false, nil
	for i := range o.Lines {
		o.Lines[i].Reserved = 0
	}
}

// stockMoved records that a shipment's goods left the stock book.
type stockMoved struct {
	Shipment string `json:"shipment"`
}

func (*stockMoved) kind() string { return EventStockMoved }
func (e *stockMoved) apply(o *Order, _ time.Time) {
	o.Shipment(e.Shipment).StockMoved = true
}

type slotsFreed struct {
	Slots []string `json:"slots"`
}

func (*slotsFreed) kind() string { return EventSlotsFreed }
func (e *slotsFreed) apply(o *Order, _ time.Time) {
	o.FreeSlots = slices.DeleteFunc(o.FreeSlots, func(s string) bool { return slices.Contains(e.Slots, s) })
}

// packed takes a parcel out of what is reserved. The goods stay reserved until they are handed over.
type packed struct {
	Shipment string         `json:"shipment"`
	Carrier  string         `json:"carrier"`
	Lines    []ShipmentLine `json:"lines"`
	Booking  BookingStatus  `json:"booking"`
}

func (*packed) kind() string { return EventPacked }
func (e *packed) apply(o *Order, at time.Time) {
	o.Shipments = append(o.Shipments, Shipment{
		ID: e.Shipment, Status: Packed, Carrier: e.Carrier, Lines: slices.Clone(e.Lines), Booking: e.Booking, Try: 1, PackedAt: at,
	})
}

type booked struct {
	Shipment string `json:"shipment"`
	Label    string `json:"label,omitempty"`
}

func (*booked) kind() string { return EventBooked }
func (e *booked) apply(o *Order, _ time.Time) {
	s := o.Shipment(e.Shipment)
	s.Booking, s.Label = BookingDone, e.Label
}

type labelCancelled struct {
	Shipment string `json:"shipment"`
}

func (*labelCancelled) kind() string { return EventLabelCancelled }
func (e *labelCancelled) apply(o *Order, _ time.Time) {
	o.Shipment(e.Shipment).Booking = BookingCancelled
}

// handedOver is the fact that a parcel left the house. Its share of the payment becomes due.
type handedOver struct {
	Shipment string    `json:"shipment"`
	Tracking string    `json:"tracking_number,omitempty"`
	At       time.Time `json:"handed_over_at"`
	Arrived  bool      `json:"arrived,omitempty"` // the customer came for it
	Capture  *Capture  `json:"capture,omitempty"`
}

func (*handedOver) kind() string { return EventHandedOver }
func (e *handedOver) apply(o *Order, _ time.Time) {
	s := o.Shipment(e.Shipment)
	s.Status, s.Tracking, s.HandedOverAt = HandedOver, e.Tracking, e.At
	for _, l := range s.Lines {
		o.hold(Reservation{LineID: l.LineID, Warehouse: l.Warehouse, Quantity: -l.Quantity})
		line := o.Line(l.LineID)
		line.Shipped += l.Quantity
		line.Recalled += l.Voided // handed over while it was being voided
	}
	if e.Arrived {
		o.arrive(s, e.At)
	}
	o.clearAttention(TaskBook + "/" + e.Shipment)
	o.Early = slices.DeleteFunc(o.Early, func(r ParcelReport) bool { return r.Tracking == e.Tracking })
	o.oweCapture(e.Capture)
}

func (o *Order) oweCapture(c *Capture) {
	if c != nil {
		o.Captures = append(o.Captures, *c)
	}
}

// arrive marks a parcel and its lines as delivered.
func (o *Order) arrive(s *Shipment, at time.Time) {
	s.Status, s.DeliveredAt = Delivered, at
	for _, l := range s.Lines {
		o.Line(l.LineID).Delivered += l.Quantity
	}
}

// parcelMoved carries a shipment forward.
type parcelMoved struct {
	Shipment string         `json:"shipment"`
	Status   ShipmentStatus `json:"status"`
	At       time.Time      `json:"occurred_at"`
	Proof    bool           `json:"proof,omitempty"`
	EventID  string         `json:"event_id,omitempty"`
}

func (*parcelMoved) kind() string { return EventParcelMoved }
func (e *parcelMoved) apply(o *Order, at time.Time) {
	s := o.Shipment(e.Shipment)
	if e.Status != Delivered {
		s.Status = e.Status
		return
	}
	if s.Status != Delivered {
		o.arrive(s, e.At)
	}
	s.Proof = e.Proof
	o.clearAttention(TaskDeliver + "/" + s.ID)
	if o.Stage == SigningOff {
		o.setDeadline(DeadlineSignOff, o.clockAt(at).Add(o.Policy.AutoSignOff))
	}
}

// NotedUnknownParcel is why a report was noted that names a parcel nobody has handed over yet. It is kept, and acted on
// when the parcel becomes known.
const NotedUnknownParcel = "unknown_parcel"

// parcelNoted leaves a finding where a carrier's event says nothing that can be acted on now.
type parcelNoted struct {
	Shipment string       `json:"shipment,omitempty"`
	Report   ParcelReport `json:"report"`
	Why      string       `json:"why"` // late, repeated, unknown_status, cancelled_parcel, NotedUnknownParcel
}

// Enough is how many findings, early reports and incidents an order carries. The timeline has them all.
const Enough = 50

func (*parcelNoted) kind() string { return EventParcelNoted }
func (e *parcelNoted) apply(o *Order, _ time.Time) {
	f := Finding{Code: "carrier_event_" + e.Why, Detail: e.Report.Tracking + " " + e.Report.Status}
	if !slices.Contains(o.Findings, f) && len(o.Findings) < Enough {
		o.Findings = append(o.Findings, f)
	}
	if e.Why == NotedUnknownParcel && len(o.Early) < Enough {
		o.Early = append(o.Early, e.Report)
	}
}

type performed struct {
	Appointment string    `json:"appointment"`
	At          time.Time `json:"performed_at"`
	Capture     *Capture  `json:"capture,omitempty"`
}

func (*performed) kind() string { return EventPerformed }
func (e *performed) apply(o *Order, _ time.Time) {
	a := o.Appointment(e.Appointment)
	a.Status, a.PerformedAt = Performed, e.At
	line := o.Line(a.Slot.LineID)
	line.Delivered = line.Ordered - line.Voided
	o.oweCapture(e.Capture)
}

type rescheduled struct {
	Appointment string `json:"appointment"`
	Slot        Slot   `json:"slot"`
}

func (*rescheduled) kind() string { return EventRescheduled }
func (e *rescheduled) apply(o *Order, _ time.Time) {
	a := o.Appointment(e.Appointment)
	o.FreeSlots = append(o.FreeSlots, a.Slot.ID)
	a.Slot = e.Slot
}

type fulfilled struct{}

func (*fulfilled) kind() string            { return EventFulfilled }
func (*fulfilled) apply(*Order, time.Time) {}

type reminded struct{}

func (*reminded) kind() string                { return EventReminded }
func (*reminded) apply(o *Order, _ time.Time) { o.clearDeadline(DeadlineReminder) }

// signedOff records the customer's receipt. By says how: staff, delivery_proof or timer.
type signedOff struct {
	By string    `json:"by"`
	At time.Time `json:"signed_off_at"`
}

func (*signedOff) kind() string { return EventSignedOff }
func (e *signedOff) apply(o *Order, _ time.Time) {
	o.SignedOffAt = e.At
	for i := range o.Shipments {
		s := &o.Shipments[i]
		if s.Status != Delivered && s.Status != Cancelled && s.kept() {
			o.arrive(s, e.At)
			o.clearAttention(TaskDeliver + "/" + s.ID)
		}
	}
}
