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
// gives back the slots that were claimed with it. An audit row without an action is not written.
func (s *Store) FinishCommand(
	ctx context.Context, id, owner string, outcome orders.Outcome, row orders.AuditRow,
) (orders.Outcome, error) {
	standing := outcome
	err := s.statement(func() error {
		err := s.finish(ctx, id, owner, outcome, row)
		if errors.Is(err, pgx.ErrNoRows) {
			standing, err = outcomeOf(ctx, s.pool, id)
		}
		return err
	})
	return standing, err
}

// finish is one statement, so that the head of the audit log is held for no longer than it takes to commit.
func (s *Store) finish(ctx context.Context, id, owner string, outcome orders.Outcome, row orders.AuditRow) error {
	var requestID string
	err := s.pool.QueryRow(ctx, `
		WITH finished AS (
		    UPDATE commands
		    SET status = CASE WHEN $3 THEN 'accepted' ELSE 'refused' END,
		        outcome = $4,
		        finished_at = now()
		    WHERE id = $1 AND status = 'pending' AND owner = $2
		    RETURNING request_id),
		freed AS (
		    UPDATE slots
		    SET freed_at = now()
		    WHERE NOT $3 AND command_id = $1 AND freed_at IS NULL AND EXISTS (SELECT FROM finished)
		    RETURNING id),
		ready AS MATERIALIZED (
		    SELECT f.request_id, (SELECT count(*) FROM freed) AS freed
		    FROM finished f)
		SELECT request_id, CASE WHEN $8 <> '' THEN audit_append($5, $6, $7, $8, $9, $10, $11, $12, request_id, $13, false) END
		FROM ready
		WHERE freed >= 0`,
		id, owner, outcome.Accepted, outcome, row.Actor.ID, row.Actor.Role, row.Actor.Verified, row.Action, row.Order, row.Command,
		row.Outcome, row.Code, time.Now()).Scan(&requestID, nil)
	if err != nil {
		return fmt.Errorf("finish command %s: %w", id, err)
	}
	return nil
}

func outcomeOf(ctx context.Context, q querier, id string) (orders.Outcome, error) {
	var outcome *orders.Outcome
	err := q.QueryRow(ctx, `SELECT outcome FROM commands WHERE id = $1`, id).Scan(&outcome)
	switch {
	case err != nil:
		return orders.Outcome{}, fmt.Errorf("read outcome of %s: %w", id, found(err))
	case outcome == nil:
		return orders.Outcome{}, orders.ErrLeaseLost
	}
	return *outcome, nil
}

// ClaimDue makes the caller the owner of pending commands that nobody delivers: those without an owner and those whose
// lease is over, only the oldest of each order. Repeated claims count as attempts and wait longer, up to four leases.
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
		    lease_until = now() + $2::interval * power(2, least(attempts, 2)),
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
