package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// trackingOf lists the numbers by which carriers may name the order's parcels, sorted.
func trackingOf(o orders.Order) []string {
	numbers := []string{}
	for _, shipment := range o.Shipments {
		for _, number := range []string{shipment.Label, shipment.Tracking} {
			if number != "" {
				numbers = append(numbers, number)
			}
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// TrackingInUse tells whether a parcel of another order has the tracking number.
func (s *Store) TrackingInUse(ctx context.Context, tracking, order string) (bool, error) {
	var used bool
	err := s.pool.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM parcels WHERE tracking = $1 AND order_number <> $2)`, tracking, order).Scan(&used)
	if err != nil {
		return false, fmt.Errorf("look up tracking number: %w", err)
	}
	return used, nil
}

// moveParcels makes the order's tracking numbers findable and routes the events that came before a number was known.
func moveParcels(ctx context.Context, tx pgx.Tx, order string, before, now []string) error {
	_, err := tx.Exec(ctx, `DELETE FROM parcels WHERE order_number = $1 AND tracking <> ALL($2)`, order, now)
	if err != nil {
		return fmt.Errorf("forget parcels: %w", err)
	}
	for _, tracking := range now {
		if slices.Contains(before, tracking) {
			continue
		}
		if err := hold(ctx, tx, subjectLock(orders.ProviderCarrier, tracking)); err != nil {
			return err
		}
		if err := addParcel(ctx, tx, order, tracking); err != nil {
			return err
		}
	}
	return nil
}

func addParcel(ctx context.Context, tx pgx.Tx, order, tracking string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO parcels (tracking, order_number)
		VALUES ($1, $2)
		ON CONFLICT ON CONSTRAINT parcels_pkey DO NOTHING`, tracking, order)
	if err != nil {
		return fmt.Errorf("add parcel: %w", err)
	}
	rows, err := tx.Query(ctx, `
		UPDATE webhooks
		SET status = 'matched',
		    order_number = $3,
		    matched_at = now()
		WHERE provider = $1 AND subject = $2 AND status = 'unmatched' AND command IS NOT NULL
		RETURNING event_id, command`, orders.ProviderCarrier, tracking, order)
	if err != nil {
		return fmt.Errorf("route waiting events: %w", err)
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waitingEvent])
	if err != nil {
		return fmt.Errorf("route waiting events: %w", err)
	}
	for _, w := range waiting {
		if err := routeWaiting(ctx, tx, order, w); err != nil {
			return err
		}
	}
	return nil
}

// waitingEvent is a webhook whose subject was unknown when it came in.
type waitingEvent struct {
	EventID string
	Command json.RawMessage
}

func routeWaiting(ctx context.Context, tx pgx.Tx, order string, w waitingEvent) error {
	event := &orders.CarrierEvent{}
	if err := json.Unmarshal(w.Command, event); err != nil {
		return fmt.Errorf("read event %s: %w", w.EventID, err)
	}
	return queueCommand(ctx, tx, webhookCommand(orders.ProviderCarrier, w.EventID), order, event, orders.CarrierActor)
}
