package gateway_test

import (
	"context"
	"errors"
	"testing"

	"amends/orders"
)

func isRefused(err error) bool {
	var refused *orders.RefusedError
	return errors.As(err, &refused)
}

func booking(order string, retry bool) orders.BookingCall {
	return orders.BookingCall{
		Key: order + "/book", Order: order, Shipment: order + "-S1", Carrier: "SF", Retry: retry,
		Consignee: orders.Addressee{Name: "李雷", Phone: "+8613800138000", Address: "广东省深圳市南山区粤海街道科技园路 1 号"},
	}
}

func parcel(order, verb, tracking string, retry bool) orders.ParcelCall {
	return orders.ParcelCall{Key: order + "/" + verb, Order: order, Shipment: order + "-S1", TrackingNumber: tracking, Retry: retry}
}

func TestEveryTroubleWithABookingEndsInOneLabel(t *testing.T) {
	b := setup(t)
	for name, modes := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order := t.Name()
			inner := *b
			inner.t = t
			for _, mode := range modes {
				inner.behave("carrier", "book", mode, 2, order)
			}
			label, err := insist(t, func(retry bool) (orders.BookingAnswer, error) {
				return b.carrier.Book(context.Background(), booking(order, retry))
			})
			if err != nil || label.TrackingNumber == "" {
				t.Fatalf("label %+v, %v", label, err)
			}
			if rows := inner.book("carrier", order, order+"/book"); len(rows) != 1 {
				t.Fatalf("the carrier's book has %+v, want one label", rows)
			}
		})
	}
}

func TestEveryTroubleWithALabelledParcelEndsInOneEffect(t *testing.T) {
	b := setup(t)
	for name, modes := range troubles {
		for verb, kind := range map[string]string{"cancel": "cancelled", "intercept": "intercept_asked"} {
			t.Run(verb+"/"+name, func(t *testing.T) {
				t.Parallel()
				order, inner := t.Name(), *b
				inner.t = t
				label := must[orders.BookingAnswer](t)(b.carrier.Book(context.Background(), booking(order, false)))
				inner.misbehave("carrier", verb, order, modes)
				call := map[string]func(context.Context, orders.ParcelCall) (orders.ParcelAnswer, error){
					"cancel": b.carrier.Cancel, "intercept": b.carrier.Intercept,
				}[verb]
				answer, err := insist(t, func(retry bool) (orders.ParcelAnswer, error) {
					return call(context.Background(), parcel(order, verb, label.TrackingNumber, retry))
				})
				if err != nil || answer.Pending != (verb == "intercept") {
					t.Fatalf("answer %+v, %v", answer, err)
				}
				if rows := inner.book("carrier", order, order+"/"+verb); len(rows) != 1 || rows[0].Kind != kind {
					t.Fatalf("the carrier's book has %+v, want one row %s", rows, kind)
				}
				again, err := call(context.Background(), parcel(order, verb, label.TrackingNumber, true))
				if err != nil || !again.Adopted || again.Pending != answer.Pending {
					t.Fatalf("the same key again: %+v, %v", again, err)
				}
			})
		}
	}
}

func TestALabelThatAnotherKeyCancelledIsNotOurs(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	label := must[orders.BookingAnswer](t)(b.carrier.Book(ctx, booking("P-5", false)))
	must[orders.ParcelAnswer](t)(b.carrier.Cancel(ctx, parcel("P-5", "cancel", label.TrackingNumber, false)))
	for _, retry := range []bool{false, true} {
		_, err := b.carrier.Cancel(ctx, parcel("P-5", "cancel-2", label.TrackingNumber, retry))
		wantRefused(t, err, "already_cancelled")
	}
}

func TestACarrierAnswersAnInterceptionLater(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	label := must[orders.BookingAnswer](t)(b.carrier.Book(ctx, booking("P-1", false)))
	asked := must[orders.ParcelAnswer](t)(b.carrier.Intercept(ctx, parcel("P-1", "intercept", label.TrackingNumber, false)))
	if !asked.Pending {
		t.Fatalf("answer %+v, want a pending one", asked)
	}
	b.post("/carrier/"+label.TrackingNumber+"/events", `{"status":"intercepted"}`, 200)
	answered := must[orders.ParcelAnswer](t)(b.carrier.Intercept(ctx, parcel("P-1", "intercept-2", label.TrackingNumber, false)))
	if answered.Pending {
		t.Fatalf("answer %+v, want a decided one", answered)
	}
}

func TestALabelCanBeCancelledUntilTheParcelMoves(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	label := must[orders.BookingAnswer](t)(b.carrier.Book(ctx, booking("P-2", false)))
	b.behave("carrier", "cancel", "error_after", 1, "P-2")
	answer, err := insist(t, func(retry bool) (orders.ParcelAnswer, error) {
		return b.carrier.Cancel(ctx, parcel("P-2", "cancel", label.TrackingNumber, retry))
	})
	if err != nil || !answer.Adopted {
		t.Fatalf("answer %+v, %v", answer, err)
	}
	moving := must[orders.BookingAnswer](t)(b.carrier.Book(ctx, booking("P-3", false)))
	b.post("/carrier/"+moving.TrackingNumber+"/events", `{"status":"in_transit"}`, 200)
	_, err = b.carrier.Cancel(ctx, parcel("P-3", "cancel", moving.TrackingNumber, false))
	wantRefused(t, err, orders.RefusedTooLate)
}

func TestARedirectionIsRefusedAfterDelivery(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	label := must[orders.BookingAnswer](t)(b.carrier.Book(ctx, booking("P-4", false)))
	call := parcel("P-4", "redirect", label.TrackingNumber, false)
	call.Consignee = booking("P-4", false).Consignee
	must[orders.ParcelAnswer](t)(b.carrier.Redirect(ctx, call))
	b.post("/carrier/"+label.TrackingNumber+"/events", `{"status":"delivered","proof":"签收人：李雷"}`, 200)
	call.Key += "-2"
	_, err := b.carrier.Redirect(ctx, call)
	wantRefused(t, err, orders.RefusedTooLate)
	_, err = b.carrier.Intercept(ctx, parcel("P-4", "intercept", label.TrackingNumber, false))
	wantRefused(t, err, orders.RefusedTooLate)
}
