package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestCapturesOfOddAmountsAddUpToTheTotal(t *testing.T) {
	t.Parallel()
	for name, discount := range map[string]string{"even": "0.00", "odd": "0.01", "odder": "83.33"} {
		l1, l2 := tea("L1", 3), tea("L2", 7)
		l1.Discount, l2.Discount = yuan(discount), yuan(discount)
		policy := orders.DefaultPolicy()
		policy.PriceDeviation = 100
		h := placeWith(t, draft(l1, install("L3"), l2), policy)
		h.work()
		for unit := range 3 {
			h.ship("SF", orders.ShipLine{LineID: "L1", Quantity: 1}, orders.ShipLine{LineID: "L2", Quantity: 2})
			require.Len(t, h.order.Captures, unit+1, name)
			h.work()
		}
		h.do(&orders.Perform{AppointmentID: "A1"})
		h.ship("SF-last")
		h.work()
		require.Len(t, h.order.Captures, 5)
		require.Equal(t, h.order.Total(), h.order.Payments[0].Captured, name)
	}
}

func TestTheFirstCaptureCarriesTheDeliveryFee(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), install("L2")))
	h.work()
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.ship("SF-1")
	require.Equal(t, yuan("212.00"), h.order.Captures[0].Amount)
	require.Equal(t, "A1", h.order.Captures[0].For)
	require.Equal(t, yuan("256.00"), h.order.Captures[1].Amount)
	require.Equal(t, "S1", h.order.Captures[1].For)
}

func TestMoneyCapturedAtOnceIsNotCapturedAgain(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), install("L2")))
	h.do(h.answer(h.task(orders.TaskCheck)))
	h.do(&orders.Perform{AppointmentID: "A1"}) // the provider has not answered yet
	require.NotContains(t, h.names(), "capture/C1")
	h.outcome.AtOnce = true
	h.work()
	require.Equal(t, h.order.Total(), h.order.Payments[0].Captured)
	h.ship("SF-1")
	require.NotContains(t, h.names(), "capture/C1")
	require.NotContains(t, h.names(), "capture/C2")
	for _, c := range h.order.Captures {
		require.True(t, c.Done)
	}
}

func TestACaptureWaitsForTheAuthorisation(t *testing.T) {
	t.Parallel()
	h := place(t, draft(install("L1")))
	h.done(orders.TaskCheck)
	h.do(&orders.Perform{AppointmentID: "A1"})
	require.Equal(t, []string{"authorise/P1"}, h.names())
	h.done("authorise/P1")
	require.Equal(t, []string{"capture/C1"}, h.names())
	require.Equal(t, yuan("212.00"), h.task("capture/C1").Amount)
}

func TestADeclinedPaymentIsTriedAgainUnderANewKeyAndAnUnreachableOneUnderItsOwn(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.done(orders.TaskCheck)
	require.Equal(t, "DD20261201-000001/authorise/P1/1", h.task("authorise/P1").Key)
	h.failed("authorise/P1", orders.ReasonUnreachable)
	require.Equal(t, []string{"authorise/P1 unreachable manager"}, h.attention())
	require.NotContains(t, h.names(), "authorise/P1")
	h.later(h.order.Policy.UnreachableRetry)
	require.Equal(t, "DD20261201-000001/authorise/P1/1", h.task("authorise/P1").Key, "nobody knows what became of it")
	h.failed("authorise/P1", orders.RefusedDeclined)
	require.Equal(t, []string{"authorise/P1 declined clerk"}, h.attention())
	require.Equal(t, orders.PaymentDeclined, h.order.Payments[0].Status)
	h.do(&orders.Retry{})
	require.Equal(t, "DD20261201-000001/authorise/P1/2", h.task("authorise/P1").Key)
	h.done("authorise/P1")
	require.Equal(t, orders.PaymentAuthorised, h.order.Payments[0].Status)
}

func TestEveryFinalRefusalGetsANewKey(t *testing.T) {
	t.Parallel()
	shipped := func() *house {
		h := place(t, draft(tea("L1", 1)))
		h.work()
		h.ship("SF-1")
		return h
	}
	rejected := func(atOnce bool) *house {
		h := place(t, draft(tea("L1", 1)))
		h.outcome.AtOnce = atOnce
		h.work()
		h.do(&orders.Ship{Carrier: "SF"})
		h.done("book/S1")
		h.do(&orders.Reject{ReasonCode: "out_of_stock"})
		return h
	}
	for name, test := range map[string]struct {
		house *house
		task  string
		who   string
	}{
		"capture": {shipped(), "capture/C1", "finance"},
		"release": {rejected(false), "release/P1", "finance"},
		"refund":  {rejected(true), "refund/P1", "finance"},
	} {
		h := test.house
		first := h.task(test.task).Key
		h.failed(test.task, orders.RefusedRefused)
		require.Equal(t, []string{test.task + " refused " + test.who}, h.attention(), name)
		h.do(&orders.Retry{})
		require.NotEqual(t, first, h.task(test.task).Key, name)
		h.work()
	}
}

func TestACarrierThatKnowsNoSuchLabelIsNotAskedAgainAndPeopleAreTold(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	first := h.task("cancel_label/S1").Key
	h.failed("cancel_label/S1", orders.ReasonUnreachable)
	h.do(&orders.Retry{})
	require.Equal(t, first, h.task("cancel_label/S1").Key)
	h.failed("cancel_label/S1", orders.RefusedUnknownParcel)
	require.Empty(t, h.attention())
	require.Equal(t, "label_unknown_parcel", h.order.Incidents[0].Code)
	h.work()
	require.True(t, h.order.AtRest())
}

func TestWhoDoesNotTalkToTheCustomerRetriesOnlyWhatIsTheHouses(t *testing.T) {
	t.Parallel()
	parked := func() *house {
		h := place(t, draft(tea("L1", 1)))
		h.work()
		h.ship("SF-1")
		h.do(report("SF-1", "lost"))
		h.failed("capture/C1", orders.RefusedRefused)
		return h
	}
	finance := orders.Header{Actor: orders.Actor{ID: "qian", Role: "finance", Verified: true}}
	h := parked()
	h.do(&orders.Retry{Header: finance})
	require.Equal(t, []string{"deliver/S1 parcel_lost clerk"}, h.attention())
	require.Equal(t, "DD20261201-000001/capture/C1/2", h.task("capture/C1").Key)
	h.do(&orders.Retry{Header: finance})
	require.Empty(t, h.attention(), "unless nothing else is parked")
	h = parked()
	h.do(&orders.Retry{})
	require.Empty(t, h.attention(), "a clerk retries everything")
	require.Equal(t, orders.InTransit, h.order.Shipments[0].Status)
}

func TestAFaultLeavesOpenWhatHappenedAndKeepsTheKey(t *testing.T) {
	t.Parallel()
	shipped := place(t, draft(tea("L1", 1)))
	shipped.work()
	shipped.ship("SF-1")
	packed := place(t, draft(tea("L1", 1)))
	packed.work()
	packed.do(&orders.Ship{Carrier: "SF"})
	for _, fault := range []string{orders.ReasonUnreachable, orders.ReasonInvalid, orders.CodeInternal} {
		require.True(t, orders.IsFault(fault))
		approved := place(t, draft(tea("L1", 1)))
		approved.done(orders.TaskCheck)
		for task, h := range map[string]*house{
			"authorise/P1": approved, "capture/C1": shipped, "book/S1": packed, orders.TaskReserve: approved,
			"move_stock/S1": shipped,
		} {
			key := h.task(task).Key
			h.failed(task, fault)
			require.Contains(t, h.attention(), task+" "+fault+" manager")
			require.NotContains(t, h.names(), task)
			h.do(&orders.Retry{})
			require.Equal(t, key, h.task(task).Key, "%s after %s", task, fault)
		}
		require.Equal(t, orders.PaymentAuthorising, approved.order.Payments[0].Status, "nobody has said no")
		require.NotContains(t, approved.kinds(), orders.EventDeclined)
		approved.failed("authorise/P1", orders.RefusedDeclined)
		approved.do(&orders.Retry{})
		require.Equal(t, "DD20261201-000001/authorise/P1/2", approved.task("authorise/P1").Key, "no was said")
	}
}

func TestAnAuthorisationThatFailedByAFaultIsAskedForAgainAfterTheRejection(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.done(orders.TaskCheck)
	key := h.task("authorise/P1").Key
	h.failed("authorise/P1", orders.ReasonInvalid)
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Equal(t, key, h.task("authorise/P1").Key, "the money may have been taken")
	h.failed("authorise/P1", orders.ReasonInvalid)
	require.False(t, h.order.AtRest())
	h.do(&orders.Retry{})
	h.done("authorise/P1")
	require.Contains(t, h.names(), "release/P1")
	h.work()
	require.True(t, h.order.AtRest())
}

func TestARefusedBookingParksWhileTheParcelWaitsAndOnlyThen(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 1}}})
	booking := h.task("book/S1")
	h.failed("book/S1", orders.RefusedRefused)
	require.Equal(t, []string{"book/S1 refused warehouse"}, h.attention())
	h.do(&orders.Retry{})
	require.NotEqual(t, booking.Key, h.task("book/S1").Key)
	h.failed("book/S1", orders.RefusedRefused)
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "YT-1"})
	require.Empty(t, h.attention(), "it went without")
	h.failed("book/S1", orders.RefusedRefused)
	require.Empty(t, h.attention(), "no label is needed any more")
	require.NotContains(t, h.names(), "book/S1")
}

func TestRejectingReleasesEverythingThatWasTaken(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), install("L2")))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.done("book/S1")
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Equal(t, []string{"release_stock", "free_slots", "release/P1", "cancel_label/S1"}, h.names())
	require.False(t, h.order.AtRest())
	h.work()
	require.True(t, h.order.AtRest())
	require.Equal(t, orders.PaymentReleased, h.order.Payments[0].Status)
	require.Zero(t, h.order.Lines[0].Reserved)
}

func TestRejectingRefundsWhatWasCapturedAtOnce(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.outcome.AtOnce = true
	h.work()
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Equal(t, []string{"release_stock", "refund/P1"}, h.names())
	require.Equal(t, h.order.Total(), h.task("refund/P1").Amount)
	h.work()
	require.Equal(t, h.order.Payments[0].Captured, h.order.Payments[0].Refunded)
	require.True(t, h.order.AtRest())
}

func TestAnswersThatComeAfterTheRejectionAreUndone(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	reserve := h.answer(h.task(orders.TaskReserve))
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Contains(t, h.names(), "authorise/P1", "its answer is waited for")
	h.done("authorise/P1")
	require.Contains(t, h.names(), "release/P1")
	h.done(orders.TaskReleaseAll)
	h.do(reserve)
	require.Empty(t, h.order.Reservations, "the book has given it back already")
	h.work()
	require.True(t, h.order.AtRest())
}

func TestAnswersThatSayNoAfterTheRejectionNeedNobody(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	check := h.task(orders.TaskCheck)
	h.do(&orders.Reject{ReasonCode: "invalid"})
	h.do(&orders.TaskFailed{Task: check, Code: orders.ReasonUnreachable})
	h.do(h.answer(check))
	h.done(orders.TaskReleaseAll)
	require.True(t, h.order.AtRest())

	h = place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	reserve := h.task(orders.TaskReserve)
	h.short = 2
	short := h.answer(reserve)
	h.do(&orders.Reject{ReasonCode: "invalid"})
	h.do(short)
	h.do(&orders.TaskFailed{Task: reserve, Code: orders.ReasonUnreachable})
	h.failed("authorise/P1", orders.RefusedDeclined)
	h.work()
	require.Empty(t, h.attention())
	require.True(t, h.order.AtRest())
}

func TestALabelThatComesAfterTheRejectionIsCancelled(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Contains(t, h.names(), "book/S1", "once asked for, the answer is waited for")
	h.done("book/S1")
	require.Contains(t, h.names(), "cancel_label/S1")
	h.work()
	require.True(t, h.order.AtRest())
}

func TestWhatWasParkedBeforeTheRejectionNeedsNobodyAfterIt(t *testing.T) {
	t.Parallel()
	h := situation(t, "packed")
	h.failed("book/S1", orders.RefusedRefused)
	require.NotEmpty(t, h.attention())
	h.do(&orders.Reject{ReasonCode: "out_of_stock"})
	require.Empty(t, h.attention())
	require.Empty(t, h.order.Flags())
}

func TestAHoldStopsWhatLeavesTheHouseAndNotTheBooks(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.work()
	h.do(&orders.Ship{Carrier: "SF"})
	h.do(&orders.PutOnHold{})
	require.Empty(t, h.names())
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
	require.Equal(t, []string{"move_stock/S1"}, h.names())
	require.Equal(t, orders.Fulfilling, h.order.Stage, "the order does not go on by itself")
	h.do(&orders.Resume{})
	require.Equal(t, []string{"move_stock/S1", "capture/C1", "book/S1"}, h.names())
	require.Equal(t, orders.SigningOff, h.order.Stage)
}

func TestAnOrderThatCostsNothingAsksNobodyForMoney(t *testing.T) {
	t.Parallel()
	d := draft(tea("L1", 1))
	d.Lines[0].Discount, d.Delivery.Fee = yuan("128.00"), yuan("0.00")
	h := place(t, d)
	h.work() // a gift deviates from the list price
	h.do(&orders.Approve{})
	require.Equal(t, []string{"reserve"}, h.names())
	h.work()
	h.ship("SF-1")
	require.Empty(t, h.order.Captures)
	h.do(proof("SF-1"))
	h.work()
	h.later(10 * 24 * time.Hour)
	require.Equal(t, orders.Closed, h.order.Stage)
}
