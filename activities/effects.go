package activities

import (
	"context"
	"errors"
	"fmt"

	"amends/internal/failpoint"
	"amends/orders"
)

// EffectBook keeps the claims on everything that leaves the house.
type EffectBook interface {
	ClaimEffect(ctx context.Context, e orders.Effect) (orders.EffectClaim, error)
	SettleEffect(ctx context.Context, key string, outcome orders.EffectOutcome) error
}

// once has an effect done: claim it (committed), call with its key, record the outcome. A refusal by the outside is an
// outcome too. It may run more than twice at the same time: the claim, its unique key and the provider's make that harmless.
func once(ctx context.Context, book EffectBook, e orders.Effect, call func(retry bool) (orders.EffectOutcome, error)) (orders.EffectOutcome, error) {
	failpoint.Hit(failpoint.BeforeClaim, e.Key)
	claim, err := book.ClaimEffect(ctx, e)
	if err != nil {
		return orders.EffectOutcome{}, translate(fmt.Errorf("claim %s: %w", e.Key, err))
	}
	if claim.Outcome != nil {
		return answer(*claim.Outcome)
	}
	failpoint.Hit(failpoint.AfterClaim, e.Key)
	outcome, err := call(claim.Repeated)
	failpoint.Hit(failpoint.AfterCall, e.Key)
	var refused *orders.RefusedError
	switch {
	case errors.As(err, &refused):
		outcome = orders.EffectOutcome{Refused: refused.Code}
	case err != nil:
		return outcome, translate(err)
	default:
		outcome.Done = true
	}
	if err := book.SettleEffect(ctx, e.Key, outcome); err != nil {
		return outcome, translate(fmt.Errorf("settle %s: %w", e.Key, err))
	}
	failpoint.Hit(failpoint.AfterSettle, e.Key)
	return answer(outcome)
}

func answer(outcome orders.EffectOutcome) (orders.EffectOutcome, error) {
	if outcome.Refused != "" {
		return outcome, translate(&orders.RefusedError{Code: outcome.Refused})
	}
	return outcome, nil
}

// Provider is what Payments needs of a payment provider.
type Provider interface {
	Authorise(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Capture(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Release(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
	Refund(ctx context.Context, c orders.PaymentCall) (orders.PaymentAnswer, error)
}

// Payments moves customers' money.
type Payments struct {
	book     EffectBook
	provider Provider
}

// NewPayments returns the activities over a provider.
func NewPayments(book EffectBook, provider Provider) *Payments { return &Payments{book, provider} }

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

type paymentCall func(context.Context, orders.PaymentCall) (orders.PaymentAnswer, error)

func (p *Payments) move(ctx context.Context, kind string, c orders.PaymentCall, call paymentCall) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: c.Key, Order: c.Order, Kind: kind, Subject: c.Payment, Payment: c.Payment, Amount: c.Amount}
	return once(ctx, p.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		c.Retry = retry
		a, err := call(ctx, c)
		return orders.EffectOutcome{Reference: a.Reference, AtOnce: kind == orders.EffectAuthorise && a.Captured}, err
	})
}

// Carrier is what Carriers needs of the carriers.
type Carrier interface {
	Book(ctx context.Context, c orders.BookingCall) (orders.BookingAnswer, error)
	Cancel(ctx context.Context, c orders.ParcelCall) (orders.ParcelAnswer, error)
}

// ContactBook holds the personal data that labels need.
type ContactBook interface {
	ContactByID(ctx context.Context, id string) (orders.Contact, error)
}

// Carriers books parcels.
type Carriers struct {
	book     EffectBook
	contacts ContactBook
	carrier  Carrier
}

// NewCarriers returns the activities over a carrier.
func NewCarriers(book EffectBook, contacts ContactBook, carrier Carrier) *Carriers {
	return &Carriers{book, contacts, carrier}
}

// Booking asks for a label. The consignee is looked up by the contact's ID, never carried in a history.
type Booking struct {
	Key       string `json:"key"`
	Order     string `json:"order"`
	Shipment  string `json:"shipment"`
	Carrier   string `json:"carrier"`
	ContactID string `json:"contact_id"`
}

// BookParcel asks the carrier for a label; the outcome's reference is its tracking number.
func (c *Carriers) BookParcel(ctx context.Context, b Booking) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: b.Key, Order: b.Order, Kind: orders.EffectBook, Subject: b.Shipment}
	return once(ctx, c.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		contact, err := c.contacts.ContactByID(ctx, b.ContactID)
		if err != nil {
			return orders.EffectOutcome{}, fmt.Errorf("look up the consignee: %w", err)
		}
		a, err := c.carrier.Book(ctx, orders.BookingCall{
			Key: b.Key, Order: b.Order, Shipment: b.Shipment, Carrier: b.Carrier, Consignee: contact.Addressee(), Retry: retry,
		})
		return orders.EffectOutcome{Reference: a.TrackingNumber}, err
	})
}

// Label names a label to be cancelled.
type Label struct {
	Key            string `json:"key"`
	Order          string `json:"order"`
	Shipment       string `json:"shipment"`
	TrackingNumber string `json:"tracking_number"`
}

// CancelLabel tells the carrier that a booked parcel will not come.
func (c *Carriers) CancelLabel(ctx context.Context, l Label) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: l.Key, Order: l.Order, Kind: orders.EffectCancelLabel, Subject: l.Shipment}
	return once(ctx, c.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		_, err := c.carrier.Cancel(ctx, orders.ParcelCall{
			Key: l.Key, Order: l.Order, Shipment: l.Shipment, TrackingNumber: l.TrackingNumber, Retry: retry,
		})
		return orders.EffectOutcome{}, err
	})
}
