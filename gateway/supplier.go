package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"amends/orders"
)

// Supplier speaks with the supplier of goods that are short.
type Supplier struct {
	caller caller
}

// NewSupplier returns the adapter for the supplier at a base URL. A timeout of 0 is DefaultTimeout.
func NewSupplier(baseURL string, timeout time.Duration) *Supplier {
	return &Supplier{newCaller(baseURL, timeout)}
}

// RequestPurchase asks for goods; the answer's reference is what cancelling them takes.
func (s *Supplier) RequestPurchase(ctx context.Context, p orders.PurchaseCall) (orders.PurchaseAnswer, error) {
	body := purchaseBody{p.Order, p.Request, p.SKU, p.Quantity}
	answer, err := s.ask(ctx, p, "/requests", "requested", body)
	if err != nil {
		return orders.PurchaseAnswer{}, fmt.Errorf("request purchase %s: %w", p.Request, err)
	}
	return answer, nil
}

// CancelPurchase takes a request back. What is on its way already comes all the same.
func (s *Supplier) CancelPurchase(ctx context.Context, p orders.PurchaseCall) (orders.PurchaseAnswer, error) {
	path := "/requests/" + url.PathEscape(p.Reference) + "/cancel"
	answer, err := s.ask(ctx, p, path, "cancelled", cancellationBody{p.Order})
	if err == nil && answer.Reference != p.Reference {
		err = &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	if err != nil {
		return orders.PurchaseAnswer{}, fmt.Errorf("cancel purchase %s: %w", p.Request, err)
	}
	return answer, nil
}

func (s *Supplier) ask(ctx context.Context, p orders.PurchaseCall, path, kind string, body any) (orders.PurchaseAnswer, error) {
	look := func() (orders.PurchaseAnswer, bool, error) { return s.look(ctx, p.Key, kind) }
	return once(p.Retry, look, func() (orders.PurchaseAnswer, error) {
		var said struct {
			Reference string `json:"reference"`
		}
		err := s.caller.post(ctx, path, p.Key, body, &said)
		if err == nil && said.Reference == "" {
			err = errors.New("the supplier's answer cannot be read")
		}
		return orders.PurchaseAnswer{Reference: said.Reference}, err
	})
}

func (s *Supplier) look(ctx context.Context, key, kind string) (orders.PurchaseAnswer, bool, error) {
	found, err := s.caller.find(ctx, key)
	if err != nil || len(found) == 0 {
		return orders.PurchaseAnswer{}, false, err
	}
	last := found[len(found)-1]
	if last.Kind != kind {
		return orders.PurchaseAnswer{}, true, &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	return orders.PurchaseAnswer{Reference: last.Reference, Adopted: true}, true, nil
}

type purchaseBody struct {
	Order    string `json:"order"`
	Request  string `json:"request"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

type cancellationBody struct {
	Order string `json:"order"`
}
