package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

func status(shipment int, want orders.ShipmentStatus) func(orders.Order) bool {
	return func(o orders.Order) bool { return len(o.Shipments) > shipment && o.Shipments[shipment].Status == want }
}

func TestPartialShipmentsEachCaptureTheirShare(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.when("everything to pack", ready, func() {
		b.update("ship", &orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 1}}})
	})
	b.when("the first parcel", func(o orders.Order) bool { return len(o.Shipments) == 1 && quiet(o) }, func() {
		b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
		b.update("ship", &orders.Ship{Carrier: "YTO"})
	})
	b.when("the second parcel", func(o orders.Order) bool { return len(o.Shipments) == 2 && quiet(o) }, func() {
		require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
		require.Equal(t, yuan(14000), b.lastSeen.Payments[0].Captured, "a third of the goods and the fee")
		b.update("hand-over", &orders.HandOver{ShipmentID: "S2"})
	})
	b.when("both on their way", in(orders.SigningOff), func() { b.carrier(b.lastSeen.Shipments[0].Tracking, "delivered", true) })
	b.when("the first to arrive", status(0, orders.Delivered), func() {
		require.Equal(t, orders.SigningOff, b.lastSeen.Stage, "one of two is not delivery")
		b.carrier(b.lastSeen.Shipments[1].Tracking, "delivered", true)
	})
	b.run()
	o := b.stored()
	require.Equal(t, orders.Closed, o.Stage)
	require.Equal(t, []string{"authorised", "captured", "captured"}, b.entries("payments"))
	require.Equal(t, yuan(39600), o.Payments[0].Captured)
	require.Equal(t, int64(3), o.Lines[0].Delivered)
}

func TestARefusedBookingIsParkedAndRetriedWithANewKey(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("carrier", "book", "refuse", 1)
	b.ships()
	b.when("the refusal", parked("book/S1", "refused"), func() {
		require.Equal(t, "warehouse", b.lastSeen.Attention[0].Role)
		b.update("retry", &orders.Retry{})
	})
	b.handsOver()
	b.arrives()
	b.run()
	require.Equal(t, []string{"booked"}, b.entries("carrier"))
	require.Equal(t, b.order.Number+"/book/S1/2", b.book("carrier")[0].Key)
}

func TestAHandOverIsNotHeldUpByABookingWithoutAnAnswer(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("carrier", "book", "error_before", 12)
	b.ships()
	b.when("the booking to be unreachable", parked("book/S1", orders.ReasonUnreachable), func() {
		b.update("hand-over", &orders.HandOver{ShipmentID: "S1", TrackingNumber: b.tracking("OWN")})
	})
	b.when("the parcel to arrive", in(orders.SigningOff), func() { b.carrier(b.tracking("OWN"), "delivered", true) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, b.tracking("OWN"), b.stored().Shipments[0].Tracking)
	require.Empty(t, b.stored().Attention)
}

func TestABookingThatIsRefusedAfterTheHandOverNeedsNobody(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("carrier", "book", "error_before", 6)
	b.ships()
	b.when("the booking to be unreachable", parked("book/S1", orders.ReasonUnreachable), func() {
		b.misbehave("carrier", "book", "refuse", 1)
		b.update("hand-over", &orders.HandOver{ShipmentID: "S1", TrackingNumber: b.tracking("OWN")})
	})
	b.when("the booking to be settled", func(o orders.Order) bool { return o.Shipments[0].Booking == orders.BookingCancelled && quiet(o) },
		func() { b.carrier(b.tracking("OWN"), "delivered", true) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Empty(t, b.book("carrier"))
}

func TestTheCarriersScanIsTheHandOverThatNobodyReported(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && o.Shipments[0].Label != "" }, func() {
		b.carrier(b.lastSeen.Shipments[0].Label, "in_transit", false)
	})
	b.arrives()
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 1, b.times("handed_over"))
	require.Equal(t, yuan(39600), b.stored().Payments[0].Captured)
}

func TestCarrierEventsNeverMoveAParcelBackwards(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.when("the parcel on its way", status(0, orders.HandedOver), func() {
		own := b.tracking("SF1")
		again := &orders.CarrierEvent{
			Header:  orders.Header{CommandID: uuid.NewString(), Actor: orders.CarrierActor},
			EventID: "e1", Tracking: own, Status: "in_transit",
		}
		b.signal("carrier-event", again)
		b.signal("carrier-event", again)                  // the relay tells it twice
		b.carrier(own, "in_transit", false)               // the carrier tells it twice
		b.carrier(own, "abducted", false)                 // nobody knows what that is
		b.carrier(b.tracking("NOBODY"), "accepted", true) // nobody knows whose it is
		b.carrier(own, "delivered", false)
		b.carrier(own, "in_transit", false)
		b.carrier(own, "refused", false)
	})
	b.when("the delivery", status(0, orders.Delivered), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	o := b.stored()
	require.Equal(t, orders.Closed, o.Stage)
	require.Equal(t, orders.Delivered, o.Shipments[0].Status)
	require.Equal(t, 2, b.times("parcel_moved"))
	require.ElementsMatch(t, []string{
		"carrier_event_repeated", "carrier_event_unknown_status", "carrier_event_unknown_parcel", "carrier_event_late", "carrier_event_late",
	}, codes(o.Findings))
	require.Len(t, b.audits(), 7, "one row for each event that the carrier told")
	require.Equal(t, int64(4), o.Version, "facts do not make a form stale")
}

func TestAnOrderRefusedAtTheDoorIsParkedAndDeliveredAgain(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.when("the parcel on its way", in(orders.SigningOff), func() { b.carrier(b.tracking("SF1"), "refused", false) })
	b.when("the refusal", parked("deliver/S1", orders.ReasonRefusedAtDoor), func() {
		require.Equal(t, []string{"needs_attention"}, b.lastSeen.Flags())
		b.update("retry", &orders.Retry{})
	})
	b.when("the second try", status(0, orders.InTransit), func() { b.carrier(b.tracking("SF1"), "delivered", true) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
}

func TestStaffReportARefusalAtTheDoor(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	var early *answer
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 }, func() {
		early = b.update("refuse-delivery", &orders.RefuseDelivery{ShipmentID: "S1"})
	})
	b.handsOver()
	b.when("the parcel on its way", in(orders.SigningOff), func() {
		b.update("refuse-delivery", &orders.RefuseDelivery{ShipmentID: "S1"})
	})
	b.when("the refusal", parked("deliver/S1", orders.ReasonRefusedAtDoor), func() { b.carrier(b.tracking("SF1"), "delivered", true) })
	b.run()
	early.refused(orders.CodeNotHandedOver)
	require.Equal(t, orders.Closed, b.stored().Stage, "delivered after all")
	require.Empty(t, b.stored().Attention)
}

func TestALostParcelParksTheOrder(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.when("the parcel on its way", in(orders.SigningOff), func() { b.carrier(b.tracking("SF1"), "lost", false) })
	b.when("the loss", parked("deliver/S1", orders.ReasonLost), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage, "the customer has it after all")
}

func TestACustomerWhoStaysSilentIsRemindedAndSignedOffByTimer(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.when("the parcel on its way", in(orders.SigningOff), func() { b.carrier(b.tracking("SF1"), "delivered", false) })
	b.run()
	at := map[string]time.Time{}
	for _, e := range b.events() {
		at[e.Kind] = e.At
	}
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 72*time.Hour, at["sign_off_reminded"].Sub(at["fulfilled"]))
	require.Equal(t, 168*time.Hour, at["signed_off"].Sub(at["parcel_moved"]))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE order_number = $1 AND template = 'sign_off_reminder'`))
}

func TestNobodySignsForAParcelOfWhichTheCarrierIsSilent(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	b.handsOver()
	b.when("the carrier to stay silent", parked("deliver/S1", orders.ReasonCarrierSilent), func() {
		require.Equal(t, orders.SigningOff, b.lastSeen.Stage)
		require.Equal(t, []string{"needs_attention", "overdue"}, b.lastSeen.Flags())
		require.Equal(t, []string{"needs_attention", "overdue"}, b.attribute("OrderFlag"))
		b.update("retry", &orders.Retry{})
	})
	b.when("the whole time to pass again", parked("deliver/S1", orders.ReasonCarrierSilent), func() {
		b.carrier(b.tracking("SF1"), "delivered", true)
	})
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 2, b.times("parked"))
}

func TestAnAfterSalesWindowEndsAtMidnightInChina(t *testing.T) {
	b := setup(t)
	draft := goods()
	draft.Terms.AfterSalesDays = 7
	b.create(draft)
	b.ships()
	b.handsOver()
	b.arrives()
	var late *answer
	b.when("the window", in(orders.AfterSales), func() {
		require.Equal(t, "after_sales", b.attribute("OrderStage"))
		require.Equal(t, b.lastSeen.Deadlines[0].DueAt, b.attribute("StageDeadline"))
		late = b.update("reject", &orders.Reject{ReasonCode: "customer_request"})
	})
	b.run()
	late.refused(orders.CodeWrongStage)
	events := b.events()
	closed := events[len(events)-1]
	china := time.FixedZone("Asia/Shanghai", 8*60*60)
	require.Equal(t, "closed", closed.Kind)
	require.Equal(t, "00:00:00", closed.At.In(china).Format(time.TimeOnly))
	signed := b.stored().SignedOffAt.In(china)
	require.Equal(t, signed.AddDate(0, 0, 8).Format(time.DateOnly), closed.At.In(china).Format(time.DateOnly))
}

func TestACustomerWhoFetchesTheGoodsNeedsNoCarrier(t *testing.T) {
	b := setup(t)
	draft := goods()
	draft.Delivery = orders.Delivery{Method: "pickup", Fee: yuan(0)}
	b.create(draft)
	b.when("everything to pack", ready, func() { b.update("ship", &orders.Ship{}) })
	b.when("the parcel", status(0, orders.Packed), func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1"}) })
	b.when("it to be fetched", in(orders.SigningOff), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Empty(t, b.book("carrier"))
}

func TestTheLongestEventIDOfACarrierIsHeard(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.ships()
	longest := strings.Repeat("件", 200)
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && o.Shipments[0].Label != "" && quiet(o) }, func() {
		b.signal("carrier-event", &orders.CarrierEvent{
			Header:  orders.Header{CommandID: "carrier:" + longest, Actor: orders.CarrierActor},
			EventID: longest, Tracking: b.lastSeen.Shipments[0].Label, Status: "delivered", Proof: true,
		})
		b.signal("hold", map[string]any{"reason": strings.Repeat("长", 1000)})
	})
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Contains(t, b.audits(), "hold operator operator f refused unreadable")
	require.Equal(t, []string{"unreadable"}, incidentCodes(b.stored()))
}

func incidentCodes(o orders.Order) []string {
	var list []string
	for _, i := range o.Incidents {
		list = append(list, i.Code)
	}
	return list
}
