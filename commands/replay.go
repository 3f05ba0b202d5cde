package commands

import (
	"context"

	"amends/orders"
)

// Replay returns what is known of an earlier submission with the same actor, route and key, or orders.ErrNotFound. With
// another fingerprint it is orders.ErrKeyReused.
func (s *Service) Replay(ctx context.Context, sub orders.Submission) (orders.Receipt, error) {
	row, err := s.store.Command(ctx, commandID(sub))
	if err != nil {
		return orders.Receipt{}, err
	}
	if row.Fingerprint != sub.Fingerprint {
		return orders.Receipt{}, orders.ErrKeyReused
	}
	receipt := orders.Receipt{CommandID: row.ID, Order: row.Order, Replayed: true, Pending: row.Outcome == nil}
	if row.Outcome != nil {
		receipt.Outcome = *row.Outcome
	}
	return receipt, nil
}
