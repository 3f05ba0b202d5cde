package gateway_test

import (
	"context"
	"strings"
	"testing"

	"amends/orders"
)

func purchase(order, verb, reference string, retry bool) orders.PurchaseCall {
	return orders.PurchaseCall{
		Key: order + "/" + verb, Order: order, Request: "B1", SKU: "TEA-001", Quantity: 3, Reference: reference, Retry: retry,
	}
}

func (b *testBundle) requested(order string) string {
	return must[orders.PurchaseAnswer](b.t)(b.supplier.RequestPurchase(context.Background(), purchase(order, "purchase", "", false))).Reference
}

func TestEveryTroubleWithAPurchaseEndsInOneRequestAndOneCancellation(t *testing.T) {
	b := setup(t)
	for name, modes := range troubles {
		for verb, kind := range map[string]string{"request": "requested", "cancel": "cancelled"} {
			t.Run(verb+"/"+name, func(t *testing.T) {
				t.Parallel()
				order, inner := strings.ReplaceAll(t.Name(), " ", "-"), *b
				inner.t = t
				call, want := inner.supplier.RequestPurchase, ""
				if verb == "cancel" {
					call, want = inner.supplier.CancelPurchase, inner.requested(order)
				}
				inner.misbehave("supplier", verb, order, modes)
				answer, err := insist(t, func(retry bool) (orders.PurchaseAnswer, error) {
					return call(context.Background(), purchase(order, verb, want, retry))
				})
				if err != nil || answer.Reference == "" || (want != "" && answer.Reference != want) {
					t.Fatalf("answer %+v, %v", answer, err)
				}
				if rows := inner.book("supplier", order, order+"/"+verb); len(rows) != 1 || rows[0].Kind != kind {
					t.Fatalf("the supplier's book has %+v, want one row %s", rows, kind)
				}
				again, err := call(context.Background(), purchase(order, verb, want, true))
				if err != nil || !again.Adopted || again.Reference != answer.Reference {
					t.Fatalf("the same key again: %+v, %v", again, err)
				}
			})
		}
	}
}

func TestASupplierRefuses(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	for _, verb := range []string{"request", "cancel"} {
		b.behave("supplier", verb, "refuse", 1, "U-"+verb)
	}
	for range 2 { // a refusal is remembered under its key
		_, err := b.supplier.RequestPurchase(ctx, purchase("U-request", "request", "", false))
		wantRefused(t, err, orders.RefusedRefused)
	}
	reference := b.requested("U-cancel")
	_, err := b.supplier.CancelPurchase(ctx, purchase("U-cancel", "cancel", reference, false))
	wantRefused(t, err, orders.RefusedRefused)
	_, err = b.supplier.CancelPurchase(ctx, purchase("U-1", "cancel", "po_unknown", false))
	wantRefused(t, err, "unknown_purchase")
	none := purchase("U-2", "request", "", false)
	none.Quantity = 0
	_, err = b.supplier.RequestPurchase(ctx, none)
	wantRefused(t, err, orders.RefusedInvalid)
}

func TestWhatAnotherKeyCancelledIsNotOurs(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	reference := b.requested("V-1")
	must[orders.PurchaseAnswer](t)(b.supplier.CancelPurchase(ctx, purchase("V-1", "first", reference, false)))
	for _, retry := range []bool{false, true} {
		_, err := b.supplier.CancelPurchase(ctx, purchase("V-1", "second", reference, retry))
		wantRefused(t, err, "already_cancelled")
	}
	_, err := b.supplier.CancelPurchase(ctx, purchase("V-1", "purchase", reference, true))
	wantRefused(t, err, orders.RefusedKeyReused)
	other := b.requested("V-2")
	_, err = b.supplier.CancelPurchase(ctx, purchase("V-1", "first", other, true))
	wantRefused(t, err, orders.RefusedKeyReused)
}
