package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"amends/money"
	"amends/orders"
)

// Payments speaks with the payment provider.
type Payments struct {
	caller caller
}

// NewPayments returns the adapter for the provider at a base URL. A timeout of 0 is DefaultTimeout.
func NewPayments(baseURL string, timeout time.Duration) *Payments {
	return &Payments{newCaller(baseURL, timeout)}
}

// Authorise reserves money. Where the provider captures at once, the answer says so.
func (p *Payments) Authorise(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error) {
	return p.move(ctx, c, "authorise", "authorised", "captured")
}

// Capture takes authorised money, in parts if need be.
func (p *Payments) Capture(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error) {
	return p.move(ctx, c, "capture", "captured")
}

// Release gives back what is authorised and not captured.
func (p *Payments) Release(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error) {
	return p.move(ctx, c, "release", "released")
}

// Refund gives back captured money, in parts if need be.
func (p *Payments) Refund(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error) {
	return p.move(ctx, c, "refund", "refunded")
}

// Find tells what the provider did under an effect key; false when it did nothing. It returns a RefusedError when the
// provider declined it.
func (p *Payments) Find(ctx context.Context, key string) (orders.PaymentAnswer, bool, error) {
	return p.look(ctx, key, "authorised", "captured", "released", "refunded")
}

// move makes one call. Kinds are what the provider may write into its record for it.
func (p *Payments) move(ctx context.Context, c orders.PaymentCall, verb string, kinds ...string) (orders.PaymentAnswer, error) {
	body := paymentBody{Order: c.Order, Payment: c.Payment, Reference: c.Reference}
	if verb != "release" {
		body.Amount, body.Currency = c.Amount.Decimal(), c.Amount.Currency
	}
	look := func() (orders.PaymentAnswer, bool, error) {
		answer, done, err := p.look(ctx, c.Key, kinds...)
		if done && err == nil && !answers(answer, c, verb) {
			err = &orders.RefusedError{Code: orders.RefusedKeyReused}
		}
		return answer, done, err
	}
	answer, err := once(c.Retry, look, func() (orders.PaymentAnswer, error) {
		var receipt paymentReceipt
		if err := p.caller.post(ctx, "/"+verb, c.Key, body, &receipt); err != nil {
			return orders.PaymentAnswer{}, err
		}
		return receipt.answer()
	})
	if err != nil {
		return orders.PaymentAnswer{}, fmt.Errorf("%s payment %s: %w", verb, c.Payment, err)
	}
	return answer, nil
}

// answers tells whether what was found is what is asked for. Money that another key or another payment moved never is.
func answers(found orders.PaymentAnswer, c orders.PaymentCall, verb string) bool {
	return (c.Reference == "" || found.Reference == c.Reference) && (verb == "release" || found.Amount == c.Amount)
}

func (p *Payments) look(ctx context.Context, key string, kinds ...string) (orders.PaymentAnswer, bool, error) {
	found, err := p.caller.find(ctx, key)
	if err != nil || len(found) == 0 {
		return orders.PaymentAnswer{}, false, err
	}
	last := found[len(found)-1]
	switch {
	case last.Kind == "declined":
		return orders.PaymentAnswer{}, true, &orders.RefusedError{Code: orders.RefusedDeclined}
	case !slices.Contains(kinds, last.Kind):
		return orders.PaymentAnswer{}, true, &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	answer, err := paymentReceipt{last.PaymentRef, last.Transaction, last.Kind, last.Amount, last.Currency}.answer()
	answer.Adopted = true
	return answer, err == nil, err
}

type paymentBody struct {
	Order     string `json:"order"`
	Payment   string `json:"payment"`
	Reference string `json:"reference,omitempty"`
	Amount    string `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
}

type paymentReceipt struct {
	Reference   string `json:"reference"`
	Transaction string `json:"transaction"`
	Kind        string `json:"kind"`
	Amount      string `json:"amount"`
	Currency    string `json:"currency"`
}

func (r paymentReceipt) answer() (orders.PaymentAnswer, error) {
	amount, err := money.Parse(r.Amount, r.Currency)
	if err != nil || r.Reference == "" {
		return orders.PaymentAnswer{}, errors.New("the provider's answer cannot be read")
	}
	return orders.PaymentAnswer{
		Reference: r.Reference, Transaction: r.Transaction, Amount: amount, Captured: r.Kind == "captured",
	}, nil
}
