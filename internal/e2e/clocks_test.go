package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// placeHasty orders where customers have a second until they are reminded and three to sign.
func placeHasty(t *testing.T) *order {
	t.Helper()
	return hurried(t, typed(line("TEA-001", 1, "128.00")))
}

// hurried places an order whose clocks run fast.
func hurried(t *testing.T, f form) *order {
	t.Helper()
	var a answer
	eventually(t, "the hasty API", func() (any, bool) {
		var err error
		a, err = try(t, request{base: running.hastyURL, role: "clerk", path: "/orders", body: f})
		return err, err == nil
	})
	return follow(t, into[view](a.want(http.StatusCreated)).Number)
}

func TestASilentCustomerIsRemindedAndThenSignedOffByTheTimer(t *testing.T) {
	t.Parallel()
	o := placeHasty(t)
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.reported(label, "delivered", nil)
	o.closes()
	kinds := o.kinds()
	require.Subset(t, kinds, []string{"sign_off_reminded", "signed_off", "revenue_recognised", "closed"})
	require.Equal(t, 1, o.times("sign_off_reminded"))
	require.EqualValues(t, 1, scalar[int](t, `
		SELECT count(*) FROM outbox WHERE order_number = $1 AND template = 'sign_off_reminder'`, o.number))
}

func TestTheTimerNeverSignsForAParcelThatHasNotArrived(t *testing.T) {
	t.Parallel()
	o := placeHasty(t)
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	v := o.awaitParked("deliver/S1", "carrier_silent")
	require.Equal(t, "signing_off", v.Stage)
	require.True(t, v.has("overdue"))
	o.reported(label, "delivered", object{"proof": "签名"})
	require.Zero(t, len(o.closes().Attention))
}

func TestAnAfterSalesWindowKeepsTheOrderOpen(t *testing.T) {
	t.Parallel()
	f := typed(line("TEA-001", 1, "128.00"))
	f["terms"] = object{"payment": "prepaid", "after_sales_days": 7}
	o := place(t, f)
	o.awaitReady()
	o.sendAll()
	v := o.reaches("after_sales")
	require.False(t, v.due("after_sales").IsZero())
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).refused(http.StatusConflict, "wrong_stage")
	o.await("settled", func(v view) bool { return v.Payments[0].Captured == v.Total })
}
