package orders_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// packedParcel is an order of goods with one parcel, labelled and waiting for the carrier.
func packedParcel(t *testing.T) *house {
	t.Helper()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.outcome.Reference = "SF-1"
	h.done(orders.TaskBook + "/S1")
	return h
}

func TestCarrierEventsMoveAParcelForwardOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reports  []string
		status   orders.ShipmentStatus
		findings []string
	}{
		"in order":                 {[]string{"accepted", "delivered"}, orders.Delivered, nil},
		"before the hand-over":     {[]string{"in_transit"}, orders.InTransit, nil},
		"nothing but the last":     {[]string{"delivered"}, orders.Delivered, nil},
		"repeated":                 {[]string{"in_transit", "in_transit"}, orders.InTransit, []string{"carrier_event_repeated"}},
		"another word for it":      {[]string{"accepted", "in_transit"}, orders.InTransit, []string{"carrier_event_repeated"}},
		"late":                     {[]string{"delivered", "accepted"}, orders.Delivered, []string{"carrier_event_late"}},
		"shuffled":                 {[]string{"refused", "in_transit", "delivered"}, orders.Delivered, []string{"carrier_event_late"}},
		"lost and found":           {[]string{"lost", "delivered"}, orders.Delivered, nil},
		"a refusal after delivery": {[]string{"delivered", "refused"}, orders.Delivered, []string{"carrier_event_late"}},
		"unknown status":           {[]string{"teleported"}, orders.Packed, []string{"carrier_event_unknown_status"}},
		"interception":             {[]string{"accepted", "intercepted"}, orders.InTransit, []string{"carrier_event_unknown_status"}},
	} {
		h := packedParcel(t)
		for _, status := range test.reports {
			h.do(report("SF-1", status))
		}
		require.Equal(t, test.status, h.order.Shipments[0].Status, name)
		codes := []string(nil)
		for _, f := range h.order.Findings {
			codes = append(codes, f.Code)
		}
		require.Equal(t, test.findings, codes, name)
	}
}

func TestAScanByTheCarrierIsTheHandOverThatNobodyReported(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	event := report("SF-1", "accepted")
	event.OccurredAt = h.now.Add(-time.Hour)
	h.do(event)
	require.Equal(t, orders.SigningOff, h.order.Stage)
	require.Equal(t, event.OccurredAt, h.order.Shipments[0].HandedOverAt)
	require.Equal(t, "SF-1", h.order.Shipments[0].Tracking)
	require.Equal(t, int64(2), h.order.Lines[0].Shipped)
	require.Len(t, h.order.Captures, 1)
	require.Equal(t, orders.CodeWrongStage, h.refuse(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"}).Code)
}

func TestAnEventOfAnUnknownParcelLeavesOneFinding(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	for range 3 {
		h.do(report("SF-404", "delivered"))
		h.do(report("", "delivered"))
	}
	require.Equal(t, []orders.Finding{
		{Code: "carrier_event_unknown_parcel", Detail: "SF-404 delivered"},
		{Code: "carrier_event_unknown_parcel", Detail: " delivered"},
	}, h.order.Findings)
	require.Equal(t, orders.Packed, h.order.Shipments[0].Status)
}

func TestAnEarlyReportDeliversTheParcelWhenItIsHandedOver(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.now = h.now.Add(time.Hour)
	h.do(report("YT-7", "accepted"))
	h.now = h.now.Add(time.Hour)
	arrived, early := h.now, proof("YT-7")
	early.EventID = "evt-2"
	h.do(early)
	h.do(report("YT-8", "lost"))
	require.Equal(t, orders.Packed, h.order.Shipments[0].Status)
	require.Len(t, h.order.Early, 3)
	h.now = h.now.Add(time.Hour)
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "YT-7"})
	require.Equal(t, orders.Delivered, h.order.Shipments[0].Status)
	require.True(t, h.order.Shipments[0].Proof)
	require.Equal(t, arrived, h.order.Shipments[0].DeliveredAt)
	require.Equal(t, orders.AfterSales, h.order.Stage, "the proof signs the order off")
	require.Len(t, h.order.Early, 1, "of another parcel")
	kinds := h.kinds()
	require.Equal(t, []string{
		orders.EventHandedOver, orders.EventParcelMoved, orders.EventParcelMoved, orders.EventFulfilled, orders.EventSignedOff,
	}, kinds[len(kinds)-5:])
}

func TestAnEarlyReportThatTheParcelIsLostParksItWhenItIsHandedOver(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(report("YT-7", "lost"))
	h.do(report("YT-7", "lost"))
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "YT-7"})
	require.Equal(t, []string{"deliver/S1 parcel_lost clerk"}, h.attention())
	require.Equal(t, "carrier_event_repeated", h.order.Findings[1].Code)
	require.Empty(t, h.order.Early)
}

func TestOnlyAStatusThatPeopleUnderstandIsAHandOver(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"label_printed", "intercepted", ""} {
		h := packedParcel(t)
		h.do(report("SF-1", status))
		require.Equal(t, orders.Packed, h.order.Shipments[0].Status, status)
		require.Empty(t, h.order.Captures, "nothing is earned")
		require.Equal(t, "carrier_event_unknown_status", h.order.Findings[0].Code)
	}
}

func TestFindingsIncidentsAndEarlyReportsAreBounded(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	for i := range orders.Enough + 10 {
		h.do(report("SF-404-"+strconv.Itoa(i), "delivered"))
		h.do(&orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: orders.CodeUnreadable})
		h.do(&orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: orders.EventCancelAsked})
	}
	require.Len(t, h.order.Findings, orders.Enough)
	require.Len(t, h.order.Early, orders.Enough)
	require.Len(t, h.order.Incidents, orders.Enough)
	noted := 0
	for _, kind := range h.kinds() {
		if kind == orders.EventParcelNoted {
			noted++
		}
	}
	require.Equal(t, orders.Enough+10, noted, "the timeline has them all")
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-404-7"})
	require.Equal(t, orders.Delivered, h.order.Shipments[0].Status)
	h.do(&orders.Retry{})
	require.Empty(t, h.order.Incidents)
}

func TestAParcelIsFoundByItsLabelAfterItLeftUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "YT-7"})
	h.do(report("SF-1", "accepted"))
	h.do(report("YT-7", "delivered"))
	require.Equal(t, orders.Delivered, h.order.Shipments[0].Status)
	require.Empty(t, h.order.Findings)
}

func TestAnEventOfACancelledParcelLeavesAFinding(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(&orders.Reject{ReasonCode: "customer_request"})
	h.do(report("SF-1", "accepted"))
	require.Equal(t, "carrier_event_cancelled_parcel", h.order.Findings[0].Code)
	require.Equal(t, orders.Cancelled, h.order.Shipments[0].Status)
	h.work()
	require.True(t, h.order.AtRest())
}

func TestWhatTheCarrierDatesInTheFutureHappenedNow(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	event := report("SF-1", "delivered")
	event.OccurredAt = h.now.Add(time.Hour)
	h.do(event)
	require.Equal(t, h.now, h.order.Shipments[0].DeliveredAt)
	h = packedParcel(t)
	event = report("SF-1", "delivered")
	event.OccurredAt = time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("east", 14*60*60))
	h.do(event)
	require.Equal(t, h.now, h.order.Shipments[0].DeliveredAt, "nor can it have happened in antiquity")
}

func TestARefusalAtTheDoorParksTheOrderUntilSomebodyActs(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*house){
		"told by the carrier": func(h *house) { h.do(report("SF-1", "refused")) },
		"told by staff":       func(h *house) { h.do(&orders.RefuseDelivery{ShipmentID: "S1"}) },
	} {
		h := packedParcel(t)
		h.do(&orders.HandOver{ShipmentID: "S1"})
		refuse(h)
		require.Equal(t, []string{"deliver/S1 refused_at_door clerk"}, h.attention(), name)
		require.Equal(t, []string{"needs_attention"}, h.order.Flags())
		h.later(30 * 24 * time.Hour)
		require.Equal(t, orders.SigningOff, h.order.Stage, "nobody is signed off for by a timer")
		h.do(&orders.Retry{})
		require.Equal(t, orders.InTransit, h.order.Shipments[0].Status, "the carrier tries again")
		require.Empty(t, h.order.Attention)
		require.Equal(t, h.now.Add(168*time.Hour), h.due(orders.DeadlineSignOff), "the clock starts again")
		h.do(proof("SF-1"))
		require.Equal(t, orders.AfterSales, h.order.Stage)
	}
}

func TestALostParcelParksTheOrderAndMayStillArrive(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(report("SF-1", "lost"))
	require.Equal(t, []string{"deliver/S1 parcel_lost clerk"}, h.attention())
	h.do(report("SF-1", "delivered"))
	require.Empty(t, h.order.Attention)
}

func TestProofOfEveryParcelSignsTheOrderOff(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.ship("SF-1", orders.ShipLine{LineID: "L1", Quantity: 1})
	h.do(proof("SF-1"))
	require.Equal(t, orders.Fulfilling, h.order.Stage, "half of it is still here")
	h.ship("SF-2")
	require.Equal(t, orders.SigningOff, h.order.Stage)
	h.now = h.now.Add(time.Hour)
	h.do(proof("SF-2"))
	require.Equal(t, orders.AfterSales, h.order.Stage)
	require.Equal(t, h.now, h.order.SignedOffAt)
}

func TestAProofThatComesAfterTheDeliveryStillSignsTheOrderOff(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]time.Duration{"of the same moment": 0, "of a later one": time.Hour} {
		h := packedParcel(t)
		h.do(report("SF-1", "delivered"))
		arrived := h.order.Shipments[0].DeliveredAt
		require.Equal(t, orders.SigningOff, h.order.Stage, name)
		h.now = h.now.Add(later)
		h.do(proof("SF-1"))
		require.Equal(t, orders.AfterSales, h.order.Stage, name)
		require.Equal(t, arrived, h.order.Shipments[0].DeliveredAt, name)
		require.Equal(t, int64(2), h.order.Lines[0].Delivered, "it arrived once")
		require.Empty(t, h.order.Incidents, name)
		h.do(proof("SF-1"))
		require.Equal(t, "carrier_event_repeated", h.order.Findings[0].Code, name)
	}
}

func TestAProofOfAnythingButADeliveryIsARepetition(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	for range 2 {
		event := report("SF-1", "refused")
		event.Proof = true
		h.now = h.now.Add(time.Hour)
		h.do(event)
	}
	require.Equal(t, "carrier_event_repeated", h.order.Findings[0].Code)
	require.Equal(t, h.now.Add(-time.Hour), h.order.Attention[0].Since)
}

func TestACarrierThatContradictsItsOwnDeliveryFlagsTheOrder(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(report("SF-1", "delivered"))
	h.now = h.now.Add(time.Hour)
	h.do(report("SF-1", "in_transit"))
	require.Empty(t, h.order.Incidents, "a late scan says nothing")
	h.do(report("SF-1", "lost"))
	require.Equal(t, "carrier_contradiction", h.order.Incidents[0].Code)
	require.Equal(t, orders.Delivered, h.order.Shipments[0].Status)
	early := report("SF-1", "refused")
	early.OccurredAt = h.now.Add(-2 * time.Hour)
	h.do(&orders.Retry{})
	h.do(early)
	require.Empty(t, h.order.Incidents, "it was refused first and delivered then")
}

func TestAMessageThatCannotBeDeliveredFlagsTheOrder(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(&orders.MessageFailed{Template: orders.TemplateShipped, Code: orders.RefusedRecipient})
	require.Equal(t, []string{"needs_attention"}, h.order.Flags())
	h.do(&orders.Retry{})
	require.Empty(t, h.order.Flags())
}

func TestWithoutProofOrWithAServiceTheCustomerSignsOff(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(report("SF-1", "delivered"))
	require.Equal(t, orders.SigningOff, h.order.Stage)
	h = place(t, draft(tea("L1", 1), install("L2")))
	h.work()
	h.ship("SF-1")
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.do(proof("SF-1"))
	require.Equal(t, orders.SigningOff, h.order.Stage)
	h.do(&orders.SignOff{})
	require.Equal(t, orders.AfterSales, h.order.Stage)
}

func TestSignOffByStaffMeansThatEverythingArrived(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(report("SF-1", "lost"))
	h.do(&orders.SignOff{})
	require.Equal(t, orders.Delivered, h.order.Shipments[0].Status)
	require.Equal(t, int64(2), h.order.Lines[0].Delivered)
	require.Empty(t, h.order.Attention)
}

func TestShortStockParksUntilGoodsComeInOrSomebodyRetries(t *testing.T) {
	t.Parallel()
	short := func() *house {
		h := place(t, draft(tea("L1", 5)))
		h.done(orders.TaskCheck)
		h.done(orders.TaskAuthorise + "/P1")
		h.short = 2
		h.done(orders.TaskReserve)
		require.Equal(t, []string{"reserve short_stock buyer"}, h.attention())
		require.Equal(t, wants(5), h.order.Wanted(""), "the whole of it, whatever is held")
		return h
	}
	h := short()
	h.ship("SF-1") // what is there may go ahead
	require.Equal(t, wants(5), h.order.Wanted(""), "until the book knows that a parcel has left")
	h.done(orders.TaskMoveStock + "/S1")
	require.Equal(t, wants(2), h.order.Wanted(""))
	require.Empty(t, h.order.Holding())
	h.short = 1
	h.do(&orders.StockAllotted{})
	require.Empty(t, h.attention(), "the book is asked")
	h.done(orders.TaskReserve)
	require.NotEmpty(t, h.attention(), "one is still missing")
	h.goodsIn()
	require.Empty(t, h.attention())
	h.ship("SF-2")
	require.Equal(t, orders.SigningOff, h.order.Stage)

	h = short()
	h.do(&orders.Retry{})
	require.Equal(t, "DD20261201-000001/reserve/1/2", h.task(orders.TaskReserve).Key, "asking again is a new request")
	h.short = 0
	h.done(orders.TaskReserve)
	require.Equal(t, int64(5), h.order.Lines[0].Reserved)
	require.Empty(t, h.attention())
}

func wants(quantity int64) []orders.Wanted {
	return []orders.Wanted{{LineID: "L1", Kind: orders.Goods, SKU: "TEA-001", Quantity: quantity}}
}

func TestGoodsThatComeInWhileTheBookIsAskedMakeTheOrderAskOnceMore(t *testing.T) {
	t.Parallel()
	h := situation(t, "packed") // somebody has just asked for the short stock again
	first := h.task(orders.TaskReserve)
	h.do(&orders.StockAllotted{})
	require.NotEqual(t, first.Key, h.task(orders.TaskReserve).Key)
	h.do(&orders.TaskDone{Task: first, Added: []orders.Reservation{{LineID: "L1", Warehouse: "east", Quantity: 1}}})
	require.Equal(t, int64(6), h.order.Line("L1").Reserved, "the older answer counts")
	require.Contains(t, h.names(), orders.TaskReserve, "and the newer request stands")
	require.Empty(t, h.attention(), "nothing is short as long as it does")
	h.do(&orders.TaskDone{Task: h.task(orders.TaskReserve)})
	require.NotContains(t, h.names(), orders.TaskReserve)
	require.Equal(t, []string{"reserve short_stock buyer"}, h.attention())
}

func TestARescheduledVisitFreesItsOldSlot(t *testing.T) {
	t.Parallel()
	h := place(t, draft(install("L1")))
	h.work()
	h.do(&orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-2", "L1", 96*time.Hour)})
	require.Equal(t, []string{"slot-L1"}, h.order.FreeSlots)
	h.done(orders.TaskFreeSlots)
	require.Empty(t, h.order.FreeSlots)
	require.Equal(t, "slot-2", h.order.Appointments[0].Slot.ID)
}

func TestASlotGivenUpWhileOthersAreFreedIsFreedNext(t *testing.T) {
	t.Parallel()
	h := place(t, draft(install("L1")))
	h.work()
	h.do(&orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-2", "L1", 96*time.Hour)})
	answer := h.answer(h.task(orders.TaskFreeSlots))
	h.do(&orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-3", "L1", 97*time.Hour)})
	h.do(answer)
	require.Equal(t, []string{"slot-2"}, h.order.FreeSlots)
}
