package world

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// statuses are what a carrier reports of a parcel. "booked" comes before them all and is reported by nobody.
var statuses = []string{"accepted", "in_transit", "delivered", "refused", "lost", "intercepted", "intercept_refused"}

// final are the statuses in which a parcel can no longer be stopped.
var final = []string{"delivered", "refused", "lost"}

type consignee struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Address string `json:"address"`
}

type booking struct {
	Order     string    `json:"order"`
	Shipment  string    `json:"shipment"`
	Carrier   string    `json:"carrier"`
	Consignee consignee `json:"consignee"`
}

// parcelOrder is the body of the calls about a parcel: intercept, redirect, cancel.
type parcelOrder struct {
	Order     string     `json:"order"`
	Shipment  string     `json:"shipment"`
	Consignee *consignee `json:"consignee,omitempty"`
}

// move is what a person tells the sandbox about a parcel.
type move struct {
	EventID    string          `json:"event_id"`
	Status     string          `json:"status"`
	OccurredAt *time.Time      `json:"occurred_at"`
	Proof      json.RawMessage `json:"proof"`
}

// parcelWebhook tells the product what became of a parcel.
type parcelWebhook struct {
	EventID        string          `json:"event_id"`
	TrackingNumber string          `json:"tracking_number"`
	Status         string          `json:"status"`
	OccurredAt     time.Time       `json:"occurred_at"`
	Proof          json.RawMessage `json:"proof,omitempty"`
}

func (w *World) book(rw http.ResponseWriter, r *http.Request) {
	var b booking
	err := read(r, &b)
	key, keyErr := readKey(r)
	err = firstOf(err, keyErr, required("order", b.Order, "shipment", b.Shipment,
		"consignee.name", b.Consignee.Name, "consignee.phone", b.Consignee.Phone, "consignee.address", b.Consignee.Address))
	if err != nil {
		fail(rw, err)
		return
	}
	w.serve(rw, r, newRequest(carrier, "book", key, b.Order, b), func(ctx context.Context, tx pgx.Tx, _ plan) (*done, error) {
		var tracking string
		err := tx.QueryRow(ctx, `INSERT INTO parcels (tracking_number, order_no, status)
			VALUES ($1 || nextval('labels')::text, $2, 'booked') RETURNING tracking_number`, labelPrefix(b.Carrier), b.Order).Scan(&tracking)
		return &done{
			status: http.StatusOK,
			body:   map[string]string{"tracking_number": tracking},
			entry: &entry{kind: "booked", ref: tracking, detail: map[string]any{
				"tracking_number": tracking, "shipment": b.Shipment, "carrier": b.Carrier, "consignee": b.Consignee,
			}},
		}, err
	})
}

// labelPrefix makes tracking numbers look like the carrier's.
func labelPrefix(carrier string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(carrier))
	if letters == "" {
		return "SD"
	}
	return letters[:min(2, len(letters))]
}

// event moves a parcel, known or not, and tells the product. The same event again is told again and booked once.
func (w *World) event(rw http.ResponseWriter, r *http.Request) {
	tracking := r.PathValue("tracking")
	m, err := readMove(r, tracking)
	if err != nil {
		fail(rw, err)
		return
	}
	var order string
	err = w.pool.QueryRow(r.Context(), "SELECT order_no FROM parcels WHERE tracking_number = $1", tracking).Scan(&order)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		fail(rw, err)
		return
	}
	told := parcelWebhook{m.EventID, tracking, m.Status, m.OccurredAt.UTC(), m.Proof}
	req := newRequest(carrier, "event", "event/"+m.EventID, order, told)
	w.serve(rw, r, req, moveParcel(told, order))
}

func readMove(r *http.Request, tracking string) (m move, err error) {
	if err := firstOf(read(r, &m), required("tracking_number", tracking)); err != nil {
		return m, err
	}
	if !slices.Contains(statuses, m.Status) {
		return m, invalid("the status must be one of %v", statuses)
	}
	if len(m.EventID) > maxKey {
		return m, invalid("the event_id must have at most %d bytes", maxKey)
	}
	if m.EventID == "" {
		m.EventID = newID("evt")
	}
	if m.OccurredAt == nil {
		now := time.Now()
		m.OccurredAt = &now
	}
	return m, nil
}

// moveParcel notes where a parcel is. Events may come in any order: the latest by its own time counts.
func moveParcel(told parcelWebhook, order string) work {
	return func(ctx context.Context, tx pgx.Tx, _ plan) (*done, error) {
		_, err := tx.Exec(ctx, `INSERT INTO parcels (tracking_number, order_no, status, moved_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tracking_number) DO UPDATE SET status = EXCLUDED.status, moved_at = EXCLUDED.moved_at
			WHERE parcels.moved_at <= EXCLUDED.moved_at`, told.TrackingNumber, order, told.Status, told.OccurredAt)
		detail := map[string]any{
			"tracking_number": told.TrackingNumber, "event_id": told.EventID, "status": told.Status, "occurred_at": told.OccurredAt,
		}
		if told.Proof != nil {
			detail["proof"] = told.Proof
		}
		return &done{
			status: http.StatusOK, body: told, webhooks: []any{told},
			entry: &entry{kind: "event", ref: told.TrackingNumber, detail: detail},
		}, err
	}
}

// intercept takes the wish to stop a parcel. The answer comes later, by an event "intercepted" or "intercept_refused".
func (w *World) intercept(rw http.ResponseWriter, r *http.Request) {
	w.parcel(rw, r, "intercept", "intercept_asked", func(status string, p plan) (string, error) {
		switch {
		case status == "intercepted" || p.immediate:
			return "accepted", nil
		case slices.Contains(final, status):
			return "", refuse(http.StatusConflict, "too_late", "the parcel is %s", status)
		}
		return "pending", nil
	})
}

func (w *World) redirect(rw http.ResponseWriter, r *http.Request) {
	w.parcel(rw, r, "redirect", "redirected", func(status string, _ plan) (string, error) {
		if slices.Contains(final, status) || status == "intercepted" {
			return "", refuse(http.StatusConflict, "too_late", "the parcel is %s", status)
		}
		return "accepted", nil
	})
}

func (w *World) cancelLabel(rw http.ResponseWriter, r *http.Request) {
	w.parcel(rw, r, "cancel", "cancelled", func(status string, _ plan) (string, error) {
		switch status {
		case "booked":
			return "accepted", nil
		case "cancelled":
			return "", refuse(http.StatusConflict, "already_cancelled", "the label is cancelled")
		}
		return "", refuse(http.StatusConflict, "too_late", "the parcel is %s", status)
	})
}

// parcel reads and checks a call about a parcel and has it served; judge answers it from the parcel's status.
func (w *World) parcel(rw http.ResponseWriter, r *http.Request, call, kind string, judge func(status string, p plan) (string, error)) {
	tracking := r.PathValue("tracking")
	var o parcelOrder
	err := read(r, &o)
	key, keyErr := readKey(r)
	err = firstOf(err, keyErr, required("order", o.Order, "shipment", o.Shipment))
	if err == nil && (call == "redirect") != (o.Consignee != nil) {
		err = invalid("a redirection, and nothing else, names a consignee")
	}
	if err != nil {
		fail(rw, err)
		return
	}
	req := newRequest(carrier, call, key, o.Order, []any{tracking, o})
	w.serve(rw, r, req, func(ctx context.Context, tx pgx.Tx, p plan) (*done, error) {
		status, err := lockParcel(ctx, tx, tracking, o.Order)
		if err != nil {
			return nil, err
		}
		result, err := judge(status, p)
		if err == nil && call == "cancel" {
			_, err = tx.Exec(ctx, "UPDATE parcels SET status = 'cancelled' WHERE tracking_number = $1", tracking)
		}
		return &done{
			status: http.StatusOK,
			body:   map[string]string{"tracking_number": tracking, "result": result},
			entry:  &entry{kind: kind, ref: tracking, detail: parcelDetail(tracking, result, o)},
		}, err
	})
}

// lockParcel returns a parcel's status. A number the carrier never gave out is a parcel handed over with a foreign label.
func lockParcel(ctx context.Context, tx pgx.Tx, tracking, order string) (status string, err error) {
	_, err = tx.Exec(ctx, `INSERT INTO parcels (tracking_number, order_no, status) VALUES ($1, $2, 'booked')
		ON CONFLICT DO NOTHING`, tracking, order)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, "SELECT status FROM parcels WHERE tracking_number = $1 FOR UPDATE", tracking).Scan(&status)
	return status, err
}

func parcelDetail(tracking, result string, o parcelOrder) map[string]any {
	detail := map[string]any{"tracking_number": tracking, "shipment": o.Shipment, "result": result}
	if o.Consignee != nil {
		detail["consignee"] = o.Consignee
	}
	return detail
}
