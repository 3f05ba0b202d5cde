package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/money"
	"amends/orders"
)

// books are what the providers of the outside world have written down, by provider and order.
type books map[string]map[string][]entry

// outsideBooks reads all books, of one order or, without a number, of all.
func (h *house) outsideBooks(ctx context.Context, number string) (books, error) {
	all := books{}
	for _, provider := range []string{"payments", "carrier", "supplier", "sms"} {
		url := h.SandboxURL() + "/books/" + provider + "?order=" + number
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, fmt.Errorf("read the book of %s: %w", provider, err)
		}
		var whole struct{ Items []entry }
		err = json.NewDecoder(response.Body).Decode(&whole)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return nil, fmt.Errorf("read the book of %s: %w", provider, err)
		}
		all[provider] = map[string][]entry{}
		for _, e := range whole.Items {
			all[provider][e.Order] = append(all[provider][e.Order], e)
		}
	}
	return all, nil
}

// outsideOf tells what the outside world still holds of an order that is voided, or did differently: "" for nothing.
func outsideOf(ctx context.Context, h *house, o orders.Order) (string, error) {
	all, err := h.outsideBooks(ctx, o.Number)
	if err != nil {
		return "", err
	}
	return all.differ(o), nil
}

func (b books) differ(o orders.Order) string {
	return errorText(errors.Join(
		payments(b["payments"][o.Number], o), parcels(b["carrier"][o.Number], o), purchases(b["supplier"][o.Number], o),
	))
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// payments compares every payment that the provider knows with the order's.
func payments(book []entry, o orders.Order) error {
	sums := map[string]map[string]int64{}
	for _, e := range book {
		if sums[e.PaymentRef] == nil {
			sums[e.PaymentRef] = map[string]int64{}
		}
		sums[e.PaymentRef][e.Kind] += minor(e.Amount)
	}
	var problems []error
	for reference, sum := range sums {
		i := slices.IndexFunc(o.Payments, func(p orders.Payment) bool { return p.Reference == reference })
		if i < 0 {
			if len(sum) > 1 || sum["declined"] == 0 {
				problems = append(problems, fmt.Errorf("the provider has a payment %s that the order does not know", reference))
			}
			continue
		}
		if live := sum["authorised"] - sum["captured"] - sum["released"]; live > 0 && !byPeople(o, orders.StepReleasePayment) {
			problems = append(problems, fmt.Errorf("%d minor units of payment %s are still authorised", live, reference))
		}
		ours := o.Payments[i]
		if byHand := refundedByHand(o, ours.ID); sum["captured"] != ours.Captured.Minor || sum["refunded"]+byHand != ours.Refunded.Minor {
			problems = append(problems, fmt.Errorf("payment %s: to the provider %v, to us captured %v, refunded %v, of it by hand %d",
				reference, sum, ours.Captured, ours.Refunded, byHand))
		}
		if kept := ours.Captured.Sub(ours.Refunded); kept.Minor != retained(o) {
			problems = append(problems, fmt.Errorf("payment %s: %v kept, %d were to be", reference, kept, retained(o)))
		}
	}
	return errors.Join(problems...)
}

func minor(decimal string) int64 {
	amount, err := money.Parse(decimal, "CNY")
	if err != nil {
		return 0 // of an entry without money
	}
	return amount.Minor
}

// byPeople tells whether people ended a step of the kind.
func byPeople(o orders.Order, kind string) bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if s.Kind == kind && (s.End == orders.EndWaived || s.ByHand) {
				return true
			}
		}
	}
	return false
}

func refundedByHand(o orders.Order, payment string) int64 {
	var sum int64
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if s.Kind == orders.StepRefund && s.Subject == payment && s.ByHand && s.End == orders.EndCompleted {
				sum += s.Amount.Minor
			}
		}
	}
	return sum
}

func retained(o orders.Order) int64 {
	var sum int64
	for _, a := range o.Amendments {
		if a.Status == orders.Completed {
			sum += a.Retained.Minor
		}
	}
	return sum
}

// parcels requires that every label is cancelled, or its parcel has left and was asked to be stopped where it was to be.
func parcels(book []entry, o orders.Order) error {
	var problems []error
	has := func(kind, tracking string) bool {
		return slices.ContainsFunc(book, func(e entry) bool { return e.Kind == kind && e.TrackingNumber == tracking })
	}
	for _, e := range book {
		if e.Kind != "booked" || has("cancelled", e.TrackingNumber) {
			continue
		}
		left := slices.ContainsFunc(o.Shipments, func(s orders.Shipment) bool {
			return (s.Label == e.TrackingNumber || s.Tracking == e.TrackingNumber) && s.Status != orders.Packed && s.Status != orders.Cancelled
		})
		if !left && !byPeople(o, orders.StepCancelLabel) {
			problems = append(problems, fmt.Errorf("label %s is live and its parcel has not left", e.TrackingNumber))
		}
	}
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			asked := s.Kind == orders.StepIntercept && s.End == orders.EndDone && s.Outcome == orders.OutcomeIntercepted
			if tracking := shipment(o, s.Subject).Tracking; asked && !has("intercept_asked", tracking) {
				problems = append(problems, fmt.Errorf("parcel %s was never asked to be stopped", tracking))
			}
		}
	}
	return errors.Join(problems...)
}

func shipment(o orders.Order, id string) orders.Shipment {
	for _, s := range o.Shipments {
		if s.ID == id {
			return s
		}
	}
	return orders.Shipment{}
}

// purchases requires that everything that was asked of the supplier is cancelled, or known to arrive.
func purchases(book []entry, o orders.Order) error {
	for _, e := range book {
		if e.Kind != "requested" {
			continue
		}
		cancelled := slices.ContainsFunc(book, func(c entry) bool { return c.Kind == "cancelled" && c.Reference == e.Reference })
		arrives := slices.ContainsFunc(o.Purchases, func(p orders.Purchase) bool {
			return p.Status == orders.PurchaseArrives && p.Reference == e.Reference
		})
		if cancelled == arrives {
			return fmt.Errorf("purchase %s: cancelled %t, arrives %t", e.Reference, cancelled, arrives)
		}
	}
	return nil
}

// inspectVoided compares every voided order with the outside world.
func (h *house) inspectVoided(ctx context.Context) error {
	all, err := h.outsideBooks(ctx, "")
	if err != nil {
		return err
	}
	rows, err := h.db.Query(ctx, `SELECT state FROM orders WHERE stage = 'voided' ORDER BY number`)
	if err != nil {
		return fmt.Errorf("list the voided orders: %w", err)
	}
	states, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return fmt.Errorf("list the voided orders: %w", err)
	}
	var problems []error
	for _, state := range states {
		var o orders.Order
		if err := json.Unmarshal(state, &o); err != nil {
			return fmt.Errorf("read an order's state: %w", err)
		}
		if difference := all.differ(o); difference != "" {
			problems = append(problems, fmt.Errorf("%s: %s", o.Number, difference))
		}
	}
	return errors.Join(problems...)
}
