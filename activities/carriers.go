package activities

import (
	"context"
	"fmt"

	"amends/orders"
)

// Carrier is what Carriers needs of the carriers.
type Carrier interface {
	Book(ctx context.Context, c orders.BookingCall) (orders.BookingAnswer, error)
	Cancel(ctx context.Context, c orders.ParcelCall) (orders.ParcelAnswer, error)
	Intercept(ctx context.Context, c orders.ParcelCall) (orders.ParcelAnswer, error)
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

// Label names a parcel that has a label.
type Label struct {
	Key            string `json:"key"`
	Order          string `json:"order"`
	Shipment       string `json:"shipment"`
	TrackingNumber string `json:"tracking_number"`
}

// CancelLabel tells the carrier that a booked parcel will not come.
func (c *Carriers) CancelLabel(ctx context.Context, l Label) (orders.EffectOutcome, error) {
	return c.ask(ctx, orders.EffectCancelLabel, l, c.carrier.Cancel)
}

// InterceptParcel asks the carrier to stop a parcel. A pending outcome is answered later, by webhook.
func (c *Carriers) InterceptParcel(ctx context.Context, l Label) (orders.EffectOutcome, error) {
	return c.ask(ctx, orders.EffectIntercept, l, c.carrier.Intercept)
}

type parcelCall func(context.Context, orders.ParcelCall) (orders.ParcelAnswer, error)

func (c *Carriers) ask(ctx context.Context, kind string, l Label, call parcelCall) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: l.Key, Order: l.Order, Kind: kind, Subject: l.Shipment}
	return once(ctx, c.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		a, err := call(ctx, orders.ParcelCall{
			Key: l.Key, Order: l.Order, Shipment: l.Shipment, TrackingNumber: l.TrackingNumber, Retry: retry,
		})
		return orders.EffectOutcome{Pending: a.Pending}, err
	})
}
