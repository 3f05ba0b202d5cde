package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"amends/orders"
)

// Carrier speaks with the carriers' common interface.
type Carrier struct {
	caller caller
}

// NewCarrier returns the adapter for the carrier at a base URL. A timeout of 0 is DefaultTimeout.
func NewCarrier(baseURL string, timeout time.Duration) *Carrier {
	return &Carrier{newCaller(baseURL, timeout)}
}

// Book asks for a label.
func (c *Carrier) Book(ctx context.Context, b orders.BookingCall) (orders.BookingAnswer, error) {
	body := bookingBody{b.Order, b.Shipment, b.Carrier, consigneeBody(b.Consignee)}
	look := func() (orders.BookingAnswer, bool, error) { return c.Find(ctx, b.Key) }
	answer, err := once(b.Retry, look, func() (orders.BookingAnswer, error) {
		var label struct {
			TrackingNumber string `json:"tracking_number"`
		}
		err := c.caller.post(ctx, "/book", b.Key, body, &label)
		if err == nil && label.TrackingNumber == "" {
			err = errors.New("the carrier's answer cannot be read")
		}
		return orders.BookingAnswer{TrackingNumber: label.TrackingNumber}, err
	})
	if err != nil {
		return orders.BookingAnswer{}, fmt.Errorf("book shipment %s: %w", b.Shipment, err)
	}
	return answer, nil
}

// Find tells which label the carrier made under an effect key; false when it made none.
func (c *Carrier) Find(ctx context.Context, key string) (orders.BookingAnswer, bool, error) {
	found, err := c.caller.find(ctx, key)
	if err != nil || len(found) == 0 {
		return orders.BookingAnswer{}, false, err
	}
	last := found[len(found)-1]
	if last.Kind != "booked" {
		return orders.BookingAnswer{}, true, &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	return orders.BookingAnswer{TrackingNumber: last.TrackingNumber, Adopted: true}, true, nil
}

// Cancel takes back a label whose parcel the carrier does not have yet.
func (c *Carrier) Cancel(ctx context.Context, p orders.ParcelCall) (orders.ParcelAnswer, error) {
	return c.ask(ctx, p, "cancel", "cancelled", nil)
}

// Intercept asks the carrier to stop a parcel.
func (c *Carrier) Intercept(ctx context.Context, p orders.ParcelCall) (orders.ParcelAnswer, error) {
	return c.ask(ctx, p, "intercept", "intercept_asked", nil)
}

// Redirect asks the carrier to bring a parcel to another consignee.
func (c *Carrier) Redirect(ctx context.Context, p orders.ParcelCall) (orders.ParcelAnswer, error) {
	to := consigneeBody(p.Consignee)
	return c.ask(ctx, p, "redirect", "redirected", &to)
}

func (c *Carrier) ask(ctx context.Context, p orders.ParcelCall, verb, kind string, to *consigneeBody) (orders.ParcelAnswer, error) {
	body := parcelBody{p.Order, p.Shipment, to}
	look := func() (orders.ParcelAnswer, bool, error) {
		found, err := c.caller.find(ctx, p.Key)
		if err != nil || len(found) == 0 {
			return orders.ParcelAnswer{}, false, err
		}
		last := found[len(found)-1]
		if last.Kind != kind || last.TrackingNumber != p.TrackingNumber {
			return orders.ParcelAnswer{}, true, &orders.RefusedError{Code: orders.RefusedKeyReused}
		}
		return orders.ParcelAnswer{Pending: last.Result == "pending", Adopted: true}, true, nil
	}
	answer, err := once(p.Retry, look, func() (orders.ParcelAnswer, error) {
		var said struct {
			Result string `json:"result"`
		}
		err := c.caller.post(ctx, "/"+url.PathEscape(p.TrackingNumber)+"/"+verb, p.Key, body, &said)
		return orders.ParcelAnswer{Pending: said.Result == "pending"}, err
	})
	if err != nil {
		return orders.ParcelAnswer{}, fmt.Errorf("%s parcel of shipment %s: %w", verb, p.Shipment, err)
	}
	return answer, nil
}

type consigneeBody struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Address string `json:"address"`
}

type bookingBody struct {
	Order     string        `json:"order"`
	Shipment  string        `json:"shipment"`
	Carrier   string        `json:"carrier"`
	Consignee consigneeBody `json:"consignee"`
}

type parcelBody struct {
	Order     string         `json:"order"`
	Shipment  string         `json:"shipment"`
	Consignee *consigneeBody `json:"consignee,omitempty"`
}
