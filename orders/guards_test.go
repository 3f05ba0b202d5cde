package orders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

func TestACommandThatExpectsAnOlderVersionIsRefused(t *testing.T) {
	t.Parallel()
	h := situation(t, "in_review")
	old, current := h.order.Version-1, h.order.Version
	_, err := h.try(&orders.Approve{Header: orders.Header{Actor: reviewer, ExpectedVersion: &old}})
	require.Equal(t, &orders.StaleError{Expected: old, Version: current}, err)
	require.Equal(t, orders.Problem{Code: orders.CodeStaleVersion, Params: []string{"1", "0"}}, orders.AsProblem(err))
	h.do(&orders.Approve{Header: orders.Header{ExpectedVersion: &current}})
	require.Equal(t, current+1, h.order.Version)
}

func TestFactsAreNeverTooLateForAVersion(t *testing.T) {
	t.Parallel()
	old := int64(0)
	head := orders.Header{ExpectedVersion: &old}
	h := situation(t, "shipped")
	h.do(&orders.HandOver{Header: head, ShipmentID: "S2", TrackingNumber: "SF-2"})
	h.do(&orders.Perform{Header: head, AppointmentID: "A1"})
	h.do(&orders.CarrierEvent{Header: head, Tracking: "SF-2", Status: "delivered"})
	h.do(&orders.StockAllotted{Header: head})
	require.Equal(t, orders.CodeStaleVersion, h.refuse(&orders.RefuseDelivery{Header: head, ShipmentID: "S1"}).Code)
}

func TestOnlyCommandsOfPeopleRaiseTheVersion(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	require.Equal(t, int64(1), h.order.Version, "creation counts")
	h.work()
	h.do(&orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: orders.CodeUnreadable})
	h.do(report("SF-404", "lost"))
	require.Equal(t, int64(1), h.order.Version)
	h.do(&orders.PutOnHold{Header: orders.Header{Actor: orders.OperatorActor}})
	require.Equal(t, int64(2), h.order.Version, "an operator's signal is a person's")
}

func TestARepeatedCommandIsAcceptedAndDoesNothing(t *testing.T) {
	t.Parallel()
	h := situation(t, "in_review")
	approve := &orders.Approve{}
	require.NotEmpty(t, h.do(approve).Events)
	h.do(&orders.PutOnHold{})
	require.Empty(t, h.do(approve).Events, "whatever has become of the order")
	other := &orders.Reject{Header: orders.Header{CommandID: approve.CommandID}, ReasonCode: "no such code"}
	require.Empty(t, h.do(other).Events, "whatever it says")
	h.work()
	ship := &orders.Ship{Carrier: "SF"}
	h.do(&orders.Resume{})
	h.work()
	h.do(ship)
	require.Empty(t, h.do(ship).Events)
	require.Len(t, h.order.Shipments, 1)
	created := &orders.Reject{Header: orders.Header{CommandID: "create-1"}, ReasonCode: "invalid"}
	require.Empty(t, h.do(created).Events, "the creation is a command, too")
}

func TestOnlyAVerifiedPersonApproves(t *testing.T) {
	t.Parallel()
	h := situation(t, "in_review")
	for _, actor := range []orders.Actor{orders.OperatorActor, {ID: "rui", Role: "reviewer"}, {ID: "x", Role: "manager"}} {
		problem := h.refuse(&orders.Approve{Header: orders.Header{Actor: actor}})
		require.Equal(t, orders.CodeForbidden, problem.Code)
	}
	h.do(&orders.Approve{})
	require.Equal(t, orders.Fulfilling, h.order.Stage)
}

func TestARejectionNeedsAReasonAndADuplicateItsSurvivor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command orders.Reject
		field   string // of the refusal
	}{
		"no reason":           {orders.Reject{}, "reason_code"},
		"unknown reason":      {orders.Reject{ReasonCode: "because"}, "reason_code"},
		"other without words": {orders.Reject{ReasonCode: "other"}, "note"},
		"other with a note":   {orders.Reject{Header: orders.Header{NoteID: "n-1"}, ReasonCode: "other"}, ""},
		"other by signal":     {orders.Reject{Header: orders.Header{Reason: "wrong shop"}, ReasonCode: "other"}, ""},
		"no survivor":         {orders.Reject{ReasonCode: "duplicate"}, "survivor"},
		"itself":              {orders.Reject{ReasonCode: "duplicate", Survivor: "DD20261201-000001"}, "survivor"},
		"its survivor":        {orders.Reject{ReasonCode: "duplicate", Survivor: "DD20261130-000009"}, ""},
	} {
		h := place(t, draft(tea("L1", 1)))
		if test.field == "" {
			h.do(&test.command)
			require.Equal(t, test.command.ReasonCode, h.order.RejectedFor, name)
			require.Equal(t, test.command.Survivor, h.order.Survivor, name)
			continue
		}
		problem := h.refuse(&test.command)
		require.Equal(t, orders.CodeInvalid, problem.Code, name)
		require.Equal(t, test.field, problem.Fields[0].Field, name)
	}
}

func TestAHardDuplicateIsRejectedInFavourOfTheOrderTheReviewFound(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.facts = orders.ReviewFacts{HardDuplicates: []string{"DD20261130-000009"}}
	h.work()
	h.do(&orders.Reject{ReasonCode: "duplicate"})
	require.Equal(t, "DD20261130-000009", h.order.Survivor)
}

func TestPackingTakesOnlyWhatIsReservedAndNotYetInAParcel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command orders.Ship
		field   string
	}{
		"unknown line":      {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L9", Quantity: 1}}}, "lines[0].line_id"},
		"a service":         {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L3", Quantity: 1}}}, "lines[0].line_id"},
		"a line twice":      {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L2", Quantity: 1}, {LineID: "L2", Quantity: 1}}}, "lines[1].line_id"},
		"nothing":           {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L2"}}}, "lines[0].quantity"},
		"less than nothing": {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L2", Quantity: -1}}}, "lines[0].quantity"},
		"more than is free": {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 4}}}, "lines[0].quantity"},
		"far too much":      {orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 1 << 62}}}, "lines[0].quantity"},
		"no carrier":        {orders.Ship{}, "carrier"},
		"a long carrier":    {orders.Ship{Carrier: strings.Repeat("S", 65)}, "carrier"},
	} {
		h := situation(t, "packed") // of six L1 five are held and two of them packed
		require.Equal(t, test.field, h.refuse(&test.command).Fields[0].Field, name)
	}
	h := situation(t, "packed")
	h.do(&orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 3}}})
	require.Equal(t, []orders.ShipmentLine{
		{LineID: "L1", Warehouse: "south", Quantity: 3},
	}, h.order.Shipments[1].Lines, "the other warehouse is in the first parcel")
	h.do(&orders.Ship{Carrier: "SF"})
	require.Len(t, h.order.Shipments[2].Lines, 2, "no lines at all mean the rest")
	require.Equal(t, orders.CodeNothingReserved, h.refuse(&orders.Ship{Carrier: "SF"}).Code)
}

func TestOwnVehiclesAndPickUpsNeedNoCarrier(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"own_vehicle", "pickup"} {
		d := draft(tea("L1", 1))
		d.Delivery.Method = method
		h := place(t, d)
		h.work()
		h.do(&orders.Ship{})
		require.Empty(t, h.order.Tasks())
		h.do(&orders.HandOver{ShipmentID: "S1"})
		arrived := h.order.Lines[0].Delivered == 1
		require.Equal(t, method == "pickup", arrived, "the customer came for it")
	}
}

func TestNothingIsPackedBeforeThePaymentStands(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1), install("L2")))
	h.done(orders.TaskCheck)
	require.Equal(t, orders.CodeNothingReserved, h.refuse(&orders.Ship{Carrier: "SF"}).Code)
	h.done(orders.TaskReserve)
	require.Equal(t, orders.CodePaymentOutstanding, h.refuse(&orders.Ship{Carrier: "SF"}).Code)
	h.failed(orders.TaskAuthorise+"/P1", orders.RefusedDeclined)
	require.Equal(t, orders.CodePaymentOutstanding, h.refuse(&orders.Ship{Carrier: "SF"}).Code)
	services := place(t, draft(install("L1")))
	services.work()
	require.Equal(t, orders.CodeNothingToShip, services.refuse(&orders.Ship{Carrier: "SF"}).Code)
}

func TestReportsOfTheFutureAndOfLongAgoAreRefused(t *testing.T) {
	t.Parallel()
	report := func(at time.Time) []orders.Command {
		return []orders.Command{
			&orders.HandOver{ShipmentID: "S2", TrackingNumber: "SF-2", HandedOverAt: at},
			&orders.Perform{AppointmentID: "A1", PerformedAt: at},
		}
	}
	h := situation(t, "shipped")
	unwritable := time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("east", 14*60*60)) // a year before 0 in UTC
	for _, c := range append(report(h.now.Add(6*time.Minute)), report(unwritable)...) {
		require.Equal(t, orders.CodeInvalid, h.refuse(c).Code, c.Name())
	}
	for _, c := range report(h.now.Add(4 * time.Minute)) {
		h.do(c)
	}
	signing := situation(t, "signing_off")
	require.Equal(t, orders.CodeInvalid, signing.refuse(&orders.SignOff{At: h.now.Add(time.Hour)}).Code)
	require.Equal(t, orders.CodeInvalid, signing.refuse(&orders.SignOff{At: unwritable}).Code)
	signing.do(&orders.SignOff{At: h.now.Add(-time.Minute)})
	require.Equal(t, h.now.Add(-time.Minute), signing.order.SignedOffAt)
}

func TestNoSuchPartsAreRefused(t *testing.T) {
	t.Parallel()
	h := situation(t, "shipped")
	for field, c := range map[string]orders.Command{
		"shipment_id":     &orders.HandOver{ShipmentID: "S9", TrackingNumber: "x"},
		"tracking_number": &orders.HandOver{ShipmentID: "S2", TrackingNumber: strings.Repeat("9", 65)},
		"appointment_id":  &orders.Perform{AppointmentID: "A9"},
		"slot":            &orders.Reschedule{AppointmentID: "A1"},
		"slot.to":         &orders.Reschedule{AppointmentID: "A1", Slot: orders.Slot{ID: "x", LineID: "L3"}},
	} {
		require.Equal(t, field, h.refuse(c).Fields[0].Field, c.Name())
	}
	same := &orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-L3", "L3", time.Hour)}
	require.Equal(t, "slot", h.refuse(same).Fields[0].Field, "its own slot would be freed")
	require.Equal(t, "tracking_number", h.refuse(&orders.HandOver{ShipmentID: "S2"}).Fields[0].Field, "there is no label")
	require.Equal(t, orders.CodeNotPacked, h.refuse(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "x"}).Code)
	require.Equal(t, orders.CodeNotHandedOver, h.refuse(&orders.RefuseDelivery{ShipmentID: "S2"}).Code)
	require.Equal(t, "shipment_id", h.refuse(&orders.RefuseDelivery{ShipmentID: "S9"}).Fields[0].Field)
	h.do(&orders.Perform{AppointmentID: "A1"})
	require.Equal(t, orders.CodeNotScheduled, h.refuse(&orders.Perform{AppointmentID: "A1"}).Code)
	require.Equal(t, orders.CodeNotScheduled, h.refuse(&orders.Reschedule{AppointmentID: "A1", Slot: slot("s", "L3", 0)}).Code)
}

func TestWhoeverSaysThatGoodsCameInOnlyMakesTheOrderAsk(t *testing.T) {
	t.Parallel()
	for _, actor := range []orders.Actor{orders.SystemActor, orders.OperatorActor, warehouse, orders.CarrierActor} {
		h := situation(t, "packed")
		before, round := h.order, h.order.Stock.Round
		h.do(&orders.StockAllotted{Header: orders.Header{Actor: actor}})
		require.Equal(t, before.Lines, h.order.Lines)
		require.Equal(t, before.Reservations, h.order.Reservations, "how much it is, the stock book says")
		require.Equal(t, round+1, h.task(orders.TaskReserve).Round)
	}
	_, err := orders.DecodeCommand(orders.CmdStockAllotted, []byte(`{"added":[{"line_id":"L1","warehouse":"north","quantity":1}]}`))
	require.Error(t, err, "it cannot say how much")
}

func TestADraftThatCannotBeReckonedWithIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*orders.Draft){
		"no lines":           func(d *orders.Draft) { d.Lines = nil },
		"too many lines":     func(d *orders.Draft) { d.Lines = make([]orders.Line, orders.MaxLines+1) },
		"no currency":        func(d *orders.Draft) { d.Currency = "" },
		"another currency":   func(d *orders.Draft) { d.Lines[0].UnitPrice.Currency = "EUR" },
		"a fee in another":   func(d *orders.Draft) { d.Delivery.Fee.Currency = "EUR" },
		"a negative fee":     func(d *orders.Draft) { d.Delivery.Fee.Minor = -1 },
		"no quantity":        func(d *orders.Draft) { d.Lines[0].Ordered = 0 },
		"a huge quantity":    func(d *orders.Draft) { d.Lines[0].Ordered = 1_000_001 },
		"a negative price":   func(d *orders.Draft) { d.Lines[0].UnitPrice.Minor = -1 },
		"a huge price":       func(d *orders.Draft) { d.Lines[0].UnitPrice.Minor = money.Max + 1 },
		"a huge total":       func(d *orders.Draft) { d.Lines[0].UnitPrice.Minor = money.Max },
		"too much discount":  func(d *orders.Draft) { d.Lines[0].Discount = yuan("9999.00") },
		"a line without ID":  func(d *orders.Draft) { d.Lines[0].ID = "" },
		"equal line IDs":     func(d *orders.Draft) { d.Lines[1].ID = "L1" },
		"an unknown kind":    func(d *orders.Draft) { d.Lines[0].Kind = "wish" },
		"used counters":      func(d *orders.Draft) { d.Lines[0].Shipped = 1 },
		"no slot":            func(d *orders.Draft) { d.Slots = nil },
		"a slot twice":       func(d *orders.Draft) { d.Slots = append(d.Slots, d.Slots[0]) },
		"a slot for goods":   func(d *orders.Draft) { d.Slots = append(d.Slots, slot("x", "L1", 0)) },
		"a slot for nothing": func(d *orders.Draft) { d.Slots = append(d.Slots, slot("x", "L9", 0)) },
	} {
		d := draft(tea("L1", 3), install("L2"))
		spoil(&d)
		require.Equal(t, orders.CodeInvalid, situation(t, "sent_back").refuse(&orders.Resubmit{Draft: &d}).Code, name)
	}
}

func TestTwoHistoriesThatDifferAnywhereHaveOtherChains(t *testing.T) {
	t.Parallel()
	chains := map[string]bool{}
	for _, head := range []orders.Header{{}, {Reason: "x"}, {NoteID: "x"}, {CommandID: "x"}, {Actor: orders.OperatorActor}} {
		h := place(t, draft(tea("L1", 1)))
		h.do(&orders.PutOnHold{Header: head})
		h.do(&orders.Resume{})
		chains[h.order.Chain] = true
	}
	require.Len(t, chains, 5)
}

func TestEventsThatTheCodeDoesNotKnowAreRefused(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	for _, event := range []orders.Recorded{{Kind: "unheard_of"}, {Kind: orders.EventHeld, Data: []byte(`[`)}} {
		after, err := orders.Apply(h.order, event)
		require.Error(t, err)
		require.Equal(t, orders.CodeUnreadable, orders.AsProblem(err).Fields[0].Code)
		require.Equal(t, h.order, after)
	}
}
