package activities

import (
	"context"

	"amends/orders"
)

// Supplier is what Suppliers needs of a supplier.
type Supplier interface {
	RequestPurchase(ctx context.Context, c orders.PurchaseCall) (orders.PurchaseAnswer, error)
	CancelPurchase(ctx context.Context, c orders.PurchaseCall) (orders.PurchaseAnswer, error)
}

// Suppliers buys what is short.
type Suppliers struct {
	book     EffectBook
	supplier Supplier
}

// NewSuppliers returns the activities over a supplier.
func NewSuppliers(book EffectBook, supplier Supplier) *Suppliers { return &Suppliers{book, supplier} }

// RequestPurchase asks the supplier for goods; the outcome's reference is the supplier's.
func (s *Suppliers) RequestPurchase(ctx context.Context, c orders.PurchaseCall) (orders.EffectOutcome, error) {
	return s.ask(ctx, orders.EffectPurchase, c, s.supplier.RequestPurchase)
}

// CancelPurchase asks the supplier to forget a request.
func (s *Suppliers) CancelPurchase(ctx context.Context, c orders.PurchaseCall) (orders.EffectOutcome, error) {
	return s.ask(ctx, orders.EffectCancelPurchase, c, s.supplier.CancelPurchase)
}

type purchaseCall func(context.Context, orders.PurchaseCall) (orders.PurchaseAnswer, error)

func (s *Suppliers) ask(ctx context.Context, kind string, c orders.PurchaseCall, call purchaseCall) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: c.Key, Order: c.Order, Kind: kind, Subject: c.Request}
	return once(ctx, s.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		c.Retry = retry
		a, err := call(ctx, c)
		return orders.EffectOutcome{Reference: a.Reference}, err
	})
}
