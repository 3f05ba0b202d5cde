package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

const day = 24 * time.Hour

// onItsWay is an order of goods whose one parcel has left the house.
func onItsWay(t *testing.T) *house {
	t.Helper()
	h := packedParcel(t)
	h.do(&orders.HandOver{ShipmentID: "S1"})
	h.work()
	return h
}

func TestDeadlinesComeFromThePolicyAndPassAsOverdue(t *testing.T) {
	t.Parallel()
	h := situation(t, "in_review")
	require.Equal(t, h.now.Add(24*time.Hour), h.due(orders.DeadlineReview))
	h.later(24*time.Hour - 1)
	require.Empty(t, h.order.Flags())
	h.later(1)
	require.Equal(t, []string{"overdue"}, h.order.Flags())
	require.Equal(t, []string{orders.DeadlineReview}, h.order.Overdue)
	require.Empty(t, h.do(&orders.TimePassed{}).Events, "once is enough")
	h.do(&orders.Approve{})
	require.Empty(t, h.order.Overdue, "the next stage has its own clock")
	require.Equal(t, h.now.Add(72*time.Hour), h.due(orders.DeadlineFulfil))
}

func TestAHoldMovesEveryDueTimeByTheTimeHeld(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.done(orders.TaskCheck)
	h.failed("authorise/P1", orders.ReasonUnreachable)
	fulfil, retry := h.due(orders.DeadlineFulfil), h.order.Attention[0].RetryAt
	h.do(&orders.PutOnHold{})
	_, any := h.order.NextWake()
	require.False(t, any, "clocks stand still")
	h.later(100 * day)
	require.Empty(t, h.order.Overdue)
	require.NotEmpty(t, h.order.Attention)
	h.do(&orders.Resume{})
	require.Equal(t, fulfil.Add(100*day), h.due(orders.DeadlineFulfil))
	require.Equal(t, retry.Add(100*day), h.order.Attention[0].RetryAt)
}

func TestAClockThatStartsDuringAHoldRunsFromItsEnd(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.do(&orders.PutOnHold{})
	h.now = h.now.Add(5 * day)
	h.do(report("SF-1", "delivered"))
	h.now = h.now.Add(2 * day)
	h.do(&orders.Resume{})
	require.Equal(t, h.now.Add(168*time.Hour), h.due(orders.DeadlineSignOff))

	h = place(t, draft(tea("L1", 1)))
	h.done(orders.TaskCheck)
	authorise := h.task("authorise/P1")
	h.do(&orders.PutOnHold{})
	h.now = h.now.Add(5 * day)
	h.do(&orders.TaskFailed{Task: authorise, Code: orders.ReasonUnreachable})
	h.now = h.now.Add(2 * day)
	h.do(&orders.Resume{})
	require.Equal(t, h.now.Add(time.Hour), h.order.Attention[0].RetryAt)
}

func TestTheCustomerIsRemindedAndThenSignedOffFor(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.do(report("SF-1", "delivered"))
	h.later(72 * time.Hour)
	require.Equal(t, orders.EventReminded, h.kinds()[len(h.log)-1])
	due := h.due(orders.DeadlineSignOff)
	h.later(96*time.Hour - 1)
	require.Equal(t, orders.SigningOff, h.order.Stage)
	h.later(time.Hour)
	require.Equal(t, orders.AfterSales, h.order.Stage)
	require.Equal(t, due, h.order.SignedOffAt, "when it was due, not when somebody woke up")
}

func TestATimerNeverSignsOffForAParcelThatHasNotArrived(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.later(200 * time.Hour)
	require.Equal(t, orders.SigningOff, h.order.Stage)
	require.Equal(t, []string{"deliver/S1 carrier_silent clerk"}, h.attention())
	require.Equal(t, []string{"needs_attention", "overdue"}, h.order.Flags())
	h.do(&orders.Retry{})
	require.Equal(t, orders.HandedOver, h.order.Shipments[0].Status, "nothing is known to have changed")
	require.Equal(t, h.now.Add(168*time.Hour), h.due(orders.DeadlineSignOff))
	h.do(report("SF-1", "delivered"))
	h.later(168 * time.Hour)
	require.Equal(t, orders.AfterSales, h.order.Stage)
}

func TestTheSignOffClockStartsAgainWhenTheParcelArrives(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.now = h.now.Add(6 * day)
	h.do(report("SF-1", "delivered"))
	require.Equal(t, h.now.Add(168*time.Hour), h.due(orders.DeadlineSignOff))
}

func TestNobodyIsRemindedOfWhatATimerHasJustSignedOff(t *testing.T) {
	t.Parallel()
	policy := orders.DefaultPolicy()
	policy.AutoSignOff = time.Hour
	d := draft(tea("L1", 1))
	d.Delivery.Method = "pickup"
	h := placeWith(t, d, policy)
	h.work()
	h.ship("")
	h.later(100 * time.Hour)
	require.Equal(t, orders.AfterSales, h.order.Stage)
	require.NotContains(t, h.kinds(), orders.EventReminded)
}

func TestTheAfterSalesWindowEndsAtMidnightInChina(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		signedOff, end string
		days           int
	}{
		"in the morning":             {"2026-12-02T09:00:00+08:00", "2026-12-10T00:00:00+08:00", 7},
		"a minute before midnight":   {"2026-12-02T23:59:00+08:00", "2026-12-10T00:00:00+08:00", 7},
		"at midnight":                {"2026-12-03T00:00:00+08:00", "2026-12-11T00:00:00+08:00", 7},
		"one day":                    {"2026-12-02T09:00:00+08:00", "2026-12-04T00:00:00+08:00", 1},
		"over the end of the year":   {"2026-12-31T09:00:00+08:00", "2027-01-08T00:00:00+08:00", 7},
		"over a leap day":            {"2028-02-28T09:00:00+08:00", "2028-03-02T00:00:00+08:00", 2},
		"yesterday in UTC, today in": {"2026-12-02T00:30:00+08:00", "2026-12-10T00:00:00+08:00", 7},
	} {
		at, err := time.Parse(time.RFC3339, test.signedOff)
		require.NoError(t, err)
		end, err := time.Parse(time.RFC3339, test.end)
		require.NoError(t, err)
		d := draft(tea("L1", 1))
		d.Terms.AfterSalesDays = test.days
		h := place(t, d)
		h.work()
		h.ship("SF-1")
		h.now = at
		h.do(&orders.SignOff{})
		h.work()
		require.Equal(t, end.UTC(), h.due(orders.DeadlineAfterSales), name)
		h.now = end.Add(-time.Second)
		h.later(0)
		require.Equal(t, orders.AfterSales, h.order.Stage, name)
		h.later(time.Second)
		require.Equal(t, orders.Closed, h.order.Stage, name)
	}
}

func TestAWindowOfNoDaysClosesAsSoonAsTheBooksAreComplete(t *testing.T) {
	t.Parallel()
	d := draft(tea("L1", 1))
	d.Terms.AfterSalesDays = 0
	h := place(t, d)
	h.work()
	h.ship("SF-1")
	h.do(proof("SF-1"))
	require.Equal(t, orders.AfterSales, h.order.Stage)
	_, any := h.order.NextWake()
	require.False(t, any, "there is nothing to wait for but the books")
	h.work()
	require.Equal(t, orders.Closed, h.order.Stage)
	require.True(t, h.order.AtRest())
	require.NotContains(t, h.kinds(), orders.EventOverdue)
}

func TestAnOrderThatIsNotSettledStaysOpenAfterItsWindow(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.work()
	h.ship("SF-1")
	h.failed("capture/C1", orders.RefusedTooMuch)
	h.do(proof("SF-1"))
	h.work()
	h.later(30 * day)
	require.Equal(t, orders.AfterSales, h.order.Stage)
	require.Equal(t, []string{"needs_attention", "overdue"}, h.order.Flags())
	h.do(&orders.Retry{})
	h.work()
	require.Equal(t, orders.Closed, h.order.Stage)
}

func TestAnOrderStaysOpenUntilItsGoodsHaveLeftTheStockBook(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.work()
	h.ship("SF-1")
	h.failed("move_stock/S1", orders.CodeInternal)
	h.do(proof("SF-1"))
	h.work()
	h.later(30 * day)
	require.Equal(t, orders.AfterSales, h.order.Stage)
	h.do(&orders.Retry{})
	h.work()
	require.Equal(t, orders.Closed, h.order.Stage)
}

func TestAHeldOrderGoesOnWhenItIsResumed(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 1)))
	h.do(&orders.PutOnHold{})
	h.done(orders.TaskCheck)
	require.Equal(t, orders.Created, h.order.Stage)
	h.do(&orders.Resume{})
	require.Equal(t, orders.Fulfilling, h.order.Stage)
}
