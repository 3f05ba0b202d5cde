package e2e_test

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/sandbox/world"
)

func TestADeclinedAuthorisationIsRetried(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	misbehave(t, "payments", "authorise", "decline", o.number, 1)
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	v := o.awaitParked("authorise/P1", "declined")
	require.Equal(t, "clerk", v.Attention[0].Role)
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).refused(http.StatusConflict, "payment_outstanding")
	o.tell("clerk", "retry", nil).want(http.StatusOK)
	require.False(t, o.awaitReady().has("needs_attention"))
	o.sendAll()
	o.closes()
	require.Equal(t, []string{"declined 200.00", "authorised 200.00", "captured 200.00"}, paid(t, o.number))
}

func TestARefusedBookingIsRetried(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	misbehave(t, "carrier", "book", "refuse", o.number, 1)
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).want(http.StatusCreated)
	o.awaitParked("book/S1", "refused")
	o.tell("warehouse", "retry", nil).want(http.StatusOK)
	v := o.await("booked", func(v view) bool { return v.Shipments[0].Booking == "booked" })
	require.False(t, v.has("needs_attention"))
	o.handOver("S1", v.Shipments[0].Label).want(http.StatusOK)
	o.reported(v.Shipments[0].Label, "delivered", object{"proof": "签名"})
	o.closes()
}

func TestShortStockIsServedInOrderOfApproval(t *testing.T) {
	t.Parallel()
	short := func(quantity int) *order {
		o := place(t, typed(line("FLT-002", quantity, "159.00")))
		o.reaches("in_review")
		o.tell("manager", "approve", nil).want(http.StatusOK)
		return o
	}
	big := short(15_000)
	big.awaitReady()
	first := short(10_000) // 5,000 are left
	first.awaitParked("reserve", "short_stock")
	second := short(1_000)
	require.Zero(t, second.awaitParked("reserve", "short_stock").Lines[0].Reserved)
	receive := func(quantity int) {
		send(t, request{role: "warehouse", path: "/stock/receipts", body: object{
			"sku": "FLT-002", "warehouse": "SH", "quantity": quantity, "reference": "ASN-" + strconv.Itoa(quantity),
		}}).want(http.StatusCreated)
	}
	receive(5_400)
	require.False(t, first.awaitReady().has("needs_attention"))
	second.await("served with the rest", func(v view) bool { return v.Lines[0].Reserved == 400 })
	require.True(t, second.view().has("needs_attention"))
	receive(600)
	second.awaitReady()
	second.sendAll()
	require.Equal(t, yuan("159012.00"), second.closes().Payments[0].Captured)
}

func TestARefusalAtTheDoorParksUntilTheParcelIsDelivered(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.reported(label, "refused", nil)
	o.awaitParked("deliver/S1", "refused_at_door")
	o.tell("clerk", "retry", nil).want(http.StatusOK)
	require.Equal(t, "in_transit", o.view().Shipments[0].Status)
	o.tell("clerk", "refuse-delivery", object{"shipment_id": "S1", "reason": "客户又拒收"}).want(http.StatusOK)
	o.awaitParked("deliver/S1", "refused_at_door")
	o.reported(label, "delivered", object{"proof": "签名"})
	require.Empty(t, o.closes().Flags)
}

func TestAParcelRefusedAtTheDoorIsSignedOffByStaff(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.tell("warehouse", "refuse-delivery", object{"shipment_id": "S1", "reason": "外箱破损"}).want(http.StatusOK)
	o.awaitParked("deliver/S1", "refused_at_door")
	o.signOff().want(http.StatusOK)
	require.Equal(t, "delivered", o.closes().Shipments[0].Status)
}

func TestCarrierEventsNeverMoveAParcelBackwards(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	_, label := o.pack()
	misbehave(t, "carrier", "event", "duplicate_webhook", o.number, 1)
	o.reported(label, "accepted", nil) // nobody reported the hand-over: the carrier's scan is one
	require.Equal(t, "in_transit", o.await("on its way", func(v view) bool { return v.Lines[0].Shipped == 1 }).Shipments[0].Status)
	o.reported(label, "delivered", nil)
	o.reaches("signing_off")
	o.await("delivered", func(v view) bool { return v.Shipments[0].Status == "delivered" })
	noted := func(code string) {
		t.Helper()
		v := o.await("with a finding "+code, func(v view) bool {
			for _, found := range v.found() {
				if found == "carrier_event_"+code {
					return true
				}
			}
			return false
		})
		require.Equal(t, "delivered", v.Shipments[0].Status)
		require.Equal(t, "signing_off", v.Stage)
	}
	o.reported(label, "in_transit", nil)
	noted("late")
	again := object{"event_id": "evt-again-" + o.number, "occurred_at": time.Now()}
	o.reported(label, "delivered", again)
	noted("repeated")
	o.reported(label, "intercepted", nil)
	noted("unknown_status")
	before := len(o.kinds())
	o.reported(label, "delivered", again)               // the same event once more
	o.reported("SF-NOBODY-"+o.number, "delivered", nil) // a parcel that nobody knows
	eventually(t, "the unknown parcel's event to be kept", func() (any, bool) {
		status := scalar[string](t, `SELECT coalesce(max(status), '') FROM webhooks WHERE subject = $1`, "SF-NOBODY-"+o.number)
		return status, status == "unmatched"
	})
	require.Len(t, o.kinds(), before)
	require.Equal(t, 2, o.times("parcel_moved"))
	o.signOff().want(http.StatusOK)
	o.closes()
	require.Equal(t, []string{"authorised 140.00", "captured 140.00"}, paid(t, o.number))
}

func TestAWebhookIsStoredOnceAndOnlyWhenItsSignatureIsGood(t *testing.T) {
	t.Parallel()
	body := encode(t, object{
		"event_id": newKey(), "tracking_number": "SF-" + newKey(), "status": "delivered", "occurred_at": time.Now(),
	})
	now := time.Now()
	signed(t, body, now, running.WebhookSecret()).want(http.StatusOK)
	require.JSONEq(t, `{"status": "repeated"}`, string(signed(t, body, now, running.WebhookSecret()).want(http.StatusOK).body))
	signed(t, body, now, "another secret").refused(http.StatusUnauthorized, "bad_signature")
	signed(t, body, now.Add(-301*time.Second), running.WebhookSecret()).refused(http.StatusUnauthorized, "bad_signature")
}

// signed sends a carrier's webhook.
func signed(t *testing.T, body []byte, at time.Time, secret string) answer {
	t.Helper()
	url := running.APIURL() + "/api/v1/webhooks/carrier"
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	timestamp := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amends-Timestamp", timestamp)
	r.Header.Set("X-Amends-Signature", world.Sign(secret, timestamp, body))
	a, err := do(t, r)
	require.NoError(t, err)
	return a
}
