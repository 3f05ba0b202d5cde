package orders

import (
	"slices"
	"time"
)

func (c *SignOff) guard(o *Order) error { return working(o, c) }
func (c *SignOff) decide(d *decider) error {
	at, err := d.happened("at", c.At)
	if err != nil {
		return err
	}
	d.emit(&signedOff{By: "staff", At: at})
	return nil
}

func (c *RefuseDelivery) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	if !slices.ContainsFunc(o.Shipments, Shipment.onItsWay) {
		return refuse(o, c, CodeNotHandedOver)
	}
	return nil
}

func (s Shipment) onItsWay() bool { return s.Status == HandedOver || s.Status == InTransit }

func (c *RefuseDelivery) decide(d *decider) error {
	s := d.o.Shipment(c.ShipmentID)
	if s == nil {
		return invalid("shipment_id", "unknown_shipment")
	}
	if !s.onItsWay() {
		return refuse(&d.o, c, CodeNotHandedOver)
	}
	d.subject = s.ID
	d.moveParcel(s.ID, Refused, d.now, false, "")
	return nil
}

// moveParcel carries a shipment forward and parks the order where a person has to act.
func (d *decider) moveParcel(shipment string, to ShipmentStatus, at time.Time, proof bool, eventID string) {
	d.emit(&parcelMoved{Shipment: shipment, Status: to, At: at, Proof: proof, EventID: eventID})
	if !d.o.Shipment(shipment).kept() {
		return // it is voided: its steps follow the parcel
	}
	switch to {
	case Refused:
		d.emit(&parked{Task: TaskDeliver + "/" + shipment, Reason: ReasonRefusedAtDoor, Role: "clerk"})
	case Lost:
		d.emit(&parked{Task: TaskDeliver + "/" + shipment, Reason: ReasonLost, Role: "clerk"})
	case Packed, HandedOver, InTransit, Intercepted, Delivered, Cancelled:
	}
}

func (c *ReceivePayment) guard(o *Order) error    { return refuse(o, c, CodeNoReceipts) }
func (c *ReceivePayment) decide(d *decider) error { return c.guard(&d.o) }

// carrierStatus translates what carriers report. Interceptions belong to voids.
var carrierStatus = []struct {
	reported string
	status   ShipmentStatus
}{
	{"accepted", InTransit}, {"in_transit", InTransit}, {"delivered", Delivered}, {"refused", Refused}, {"lost", Lost},
}

// rank orders the states of a parcel: a report never moves it to a lower one.
func (s ShipmentStatus) rank() int {
	return slices.Index([]ShipmentStatus{Packed, HandedOver, InTransit, Refused, Intercepted, Lost, Delivered}, s)
}

func (c *CarrierEvent) guard(o *Order) error {
	return inStage(o, c)
}

// decide never refuses a report: what cannot be acted on leaves a finding.
func (c *CarrierEvent) decide(d *decider) error {
	at, err := d.happened("occurred_at", c.OccurredAt)
	if err != nil || at.After(d.now) {
		at = d.now
	}
	report := ParcelReport{Tracking: c.Tracking, Status: c.Status, At: at, Proof: c.Proof, EventID: c.EventID}
	s := d.o.parcel(c.Tracking)
	if s == nil {
		d.emit(&parcelNoted{Report: report, Why: NotedUnknownParcel})
		return nil
	}
	d.subject = s.ID
	_, known := reported(c.Status)
	if known && s.Status == Packed && d.o.stopped(s.ID) { // the warehouse says that it has unpacked it
		d.emit(&parcelNoted{Shipment: s.ID, Report: report, Why: "cancelled_parcel"})
		d.emit(&incident{Code: "carrier_contradiction"})
		return nil
	}
	if known && s.Status == Packed { // the scan is the hand-over that nobody reported
		d.handOver(s, c.Tracking, at)
	}
	d.report(s.ID, report)
	return nil
}

// report acts on what a carrier says about a parcel.
func (d *decider) report(shipment string, r ParcelReport) {
	s := *d.o.Shipment(shipment)
	to, known := reported(r.Status)
	var why string
	switch {
	case d.intercepted(shipment, r):
		return
	case !known:
		why = "unknown_status"
	case s.Status == Cancelled:
		why = "cancelled_parcel"
	case to == s.Status && (to != Delivered || !r.Proof || s.Proof): // a proof that comes later still signs
		why = "repeated"
	case s.Status == Delivered && (to == Refused || to == Lost) && r.At.After(s.DeliveredAt):
		why = "contradiction"
		d.emit(&incident{Code: "carrier_contradiction"})
	case to.rank() < s.Status.rank():
		why = "late"
	default:
		d.moveParcel(s.ID, to, r.At, r.Proof, r.EventID)
		return
	}
	d.emit(&parcelNoted{Shipment: s.ID, Report: r, Why: why})
}

func reported(status string) (ShipmentStatus, bool) {
	for _, c := range carrierStatus {
		if c.reported == status {
			return c.status, true
		}
	}
	return "", false
}

// parcel finds a shipment by its tracking number, or by the number of its label.
func (o *Order) parcel(tracking string) *Shipment {
	if tracking == "" {
		return nil
	}
	i := slices.IndexFunc(o.Shipments, func(s Shipment) bool { return s.Tracking == tracking || s.Label == tracking })
	if i < 0 {
		return nil
	}
	return &o.Shipments[i]
}

func (c *MessageFailed) guard(o *Order) error { return inStage(o, c) }

// decide flags the order: somebody has to reach the customer in another way.
func (c *MessageFailed) decide(d *decider) error {
	d.emit(&incident{Code: "message_undeliverable"})
	return nil
}
