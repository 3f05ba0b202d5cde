package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// told lists the templates of all messages so far.
func told(h *house) []string {
	templates := []string{}
	for _, event := range h.log {
		for _, n := range orders.NoticesFor(h.order, event) {
			templates = append(templates, n.Template)
		}
	}
	return templates
}

func TestCustomersHearOfWhatConcernsThem(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), install("L2")))
	h.work()
	h.do(&orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-2", "L2", 96*time.Hour)})
	h.ship("SF-1", orders.ShipLine{LineID: "L1", Quantity: 1})
	h.ship("SF-2")
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.do(report("SF-1", "delivered"))
	h.do(report("SF-2", "delivered"))
	h.later(72 * time.Hour)
	h.do(&orders.SignOff{})
	h.work()
	require.Equal(t, []string{
		orders.TemplateConfirmation, orders.TemplateRescheduled, orders.TemplateShipped, orders.TemplateShipped,
		orders.TemplateReminder, orders.TemplateSignedOff,
	}, told(h))
}

func TestCustomersHearOfResubmissionsAndRejections(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	h.do(&orders.Resubmit{})
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Equal(t, []string{orders.TemplateConfirmation, orders.TemplateConfirmation, orders.TemplateRejected}, told(h))
}

func TestNobodyHearsOfWhatTheyDidThemselvesOrCannotUse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*orders.Draft){
		"who comes for it needs no tracking number": func(d *orders.Draft) { d.Delivery.Method = "pickup" },
		"an own vehicle has none":                   func(d *orders.Draft) { d.Delivery.Method = "own_vehicle" },
	} {
		d := draft(tea("L1", 1))
		d.Terms.AfterSalesDays = 0
		change(&d)
		h := place(t, d)
		h.work()
		h.ship("")
		h.do(&orders.SignOff{})
		h.work()
		require.Equal(t, orders.Closed, h.order.Stage)
		require.Equal(t, []string{orders.TemplateConfirmation}, told(h), name)
	}
}

func TestEveryNoticeHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1", orders.ShipLine{LineID: "L1", Quantity: 1})
	h.ship("SF-2")
	keys, shipments := map[string]bool{}, []string{}
	for _, event := range h.log {
		for _, n := range orders.NoticesFor(h.order, event) {
			require.False(t, keys[n.Key], n.Key)
			keys[n.Key] = true
			require.Equal(t, h.order.Number, n.Order)
			require.Equal(t, "contact-1", n.ContactID)
			require.Equal(t, "zh-CN", n.Locale)
			if n.Template == orders.TemplateShipped {
				shipments = append(shipments, n.Data["subject"])
			}
		}
	}
	require.Equal(t, []string{"S1", "S2"}, shipments)
	require.True(t, keys["DD20261201-000001/notice/confirmation/1"])
}

func TestAMessageCanPrintWhatTheOrderKnows(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), install("L2")))
	visit := orders.MessageAppointment{Service: "安装", From: morning.Add(48 * time.Hour), To: morning.Add(50 * time.Hour)}
	lines := []orders.MessageLine{
		{Name: "龙井", Quantity: 2, UnitPrice: yuan("128.00"), Discount: yuan("0.00"), Total: yuan("256.00")},
		{Name: "安装", Quantity: 1, UnitPrice: yuan("200.00"), Discount: yuan("0.00"), Total: yuan("200.00")},
	}
	require.Equal(t, orders.MessageData{
		Number: h.order.Number, Company: "茶行", Round: 1, Lines: lines, Fee: yuan("12.00"), Total: yuan("468.00"),
		Appointments: []orders.MessageAppointment{visit},
	}, h.order.MessageData("茶行", ""))
	h.work()
	require.True(t, h.order.MessageData("茶行", "").MoneyHeld)
	h.ship("SF-1")
	data := h.order.MessageData("茶行", "S1")
	require.Equal(t, []orders.MessageLine{{Name: "龙井", Quantity: 2}}, data.Parcel)
	require.False(t, data.Partial, "a service is in no parcel")
	require.Equal(t, []string{"SF", "SF-1"}, []string{data.Carrier, data.TrackingNumber})
	require.Equal(t, []orders.MessageAppointment{visit}, data.Appointments, "approval changes nothing about it")
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.do(&orders.SignOff{})
	data = h.order.MessageData("茶行", "")
	require.Empty(t, data.Appointments)
	require.Equal(t, time.Date(2026, 12, 8, 15, 59, 59, 0, time.UTC), data.WindowEndsAt, "the last day to the end")
}

func TestAMessageAboutAPartialShipmentSaysWhatIsInIt(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 3)))
	h.work()
	h.ship("SF-1", orders.ShipLine{LineID: "L1", Quantity: 2})
	data := h.order.MessageData("茶行", "S1")
	require.Equal(t, []orders.MessageLine{{Name: "龙井", Quantity: 2}}, data.Parcel)
	require.True(t, data.Partial)
}

func TestAMessageKnowsServicesAloneAndARepeatedReview(t *testing.T) {
	t.Parallel()
	h := place(t, draft(install("L1")))
	data := h.order.MessageData("茶行", "")
	require.True(t, data.ServicesOnly)
	require.False(t, data.MoneyHeld)
	h = situation(t, "sent_back")
	h.do(&orders.Resubmit{})
	require.Equal(t, 2, h.order.MessageData("茶行", "").Round)
}

func TestARejectedDuplicateNamesTheOrderThatStands(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.do(&orders.Reject{ReasonCode: "duplicate", Survivor: "DD20261130-000009"})
	data := h.order.MessageData("茶行", "")
	require.Equal(t, "duplicate", data.ReasonCode)
	require.Equal(t, "DD20261130-000009", data.Survivor)
}
