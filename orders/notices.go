package orders

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoticesFor returns the ordinary messages that follow from a recorded event. Their texts are made when they are sent.
// The key names the fact, not the event: a history that is decided anew tells the customer nothing twice.
func NoticesFor(o Order, r Recorded) []Notice {
	template, fact, shipment := noticeOf(o, r)
	if template == "" {
		return nil
	}
	n := Notice{
		Key:   fmt.Sprintf("%s/notice/%s/%s", o.Number, template, fact),
		Order: o.Number, Template: template, ContactID: o.ContactID, Locale: o.Contact.Locale,
	}
	if shipment != "" {
		n.Data = map[string]string{"subject": shipment}
	}
	return []Notice{n}
}

// noticeOf returns the template, what the message is about, and the shipment whose numbers it prints.
func noticeOf(o Order, r Recorded) (template, fact, shipment string) {
	switch r.Kind {
	case EventCreated, EventResubmitted:
		return TemplateConfirmation, strconv.Itoa(o.Review.Round), ""
	case EventHandedOver:
		var e handedOver
		if json.Unmarshal(r.Data, &e) != nil || strings.TrimSpace(e.Tracking) == "" || e.Arrived {
			return "", "", ""
		}
		return TemplateShipped, e.Shipment, e.Shipment
	case EventRescheduled:
		var e rescheduled
		if json.Unmarshal(r.Data, &e) != nil {
			return "", "", ""
		}
		return TemplateRescheduled, e.Slot.ID, ""
	case EventReminded:
		return TemplateReminder, "1", ""
	case EventSignedOff:
		if o.Terms.AfterSalesDays == 0 {
			return "", "", ""
		}
		return TemplateSignedOff, "1", ""
	case EventRejected:
		return TemplateRejected, "1", ""
	}
	return "", "", ""
}

// MessageData returns what a message about the order may print; subject names the shipment it is about.
func (o Order) MessageData(company, subject string) MessageData {
	data := MessageData{
		Number: o.Number, Company: company, Round: o.Review.Round, ServicesOnly: !o.hasGoods(), Fee: o.Delivery.Fee,
		Total: o.Total(), PromisedAt: o.Delivery.PromisedAt, Survivor: o.Survivor, ReasonCode: o.RejectedFor,
		MoneyHeld: slices.ContainsFunc(o.Payments, func(p Payment) bool { return p.Reference != "" }),
	}
	for _, l := range o.Lines {
		if l.Kept() > 0 {
			data.Lines = append(data.Lines, MessageLine{
				Name: l.Name, Quantity: l.Kept(), UnitPrice: l.UnitPrice, Discount: l.Discount, Total: l.Total(),
			})
		}
	}
	for _, slot := range o.agreedSlots() {
		service := o.Line(slot.LineID).Name
		data.Appointments = append(data.Appointments, MessageAppointment{Service: service, From: slot.From, To: slot.To})
	}
	if s := o.Shipment(subject); s != nil {
		data.Carrier, data.TrackingNumber = s.Carrier, s.Tracking
		data.Parcel, data.Partial = o.contents(s)
	}
	for _, d := range o.Deadlines {
		if d.Kind == DeadlineAfterSales {
			data.WindowEndsAt = d.DueAt.Add(-time.Second) // midnight belongs to the day before
		}
	}
	return data
}

// agreedSlots lists the times agreed with the customer, before and after approval.
func (o Order) agreedSlots() []Slot {
	slots := slices.Clone(o.Slots)
	for _, a := range o.Appointments {
		if a.Status == Scheduled {
			slots = append(slots, a.Slot)
		}
	}
	return slots
}

// contents lists what is in a parcel, a row per line of the order, and tells whether goods are left out of it.
func (o Order) contents(s *Shipment) (parcel []MessageLine, partial bool) {
	for _, l := range o.Lines {
		var quantity int64
		for _, part := range s.Lines {
			if part.LineID == l.ID {
				quantity += part.Quantity
			}
		}
		if quantity > 0 {
			parcel = append(parcel, MessageLine{Name: l.Name, Quantity: quantity})
		}
		partial = partial || l.Kind == Goods && quantity < l.Ordered-l.Voided
	}
	return parcel, partial
}
