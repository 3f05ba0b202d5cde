package world

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"
)

type purchaseOrder struct {
	Order    string `json:"order"`
	Request  string `json:"request"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

func (w *World) purchase(rw http.ResponseWriter, r *http.Request) {
	var o purchaseOrder
	err := read(r, &o)
	key, keyErr := readKey(r)
	err = firstOf(err, keyErr, required("order", o.Order, "request", o.Request, "sku", o.SKU))
	if err == nil && (o.Quantity < 1 || o.Quantity > 1_000_000) {
		err = invalid("the quantity must be 1 to 1000000")
	}
	if err != nil {
		fail(rw, err)
		return
	}
	w.serve(rw, r, newRequest(supplier, "request", key, o.Order, o), func(ctx context.Context, tx pgx.Tx, _ plan) (*done, error) {
		reference := newID("po")
		_, err := tx.Exec(ctx, "INSERT INTO purchases (reference, order_no) VALUES ($1, $2)", reference, o.Order)
		return &done{
			status: http.StatusOK,
			body:   map[string]string{"reference": reference},
			entry: &entry{kind: "requested", ref: reference, detail: map[string]any{
				"reference": reference, "request": o.Request, "sku": o.SKU, "quantity": o.Quantity,
			}},
		}, err
	})
}

func (w *World) cancelPurchase(rw http.ResponseWriter, r *http.Request) {
	reference := r.PathValue("reference")
	var o struct {
		Order string `json:"order"`
	}
	err := read(r, &o)
	key, keyErr := readKey(r)
	if err = firstOf(err, keyErr, required("order", o.Order)); err != nil {
		fail(rw, err)
		return
	}
	req := newRequest(supplier, "cancel", key, o.Order, []any{reference, o})
	w.serve(rw, r, req, func(ctx context.Context, tx pgx.Tx, _ plan) (*done, error) {
		var cancelled bool
		err := tx.QueryRow(ctx, "SELECT cancelled FROM purchases WHERE reference = $1 FOR UPDATE", reference).Scan(&cancelled)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil, refuse(http.StatusNotFound, "unknown_purchase", "there is no purchase with this reference")
		case err != nil:
			return nil, err
		case cancelled:
			return nil, refuse(http.StatusConflict, "already_cancelled", "the purchase is cancelled")
		}
		_, err = tx.Exec(ctx, "UPDATE purchases SET cancelled = true WHERE reference = $1", reference)
		return &done{
			status: http.StatusOK,
			body:   map[string]string{"reference": reference, "result": "accepted"},
			entry:  &entry{kind: "cancelled", ref: reference, detail: map[string]any{"reference": reference}},
		}, err
	})
}
