package activities

import (
	"context"
	"errors"

	"amends/orders"
)

// Provider is what Payments needs of a payment provider.
type Provider interface {
	Authorise(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Capture(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Release(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Refund(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Find(ctx context.Context, key string) (orders.PaymentAnswer, bool, error)
}

// Payments moves customers' money.
type Payments struct {
	book     MoneyBook
	provider Provider
}

// MoneyBook keeps the claims on money, and moves it between orders.
type MoneyBook interface {
	EffectBook
	CarryOver(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error)
	CarriedTo(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error)
}

// NewPayments returns the activities over a provider.
func NewPayments(book MoneyBook, provider Provider) *Payments { return &Payments{book, provider} }

// AuthorisePayment asks the provider to hold the amount; the provider may capture it at once.
func (p *Payments) AuthorisePayment(ctx context.Context, c orders.PaymentCall) (orders.EffectOutcome, error) {
	return p.move(ctx, orders.EffectAuthorise, c, p.provider.Authorise)
}

// CapturePayment takes a part of what was authorised.
func (p *Payments) CapturePayment(ctx context.Context, c orders.PaymentCall) (orders.EffectOutcome, error) {
	return p.move(ctx, orders.EffectCapture, c, p.provider.Capture)
}

// ReleasePayment gives back an authorisation.
func (p *Payments) ReleasePayment(ctx context.Context, c orders.PaymentCall) (orders.EffectOutcome, error) {
	return p.move(ctx, orders.EffectRelease, c, p.provider.Release)
}

// RefundPayment gives back captured money.
func (p *Payments) RefundPayment(ctx context.Context, c orders.PaymentCall) (orders.EffectOutcome, error) {
	return p.move(ctx, orders.EffectRefund, c, p.provider.Refund)
}

// ByHand says that a person has given money back outside the provider. Evidence is a reference, never personal.
type ByHand struct {
	orders.PaymentCall
	Evidence string
}

// SettleRefundByHand books a refund that a person made. The provider is not asked to give anything back.
func (p *Payments) SettleRefundByHand(ctx context.Context, h ByHand) (orders.EffectOutcome, error) {
	return p.byHand(ctx, orders.EffectRefund, h)
}

// SettleReleaseByHand books that a person had the hold on the money ended.
func (p *Payments) SettleReleaseByHand(ctx context.Context, h ByHand) (orders.EffectOutcome, error) {
	return p.byHand(ctx, orders.EffectRelease, h)
}

// byHand settles an effect with the person's evidence. An earlier attempt may have reached the provider: what it did
// counts, and the outcome says that the money moved twice. A provider that cannot be asked keeps nobody waiting, but the
// outcome says that somebody must ask.
func (p *Payments) byHand(ctx context.Context, kind string, h ByHand) (orders.EffectOutcome, error) {
	return once(ctx, p.book, paymentEffect(kind, h.PaymentCall), func(retry bool) (orders.EffectOutcome, error) {
		outcome := orders.EffectOutcome{Reference: h.Evidence, ByHand: true}
		if retry {
			found, done, err := p.provider.Find(ctx, h.Key)
			var refused *orders.RefusedError
			outcome.Unchecked = err != nil && !errors.As(err, &refused)
			if done && err == nil {
				outcome.Reference, outcome.Twice = found.Reference, true
			}
		}
		return outcome, nil
	})
}

type paymentCall func(context.Context, orders.PaymentCall) (orders.PaymentAnswer, error)

func (p *Payments) move(ctx context.Context, kind string, c orders.PaymentCall, call paymentCall) (orders.EffectOutcome, error) {
	return once(ctx, p.book, paymentEffect(kind, c), func(retry bool) (orders.EffectOutcome, error) {
		c.Retry = retry
		a, err := call(ctx, c)
		return orders.EffectOutcome{Reference: a.Reference, AtOnce: kind == orders.EffectAuthorise && a.Captured}, err
	})
}

func paymentEffect(kind string, c orders.PaymentCall) orders.Effect {
	return orders.Effect{Key: c.Key, Order: c.Order, Kind: kind, Subject: c.Payment, Payment: c.Payment, Amount: c.Amount}
}

// CarryOver lets captured money of a voided order pay for the one that is placed again. The provider is not asked: the
// money is with us. It is refused where the money was given back meanwhile.
func (p *Payments) CarryOver(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error) {
	outcome, err := p.book.CarryOver(ctx, c)
	return outcome, translate(err)
}

// CarriedTo tells which order took over the money of a voided one, as our books know it.
func (p *Payments) CarriedTo(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error) {
	outcome, err := p.book.CarriedTo(ctx, c)
	return outcome, translate(err)
}
