package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// FinishCommand writes the outcome of a command together with its audit row. Only the owner of a pending command may:
// for anybody else it returns the outcome that is there, or orders.ErrLeaseLost while there is none. A refused command
// gives back the slots that were claimed with it.
func (s *Store) FinishCommand(
	ctx context.Context, id, owner string, outcome orders.Outcome, row orders.AuditRow,
) (orders.Outcome, error) {
	standing := outcome
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			UPDATE commands
			SET status = CASE WHEN $3 THEN 'accepted' ELSE 'refused' END,
			    outcome = $4,
			    finished_at = now()
			WHERE id = $1 AND status = 'pending' AND owner = $2
			RETURNING request_id`, id, owner, outcome.Accepted, outcome).Scan(&row.RequestID)
		if errors.Is(err, pgx.ErrNoRows) {
			standing, err = outcomeOf(ctx, tx, id)
			return err
		}
		if err != nil {
			return fmt.Errorf("finish command %s: %w", id, err)
		}
		if !outcome.Accepted {
			if err := freeSlotsOf(ctx, tx, id); err != nil {
				return err
			}
		}
		return audit(ctx, tx, row)
	})
	return standing, err
}

func outcomeOf(ctx context.Context, tx pgx.Tx, id string) (orders.Outcome, error) {
	var outcome *orders.Outcome
	err := tx.QueryRow(ctx, `SELECT outcome FROM commands WHERE id = $1`, id).Scan(&outcome)
	switch {
	case err != nil:
		return orders.Outcome{}, fmt.Errorf("read outcome of %s: %w", id, found(err))
	case outcome == nil:
		return orders.Outcome{}, orders.ErrLeaseLost
	}
	return *outcome, nil
}

func freeSlotsOf(ctx context.Context, tx pgx.Tx, command string) error {
	_, err := tx.Exec(ctx, `
		UPDATE slots
		SET freed_at = now()
		WHERE command_id = $1 AND freed_at IS NULL`, command)
	if err != nil {
		return fmt.Errorf("free the slots of %s: %w", command, err)
	}
	return nil
}

// ClaimDue makes the caller the owner of pending commands that nobody delivers: those without an owner and those whose
// lease is over, only the oldest of each order. Repeated claims count as attempts.
func (s *Store) ClaimDue(ctx context.Context, owner string, lease time.Duration, limit int) ([]orders.CommandRow, error) {
	rows, err := s.pool.Query(ctx, `
		WITH due AS (
		    SELECT c.id
		    FROM commands c
		    WHERE c.status = 'pending'
		      AND (c.owner IS NULL OR c.lease_until < now())
		      AND NOT EXISTS (
		          SELECT FROM commands older
		          WHERE older.order_number = c.order_number
		            AND older.status = 'pending'
		            AND older.position < c.position)
		    ORDER BY c.position
		    LIMIT $3
		    FOR UPDATE OF c SKIP LOCKED)
		UPDATE commands
		SET owner = $1,
		    lease_until = now() + $2::interval,
		    attempts = attempts + 1
		WHERE id IN (SELECT id FROM due)
		RETURNING`+commandColumns, owner, lease, limit)
	if err != nil {
		return nil, fmt.Errorf("claim due commands: %w", err)
	}
	claimed, err := pgx.CollectRows(rows, scanCommand)
	if err != nil {
		return nil, fmt.Errorf("claim due commands: %w", err)
	}
	return claimed, nil
}
