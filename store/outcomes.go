package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// parcelOutcome is what became of a packed parcel, decided once.
type parcelOutcome string

const (
	parcelLeft    parcelOutcome = "left"
	parcelStopped parcelOutcome = "stopped"
)

// errStopped refuses to take out what a void has stopped.
var errStopped = fmt.Errorf("the parcel was stopped and its goods were given back: %w", orders.ErrImpossible)

// StopParcel decides that a packed parcel never leaves the house and, in the same transaction, makes what is held for the
// order equal to what its lines want without it, see ReserveStock. A parcel that has left is answered as such and nothing
// changes. Repeating a key answers the same way. A request that comes late stops the parcel and moves no goods.
func (s *Store) StopParcel(ctx context.Context, p orders.ParcelStop) (answer orders.StockAnswer, err error) {
	r := p.Stock
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := enterStock(ctx, tx, r.Key, r.Order)
		if err != nil {
			return err
		}
		outcome, err := decideParcel(ctx, tx, r.Order, p.Shipment, r.Key, parcelStopped)
		if err != nil {
			return err
		}
		if outcome == parcelStopped {
			answer, err = converge(ctx, tx, r, now)
			return err
		}
		answer = orders.StockAnswer{Added: []orders.Reservation{}, Left: true}
		if now.known {
			return nil
		}
		return rememberAnswer(ctx, tx, r.Key, r.Order, answer)
	})
	if err != nil {
		return orders.StockAnswer{}, fmt.Errorf("stop parcel %s of %s: %w", p.Shipment, r.Order, err)
	}
	return answer, nil
}

// decideParcel inserts what shall become of the parcel, or reads what has become of it.
func decideParcel(ctx context.Context, tx pgx.Tx, order, shipment, key string, wish parcelOutcome) (parcelOutcome, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO parcel_outcomes (order_number, shipment_id, outcome, key)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT ON CONSTRAINT parcel_outcomes_pkey DO NOTHING`, order, shipment, wish, key)
	if err != nil {
		return "", fmt.Errorf("decide parcel %s: %w", shipment, err)
	}
	var outcome parcelOutcome
	err = tx.QueryRow(ctx, `
		SELECT outcome
		FROM parcel_outcomes
		WHERE order_number = $1 AND shipment_id = $2`, order, shipment).Scan(&outcome)
	if err != nil {
		return "", fmt.Errorf("read parcel %s: %w", shipment, err)
	}
	return outcome, nil
}
