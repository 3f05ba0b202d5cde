package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

func TestACleanOrderPassesByRule(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 3), install("L2")))
	h.done(orders.TaskCheck)
	require.Equal(t, orders.Fulfilling, h.order.Stage)
	last := h.log[len(h.log)-1]
	require.Equal(t, orders.EventApproved, last.Kind)
	require.Equal(t, orders.SystemActor, last.Actor)
	require.JSONEq(t, `{"by_rule":true}`, string(last.Data))
}

func TestTheReviewRaisesWhatAPersonShouldSee(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*orders.Draft)
		facts  orders.ReviewFacts
		want   []orders.Finding
	}{
		"nothing": {},
		"no way to reach the customer": {
			change: func(d *orders.Draft) { d.Contact.HasPhone = false },
			want:   []orders.Finding{{Code: orders.FindingNoContact}},
		},
		"an e-mail address is a way": {
			change: func(d *orders.Draft) { d.Contact.HasPhone, d.Contact.HasEmail = false, true },
		},
		"no address": {
			change: func(d *orders.Draft) { d.Contact.HasAddress, d.Contact.KnownDistrict = false, false },
			want:   []orders.Finding{{Code: orders.FindingNoAddress}},
		},
		"no address is needed by who comes for it": {
			change: func(d *orders.Draft) {
				d.Contact.HasAddress, d.Contact.KnownDistrict, d.Delivery.Method = false, false, "pickup"
			},
		},
		"a technician needs one": {
			change: func(d *orders.Draft) {
				d.Lines = append(d.Lines, install("L2"))
				d.Contact.HasAddress, d.Contact.KnownDistrict, d.Delivery.Method = false, false, "pickup"
			},
			want: []orders.Finding{{Code: orders.FindingNoAddress}},
		},
		"an unknown district": {
			change: func(d *orders.Draft) { d.Contact.KnownDistrict = false },
			want:   []orders.Finding{{Code: orders.FindingUnknownDistrict}},
		},
		"ten per cent off":     {change: price("115.20")},
		"ten per cent more":    {change: price("140.80")},
		"a cent more than ten": {change: price("115.19"), want: deviates("-11%")},
		"eleven per cent more": {change: price("142.08"), want: deviates("+11%")},
		"given away":           {change: price("0.00"), want: deviates("-100%")},
		"a discount counts": {
			change: func(d *orders.Draft) { d.Lines[0].Discount = yuan("192.00") },
			want:   deviates("-50%"),
		},
		"without a list price": {
			change: func(d *orders.Draft) { d.Lines[0].ListPrice = money.New(0, "CNY") },
		},
		"short stock": {
			facts: orders.ReviewFacts{Short: []string{"L1"}},
			want:  []orders.Finding{{Code: orders.FindingShortStock, LineID: "L1"}},
		},
		"duplicates": {
			facts: orders.ReviewFacts{HardDuplicates: []string{"DD-1"}, SoftDuplicates: []string{"DD-2", "DD-3"}},
			want: []orders.Finding{
				{Code: orders.FindingHardDuplicate, Detail: "DD-1"},
				{Code: orders.FindingSoftDuplicate, Detail: "DD-2"},
				{Code: orders.FindingSoftDuplicate, Detail: "DD-3"},
			},
		},
		"just below a large amount": {change: func(d *orders.Draft) { d.Lines[0].Ordered, d.Delivery.Fee = 390, yuan("79.99") }},
		"a large amount": {
			change: func(d *orders.Draft) { d.Lines[0].Ordered, d.Delivery.Fee = 390, yuan("80.00") },
			want:   []orders.Finding{{Code: orders.FindingLargeAmount, Detail: "50000.00"}},
		},
	} {
		d := draft(tea("L1", 3))
		if test.change != nil {
			test.change(&d)
		}
		h := place(t, d)
		h.facts = test.facts
		h.done(orders.TaskCheck)
		require.Equal(t, test.want, h.order.Review.Findings, name)
		require.Equal(t, test.want == nil, h.order.Stage == orders.Fulfilling, name)
	}
}

func price(decimal string) func(*orders.Draft) {
	return func(d *orders.Draft) { d.Lines[0].UnitPrice = yuan(decimal) }
}

func deviates(by string) []orders.Finding {
	return []orders.Finding{{Code: orders.FindingPriceDeviation, LineID: "L1", Detail: by}}
}

func TestResubmittingWithANewDraftFreesTheOldSlotsAndReviewsAgain(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	d := draft(install("L1"))
	d.Slots[0].ID = "slot-new"
	h.do(&orders.Resubmit{Draft: &d})
	require.Equal(t, orders.Created, h.order.Stage)
	require.Equal(t, 2, h.order.Review.Round)
	require.Empty(t, h.order.Review.Findings)
	require.Equal(t, []string{"slot-L3"}, h.order.FreeSlots)
	require.Equal(t, []string{"check", "free_slots"}, h.names())
	require.Equal(t, "DD20261201-000001/check/2", h.task(orders.TaskCheck).Key)
	require.Equal(t, yuan("212.00"), h.order.Total())
	h.facts = orders.ReviewFacts{}
	h.work()
	require.Equal(t, "slot-new", h.order.Appointments[0].Slot.ID)
	require.Empty(t, h.order.FreeSlots)
}

func TestResubmittingWithTheSameTimeKeepsTheSlot(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	d := draft(install("L1"), install("L2"))
	d.Slots[0].ID = "slot-L3" // the calendar has found it to be the order's own
	h.do(&orders.Resubmit{Draft: &d})
	require.Empty(t, h.order.FreeSlots)
	h.facts = orders.ReviewFacts{SoftDuplicates: []string{"DD20261130-000009"}}
	h.work()
	h.do(&orders.SendBack{})
	d = draft(install("L1"))
	d.Slots[0].ID = "slot-L3"
	h.do(&orders.Resubmit{Draft: &d})
	require.Equal(t, []string{"slot-L2"}, h.order.FreeSlots, "what the new draft has no use for")
	h.do(&orders.Reject{ReasonCode: "invalid"})
	require.Equal(t, []string{"slot-L2", "slot-L3"}, h.order.FreeSlots)
}

func TestNobodyApprovesWhatTheyHaveSubmitted(t *testing.T) {
	t.Parallel()
	h := situation(t, "in_review")
	mine := orders.Header{Actor: orders.Actor{ID: clerk.ID, Role: "reviewer", Verified: true}}
	require.Equal(t, orders.CodeOwnRequest, h.refuse(&orders.Approve{Header: mine}).Code)
	h.do(&orders.SendBack{})
	h.do(&orders.Resubmit{Header: orders.Header{Actor: reviewer}})
	h.work()
	require.Equal(t, orders.CodeOwnRequest, h.refuse(&orders.Approve{}).Code, "who resubmitted it")
	for _, action := range orders.AllowedActions(h.order, reviewer) {
		if action.Action == orders.CmdApprove {
			require.Equal(t, orders.CodeOwnRequest, action.Reason.Code)
		}
	}
	h.do(&orders.Approve{Header: mine})
	require.Equal(t, orders.Fulfilling, h.order.Stage)
}

func TestAnOrderThatWasResubmittedWithoutGoodsAsksTheStockBookToTakeThemBack(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	d := draft(install("L1"))
	h.do(&orders.Resubmit{Draft: &d})
	h.facts = orders.ReviewFacts{}
	h.done(orders.TaskCheck)
	require.Equal(t, "DD20261201-000001/reserve/2/1", h.task(orders.TaskReserve).Key)
	require.Empty(t, h.order.Wanted(""), "what an approval took that history forgot is wanted no more")
	h.done(orders.TaskReserve)
	require.Empty(t, h.attention())
	require.NotContains(t, h.names(), orders.TaskReserve)
}

func TestANewDraftHasNoReservationsOfTheOldOne(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	h.void(units("L1", 1))
	forgotten := []orders.Reservation{{LineID: "L1", Warehouse: "north", Quantity: 1}} // by an approval that history forgot
	h.do(&orders.TaskDone{Task: h.task(h.stepTask(orders.StepRelease)), Added: forgotten})
	require.Equal(t, forgotten, h.order.Reservations)
	d := draft(tea("L1", 2))
	h.do(&orders.Resubmit{Draft: &d})
	require.Empty(t, h.order.Reservations, "its lines hold nothing")
	h.facts = orders.ReviewFacts{}
	h.work()
	require.Equal(t, int64(2), h.order.Lines[0].Reserved)
}

func TestResubmittingKeepsWhatTheOrderReplacesAndPaysWith(t *testing.T) {
	t.Parallel()
	own := &orders.Carried{Payment: "P1", Amount: yuan("268.00")}
	for name, of := range map[string]struct {
		replaces string
		carried  *orders.Carried
	}{"a new order": {"", nil}, "one that was placed again": {"DD20261130-000007", own}} {
		d := draft(tea("L1", 2))
		d.Replaces, d.Carried = of.replaces, of.carried
		h := place(t, d)
		h.facts = orders.ReviewFacts{SoftDuplicates: []string{"DD20261130-000009"}}
		h.work()
		for _, claimed := range []*orders.Carried{nil, {Payment: "P2", Amount: yuan("128.00")}} {
			h.do(&orders.SendBack{})
			fresh := draft(tea("L1", 1))
			fresh.Replaces, fresh.Carried = "DD20261130-000001", claimed
			h.do(&orders.Resubmit{Draft: &fresh})
			require.Equal(t, of.replaces, h.order.Replaces, name)
			require.Equal(t, of.carried, h.order.Carried, name)
			h.work()
		}
	}
}

func TestResubmittingUnchangedKeepsTheSlots(t *testing.T) {
	t.Parallel()
	h := situation(t, "sent_back")
	before := h.order.Draft
	h.do(&orders.Resubmit{})
	require.Equal(t, before, h.order.Draft)
	require.Empty(t, h.order.FreeSlots)
}

func TestACheckThatFailsParksTheOrder(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.failed(orders.TaskCheck, orders.ReasonUnreachable)
	require.Equal(t, []string{"check unreachable manager"}, h.attention())
	h.later(h.order.Policy.UnreachableRetry)
	h.work()
	require.Equal(t, orders.Fulfilling, h.order.Stage)
}

func TestOddThingsFlagTheOrderUntilSomebodyHasSeenThem(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	for _, code := range []string{orders.CodeUnreadable, orders.EventCancelAsked} {
		h.do(&orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: code})
		require.Equal(t, code, h.order.Incidents[0].Code)
		require.Equal(t, []string{"needs_attention"}, h.order.Flags())
		h.do(&orders.Retry{})
		require.Empty(t, h.order.Flags())
	}
	require.Contains(t, h.kinds(), orders.EventIncident)
	require.Contains(t, h.kinds(), orders.EventCancelAsked)
	h.do(&orders.PutOnHold{})
	require.Equal(t, []string{"on_hold"}, h.order.Flags())
}
