package world

import (
	"context"
	"errors"
	"net/http"
	"time"

	"amends/money"

	"github.com/jackc/pgx/v5"
)

// paymentOrder is the body of every call to the payment provider.
type paymentOrder struct {
	Order     string `json:"order"`
	Payment   string `json:"payment"`
	Reference string `json:"reference,omitempty"`
	Amount    string `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
}

// paymentReceipt is the answer to every call that moved money.
type paymentReceipt struct {
	Reference   string `json:"reference"`
	Transaction string `json:"transaction"`
	Kind        string `json:"kind"` // authorised, captured, released, refunded
	Amount      string `json:"amount"`
	Currency    string `json:"currency"`
}

// paymentWebhook tells the product of a payment.
type paymentWebhook struct {
	EventID    string    `json:"event_id"`
	PaymentRef string    `json:"payment_ref"`
	Kind       string    `json:"kind"`
	Amount     string    `json:"amount"`
	OccurredAt time.Time `json:"occurred_at"`
}

// account is the provider's own state of one payment, in minor units.
type account struct {
	currency                                 string
	authorised, captured, released, refunded int64
}

func (w *World) authorise(rw http.ResponseWriter, r *http.Request) {
	w.payment(rw, r, "authorise", func(ctx context.Context, tx pgx.Tx, p plan, o paymentOrder, amount money.Amount) (*done, error) {
		reference, kind, captured := newID("pay"), "authorised", int64(0)
		if p.outcome == modeDecline {
			return declined(o, reference, amount), nil
		}
		if p.immediate || w.config.Immediate {
			kind, captured = "captured", amount.Minor
		}
		_, err := tx.Exec(ctx, "INSERT INTO payments (ref, order_no, currency, authorised, captured) VALUES ($1, $2, $3, $4, $5)",
			reference, o.Order, amount.Currency, amount.Minor, captured)
		return moved(o, reference, kind, amount), err
	})
}

func (w *World) capture(rw http.ResponseWriter, r *http.Request) {
	w.payment(rw, r, "capture", func(ctx context.Context, tx pgx.Tx, p plan, o paymentOrder, amount money.Amount) (*done, error) {
		a, err := lockAccount(ctx, tx, o.Reference)
		switch {
		case err != nil:
			return nil, err
		case p.outcome == modeDecline:
			return declined(o, o.Reference, amount), nil
		case a.captured == a.authorised:
			return nil, refuse(http.StatusConflict, "already_captured", "the payment is captured whole")
		case a.currency != amount.Currency || amount.Minor > a.authorised-a.captured-a.released:
			return nil, refuse(http.StatusConflict, "above_limit", "%d minor units are left to capture", a.authorised-a.captured-a.released)
		}
		_, err = tx.Exec(ctx, "UPDATE payments SET captured = captured + $2 WHERE ref = $1", o.Reference, amount.Minor)
		return moved(o, o.Reference, "captured", amount), err
	})
}

func (w *World) release(rw http.ResponseWriter, r *http.Request) {
	w.payment(rw, r, "release", func(ctx context.Context, tx pgx.Tx, p plan, o paymentOrder, _ money.Amount) (*done, error) {
		a, err := lockAccount(ctx, tx, o.Reference)
		if err != nil {
			return nil, err
		}
		left := money.New(a.authorised-a.captured-a.released, a.currency)
		switch {
		case p.outcome == modeDecline:
			return declined(o, o.Reference, left), nil
		case left.Minor == 0 && a.released > 0:
			return nil, refuse(http.StatusConflict, "already_released", "the rest of the payment is released")
		case left.Minor == 0:
			return nil, refuse(http.StatusConflict, "already_captured", "the payment is captured whole")
		}
		_, err = tx.Exec(ctx, "UPDATE payments SET released = authorised - captured WHERE ref = $1", o.Reference)
		return moved(o, o.Reference, "released", left), err
	})
}

func (w *World) refund(rw http.ResponseWriter, r *http.Request) {
	w.payment(rw, r, "refund", func(ctx context.Context, tx pgx.Tx, p plan, o paymentOrder, amount money.Amount) (*done, error) {
		a, err := lockAccount(ctx, tx, o.Reference)
		switch {
		case err != nil:
			return nil, err
		case p.outcome == modeDecline:
			return declined(o, o.Reference, amount), nil
		case a.refunded == a.captured && a.captured > 0:
			return nil, refuse(http.StatusConflict, "already_refunded", "the payment is refunded whole")
		case a.currency != amount.Currency || amount.Minor > a.captured-a.refunded:
			return nil, refuse(http.StatusConflict, "above_limit", "%d minor units are left to refund", a.captured-a.refunded)
		}
		_, err = tx.Exec(ctx, "UPDATE payments SET refunded = refunded + $2 WHERE ref = $1", o.Reference, amount.Minor)
		return moved(o, o.Reference, "refunded", amount), err
	})
}

type paymentWork func(ctx context.Context, tx pgx.Tx, p plan, o paymentOrder, amount money.Amount) (*done, error)

// payment reads and checks a call to the payment provider and has it served.
func (w *World) payment(rw http.ResponseWriter, r *http.Request, call string, do paymentWork) {
	var o paymentOrder
	amount, err := money.Amount{}, read(r, &o)
	key, keyErr := readKey(r)
	err = firstOf(err, keyErr, required("order", o.Order, "payment", o.Payment))
	if err == nil && call != "authorise" {
		err = required("reference", o.Reference)
	}
	if err == nil && call != "release" {
		amount, err = readAmount(o.Amount, o.Currency)
	}
	if err != nil {
		fail(rw, err)
		return
	}
	w.serve(rw, r, newRequest(payments, call, key, o.Order, o), func(ctx context.Context, tx pgx.Tx, p plan) (*done, error) {
		return do(ctx, tx, p, o, amount)
	})
}

func lockAccount(ctx context.Context, tx pgx.Tx, reference string) (a account, err error) {
	err = tx.QueryRow(ctx, "SELECT currency, authorised, captured, released, refunded FROM payments WHERE ref = $1 FOR UPDATE", reference).
		Scan(&a.currency, &a.authorised, &a.captured, &a.released, &a.refunded)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, refuse(http.StatusNotFound, "unknown_payment", "there is no payment with this reference")
	}
	return a, err
}

// moved is the answer, the book row and the webhook of money that moved. A release has no webhook.
func moved(o paymentOrder, reference, kind string, amount money.Amount) *done {
	receipt := paymentReceipt{reference, newID("tx"), kind, amount.Decimal(), amount.Currency}
	result := &done{status: http.StatusOK, body: receipt, entry: paymentEntry(o, reference, receipt.Transaction, kind, amount)}
	if kind != "released" {
		result.webhooks = []any{paymentWebhook{newID("evt"), reference, kind, receipt.Amount, time.Now().UTC()}}
	}
	return result
}

func declined(o paymentOrder, reference string, amount money.Amount) *done {
	transaction := newID("tx")
	return &done{
		status:   http.StatusPaymentRequired,
		body:     problem{"declined", "the payment was declined"},
		entry:    paymentEntry(o, reference, transaction, "declined", amount),
		webhooks: []any{paymentWebhook{newID("evt"), reference, "failed", amount.Decimal(), time.Now().UTC()}},
	}
}

func paymentEntry(o paymentOrder, reference, transaction, kind string, amount money.Amount) *entry {
	return &entry{kind: kind, ref: reference, minor: &amount.Minor, currency: &amount.Currency, detail: map[string]any{
		"payment_ref": reference, "transaction": transaction, "payment": o.Payment,
		"amount": amount.Decimal(), "currency": amount.Currency,
	}}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
