package orders

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NoticesFor returns the ordinary messages that follow from a recorded event. Their texts are made when they are sent.
func NoticesFor(o Order, r Recorded) []Notice {
	template, subject := noticeOf(o, r)
	if template == "" {
		return nil
	}
	n := Notice{
		Key:   fmt.Sprintf("%s/notice/%s/%d", o.Number, template, r.Seq),
		Order: o.Number, Template: template, ContactID: o.ContactID, Locale: o.Contact.Locale,
	}
	if subject != "" {
		n.Data = map[string]string{"subject": subject}
	}
	return []Notice{n}
}

func noticeOf(o Order, r Recorded) (template, subject string) {
	switch r.Kind {
	case EventCreated, EventResubmitted:
		return TemplateConfirmation, ""
	case EventHandedOver:
		var e handedOver
		if json.Unmarshal(r.Data, &e) != nil || strings.TrimSpace(e.Tracking) == "" || e.Arrived {
			return "", ""
		}
		return TemplateShipped, e.Shipment
	case EventRescheduled:
		return TemplateRescheduled, ""
	case EventReminded:
		return TemplateReminder, ""
	case EventSignedOff:
		if o.Terms.AfterSalesDays == 0 {
			return "", ""
		}
		return TemplateSignedOff, ""
	case EventRejected:
		return TemplateRejected, ""
	}
	return "", ""
}

// MessageData returns what a message about the order may print; subject names the shipment it is about.
func (o Order) MessageData(company, subject string) MessageData {
	data := MessageData{
		Number: o.Number, Company: company, Total: o.Total(), PromisedAt: o.Delivery.PromisedAt, Survivor: o.Survivor,
		ReasonCode: o.RejectedFor,
	}
	for _, l := range o.Lines {
		data.Lines = append(data.Lines, MessageLine{Name: l.Name, Quantity: l.Ordered})
	}
	for _, slot := range o.agreedSlots() {
		service := o.Line(slot.LineID).Name
		data.Appointments = append(data.Appointments, MessageAppointment{Service: service, From: slot.From, To: slot.To})
	}
	if s := o.Shipment(subject); s != nil {
		data.Carrier, data.TrackingNumber = s.Carrier, s.Tracking
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
