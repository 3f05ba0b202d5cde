package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// FlagGone flags those of the orders that are not finished: their workflows were ended from outside. It returns the
// ones that were not flagged before.
func (s *Store) FlagGone(ctx context.Context, numbers []string) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		UPDATE orders
		SET workflow_gone_at = now(),
		    flags = array_remove(array_remove(flags, $2), $3) || ARRAY[$2, $3]
		WHERE number = ANY($1)
		  AND workflow_gone_at IS NULL
		  AND stage NOT IN ('closed', 'voided', 'rejected')
		RETURNING number`, numbers, orders.FlagAttention, orders.FlagGone)
	if err != nil {
		return nil, fmt.Errorf("flag orders without a workflow: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// GoneOrders lists the numbers of flagged orders after a number, in their order.
func (s *Store) GoneOrders(ctx context.Context, after string, limit int) ([]string, error) {
	return s.numbers(ctx, `
		SELECT number
		FROM orders
		WHERE workflow_gone_at IS NOT NULL AND number > $1
		ORDER BY number
		LIMIT $2`, after, limit)
}

// UnflagGone takes the flag from orders whose workflows run again. One that has nothing new to record would keep it.
func (s *Store) UnflagGone(ctx context.Context, numbers []string) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT state
			FROM orders
			WHERE number = ANY($1) AND workflow_gone_at IS NOT NULL
			ORDER BY number
			FOR NO KEY UPDATE`, numbers)
		if err != nil {
			return err
		}
		states, err := pgx.CollectRows(rows, pgx.RowTo[orders.Order])
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		for _, o := range states {
			batch.Queue(`UPDATE orders SET workflow_gone_at = NULL, flags = $2 WHERE number = $1`, o.Number, o.Flags())
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("unflag orders whose workflows run: %w", err)
	}
	return nil
}
