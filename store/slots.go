package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// claimSlots claims a technician's time for every request, or returns *orders.SlotTakenError.
func claimSlots(ctx context.Context, tx pgx.Tx, order, command string, requests []orders.SlotRequest) ([]orders.Slot, error) {
	var slots []orders.Slot
	for _, request := range requests {
		slot, err := ownSlot(ctx, tx, order, request, slots)
		if errors.Is(err, pgx.ErrNoRows) {
			slot, err = claimSlot(ctx, tx, order, command, request)
		}
		if err != nil {
			return nil, err
		}
		slots = append(slots, slot)
	}
	return slots, nil
}

// ownSlot finds the same time among those that the order has claimed already and that are not taken in this request: who
// resubmits an order with its appointment must not stand in their own way.
func ownSlot(ctx context.Context, tx pgx.Tx, order string, r orders.SlotRequest, taken []orders.Slot) (orders.Slot, error) {
	ids := []string{}
	for _, slot := range taken {
		ids = append(ids, slot.ID)
	}
	slot := orders.Slot{LineID: r.LineID, From: r.From.UTC(), To: r.To.UTC()}
	err := tx.QueryRow(ctx, `
		SELECT s.id,
		       s.technician
		FROM slots s
		JOIN orders o ON o.number = s.order_number
		JOIN technician_skills k ON k.technician = s.technician AND k.sku = $2
		WHERE s.order_number = $1
		  AND s.freed_at IS NULL
		  AND s.from_at = $3
		  AND s.to_at = $4
		  AND s.id <> ALL($5)
		  AND o.state->'slots' @> jsonb_build_array(jsonb_build_object('id', s.id))
		ORDER BY s.id
		LIMIT 1`, order, r.SKU, r.From, r.To, ids).Scan(&slot.ID, &slot.Technician)
	return slot, err
}

// claimSlot tries the technicians with the skill one after the other. The exclusion constraint decides: the insert
// waits for whoever is claiming the same time, and does nothing when they succeed.
func claimSlot(ctx context.Context, tx pgx.Tx, order, command string, r orders.SlotRequest) (orders.Slot, error) {
	technicians, err := skilled(ctx, tx, r.SKU)
	if err != nil {
		return orders.Slot{}, err
	}
	slot := orders.Slot{LineID: r.LineID, From: r.From.UTC(), To: r.To.UTC()}
	for _, slot.Technician = range technicians {
		err := tx.QueryRow(ctx, `
			INSERT INTO slots (order_number, line_id, technician, from_at, to_at, command_id)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT ON CONSTRAINT slots_no_double_booking DO NOTHING
			RETURNING id`, order, r.LineID, slot.Technician, r.From, r.To, command).Scan(&slot.ID)
		if err == nil {
			return slot, nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return orders.Slot{}, fmt.Errorf("claim slot: %w", err)
		}
	}
	nearest, err := nearestSlot(ctx, tx, r)
	if err != nil {
		return orders.Slot{}, err
	}
	return orders.Slot{}, &orders.SlotTakenError{LineID: r.LineID, Nearest: nearest}
}

func skilled(ctx context.Context, tx pgx.Tx, sku string) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT t.id
		FROM technician_skills k
		JOIN technicians t ON t.id = k.technician
		WHERE k.sku = $1 AND t.active
		ORDER BY t.id`, sku)
	if err != nil {
		return nil, fmt.Errorf("find technicians: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// nearestSlot looks for the free time of the same length that is closest to the one asked for: within two weeks,
// between 8 and 20 o'clock China time, on the half hours, in the future.
func nearestSlot(ctx context.Context, tx pgx.Tx, r orders.SlotRequest) (orders.Slot, error) {
	slot := orders.Slot{LineID: r.LineID}
	err := tx.QueryRow(ctx, `
		SELECT k.technician,
		       start,
		       start + $3::interval
		FROM generate_series(date_trunc('hour', $2::timestamptz) - interval '14 days',
		                     $2::timestamptz + interval '14 days', interval '30 minutes') AS start
		CROSS JOIN technician_skills k
		JOIN technicians t ON t.id = k.technician AND t.active
		WHERE k.sku = $1
		  AND start > now()
		  AND (start AT TIME ZONE 'Asia/Shanghai')::time >= time '08:00'
		  AND (start AT TIME ZONE 'Asia/Shanghai') + $3::interval
		      <= date_trunc('day', start AT TIME ZONE 'Asia/Shanghai') + interval '20 hours'
		  AND NOT EXISTS (
		      SELECT FROM slots s
		      WHERE s.technician = k.technician
		        AND s.freed_at IS NULL
		        AND tstzrange(s.from_at, s.to_at) && tstzrange(start, start + $3::interval))
		ORDER BY abs(extract(epoch FROM start - $2::timestamptz)), start, k.technician
		LIMIT 1`, r.SKU, r.From, r.To.Sub(r.From)).Scan(&slot.Technician, &slot.From, &slot.To)
	if errors.Is(err, pgx.ErrNoRows) {
		return slot, nil
	}
	if err != nil {
		return slot, fmt.Errorf("find the nearest slot: %w", err)
	}
	slot.From, slot.To = slot.From.In(time.UTC), slot.To.In(time.UTC)
	return slot, nil
}

// FreeSlots gives slots of an order back to the calendar. Freeing one again changes nothing.
func (s *Store) FreeSlots(ctx context.Context, order string, ids []string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE slots
		SET freed_at = now()
		WHERE order_number = $1 AND id = ANY($2) AND freed_at IS NULL`, order, ids)
	if err != nil {
		return fmt.Errorf("free slots of %s: %w", order, err)
	}
	return nil
}
