package orders

import (
	"slices"
	"time"

	"amends/money"
)

func (c *Ship) guard(o *Order) error {
	if err := working(o, c); err != nil {
		return err
	}
	switch {
	case !o.hasGoods():
		return refuse(o, c, CodeNothingToShip)
	case len(o.packable("")) == 0:
		return refuse(o, c, CodeNothingReserved)
	case !o.paid():
		return refuse(o, c, CodePaymentOutstanding)
	}
	return nil
}

// paid tells whether goods of a prepaid order may be packed: the provider has said yes.
func (o *Order) paid() bool {
	return !slices.ContainsFunc(o.Payments, func(p Payment) bool { return p.Status != PaymentAuthorised })
}

func (c *Ship) decide(d *decider) error {
	carrier := c.Carrier
	if len(carrier) > 64 {
		return invalid("carrier", "too_long", 64)
	}
	booking := BookingPending
	if d.o.Delivery.Method == "pickup" || d.o.Delivery.Method == "own_vehicle" {
		booking = BookingNone
	} else if carrier == "" {
		return invalid("carrier", "required")
	}
	lines, err := c.allot(&d.o)
	if err != nil {
		return err
	}
	d.subject = id("S", len(d.o.Shipments))
	d.emit(&packed{Shipment: d.subject, Carrier: carrier, Lines: lines, Booking: booking})
	return nil
}

// allot takes the wanted quantities from the reservations. No lines at all mean everything that is reserved.
func (c *Ship) allot(o *Order) ([]ShipmentLine, error) {
	if len(c.Lines) == 0 {
		return o.packable(""), nil
	}
	var lines []ShipmentLine
	seen := []string{}
	for i, want := range c.Lines {
		field := "lines[" + id("", i-1) + "]"
		line := o.Line(want.LineID)
		switch {
		case line == nil:
			return nil, invalid(field+".line_id", "unknown_line")
		case line.Kind != Goods:
			return nil, invalid(field+".line_id", "not_goods")
		case slices.Contains(seen, want.LineID):
			return nil, invalid(field+".line_id", "repeated")
		case want.Quantity < 1:
			return nil, invalid(field+".quantity", "out_of_range", 1, line.Ordered)
		}
		seen = append(seen, want.LineID)
		left := want.Quantity
		for _, held := range o.packable(want.LineID) {
			take := min(left, held.Quantity)
			if take > 0 {
				lines = append(lines, ShipmentLine{LineID: held.LineID, Warehouse: held.Warehouse, Quantity: take})
			}
			left -= take
		}
		if left > 0 {
			return nil, invalid(field+".quantity", "more_than_reserved", want.Quantity-left)
		}
	}
	return lines, nil
}

// packable lists what is reserved, not yet in a parcel and not voided, for one line or for all. Voided units may still be
// held for a moment: what is open bounds what may be packed.
func (o *Order) packable(line string) []ShipmentLine {
	var free []ShipmentLine
	for _, r := range o.Reservations {
		if line != "" && r.LineID != line || o.Line(r.LineID) == nil {
			continue
		}
		most := o.Line(r.LineID).Open() - o.packedOpen(r.LineID) - keptBefore(free, r.LineID)
		if quantity := min(r.Quantity-o.packedFrom(r), most); quantity > 0 {
			free = append(free, ShipmentLine{LineID: r.LineID, Warehouse: r.Warehouse, Quantity: quantity})
		}
	}
	return free
}

// packedFrom is how much of a reservation lies in parcels.
func (o *Order) packedFrom(r Reservation) int64 {
	return o.inParcels(func(l ShipmentLine) int64 {
		if l.LineID != r.LineID || l.Warehouse != r.Warehouse {
			return 0
		}
		return l.Quantity
	})
}

// packedOpen is how much of a line lies in parcels and is not voided.
func (o *Order) packedOpen(line string) int64 {
	return o.inParcels(func(l ShipmentLine) int64 {
		if l.LineID != line {
			return 0
		}
		return l.Quantity - l.Voided
	})
}

// inParcels sums over all parcels that are packed and have not left.
func (o *Order) inParcels(of func(ShipmentLine) int64) int64 {
	var sum int64
	for _, s := range o.Shipments {
		for _, l := range s.Lines {
			if s.Status == Packed {
				sum += of(l)
			}
		}
	}
	return sum
}

func (c *HandOver) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	if !slices.ContainsFunc(o.Shipments, func(s Shipment) bool { return s.Status == Packed }) {
		return refuse(o, c, CodeNotPacked)
	}
	return nil
}

func (c *HandOver) decide(d *decider) error {
	s := d.o.Shipment(c.ShipmentID)
	if s == nil {
		return invalid("shipment_id", "unknown_shipment")
	}
	if s.Status != Packed {
		return refuse(&d.o, c, CodeNotPacked)
	}
	if d.o.stopped(s.ID) {
		return refuse(&d.o, c, CodeParcelStopped, s.ID)
	}
	at, err := d.happened("handed_over_at", c.HandedOverAt)
	if err != nil {
		return err
	}
	tracking := c.TrackingNumber
	if tracking == "" {
		tracking = s.Label
	}
	switch {
	case len(tracking) > 64:
		return invalid("tracking_number", "too_long", 64)
	case tracking == "" && s.Booking != BookingNone:
		return invalid("tracking_number", "required")
	}
	d.subject = s.ID
	d.handOver(s, tracking, at)
	return nil
}

// stopped tells whether the warehouse has confirmed that the parcel stays: a hand-over that comes later is refused, unless
// the stock book says that the parcel has left.
func (o *Order) stopped(shipment string) bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if a.Status == Running && s.Kind == StepPutBack && s.Subject == shipment && s.Confirmed {
				blocked := o.StepBlocked(a, s)
				return blocked == nil || blocked.Reason != OutcomeLeft
			}
		}
	}
	return false
}

// handOver records that a parcel left the house, makes its share of the payment due, and acts on reports that came
// early.
func (d *decider) handOver(s *Shipment, tracking string, at time.Time) {
	value := money.New(0, d.o.Currency)
	for i, l := range s.Lines {
		line := d.o.Line(l.LineID)
		before := line.keptShipped() + keptBefore(s.Lines[:i], l.LineID)
		value = value.Add(line.worth(before + l.Quantity - l.Voided).Sub(line.worth(before)))
	}
	shipment, early := s.ID, d.o.earlyReports(tracking)
	d.emit(&handedOver{
		Shipment: shipment, Tracking: tracking, At: at,
		Arrived: d.o.Delivery.Method == "pickup", Capture: d.capture(shipment, value),
	})
	for _, report := range early {
		d.report(shipment, report)
	}
}

// earlyReports are the carrier's reports on a parcel that came before anybody handed it over, in their order.
func (o *Order) earlyReports(tracking string) []ParcelReport {
	var early []ParcelReport
	for _, r := range o.Early {
		if r.Tracking == tracking && tracking != "" {
			early = append(early, r)
		}
	}
	return early
}

// keptBefore sums what the same parcel takes of the same line from earlier warehouses, without what is voided.
func keptBefore(lines []ShipmentLine, line string) int64 {
	var sum int64
	for _, l := range lines {
		if l.LineID == line {
			sum += l.Quantity - l.Voided
		}
	}
	return sum
}

// capture returns the capture that a delivery has earned, or nil where nothing is to be taken: the payment was
// captured at once. The first one carries the delivery fee.
func (d *decider) capture(subject string, value money.Amount) *Capture {
	p := &d.o.Payments[0]
	if !slices.ContainsFunc(d.o.Lines, func(l Line) bool { return l.Shipped > 0 || l.Delivered > 0 }) {
		value = value.Add(d.o.fee())
	}
	if value.IsZero() {
		return nil
	}
	return &Capture{ID: id("C", len(d.o.Captures)), Payment: p.ID, For: subject, Amount: value, Done: p.AtOnce, Try: 1}
}

func (c *Perform) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	return scheduled(o, c)
}

func scheduled(o *Order, c Command) error {
	if !slices.ContainsFunc(o.Appointments, func(a Appointment) bool { return a.Status == Scheduled }) {
		return refuse(o, c, CodeNotScheduled)
	}
	return nil
}

func (c *Perform) decide(d *decider) error {
	a := d.o.Appointment(c.AppointmentID)
	if a == nil {
		return invalid("appointment_id", "unknown_appointment")
	}
	if a.Status != Scheduled {
		return refuse(&d.o, c, CodeNotScheduled)
	}
	at, err := d.happened("performed_at", c.PerformedAt)
	if err != nil {
		return err
	}
	d.subject = a.ID
	d.emit(&performed{Appointment: a.ID, At: at, Capture: d.capture(a.ID, d.o.Line(a.Slot.LineID).Total())})
	return nil
}

func (c *Reschedule) guard(o *Order) error {
	if err := working(o, c); err != nil {
		return err
	}
	return scheduled(o, c)
}

// decide refuses an unverified actor: a raw signal cannot claim a technician's time.
func (c *Reschedule) decide(d *decider) error {
	if !d.by.Verified {
		return ErrForbidden
	}
	a := d.o.Appointment(c.AppointmentID)
	switch {
	case a == nil:
		return invalid("appointment_id", "unknown_appointment")
	case a.Status != Scheduled:
		return refuse(&d.o, c, CodeNotScheduled)
	case c.Slot.ID == "" || c.Slot.ID == a.Slot.ID || c.Slot.LineID != a.Slot.LineID:
		return invalid("slot", "required")
	case !c.Slot.To.After(c.Slot.From):
		return invalid("slot.to", "ends_before_start")
	}
	d.subject = a.ID
	d.emit(&rescheduled{Appointment: a.ID, Slot: c.Slot})
	return nil
}

func (c *StockAllotted) guard(o *Order) error { return inStage(o, c) }
func (c *StockAllotted) decide(d *decider) error {
	d.emit(&stockAllotted{})
	return nil
}
