package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// queueNotice adds a notice to the outbox. A key that is there already is one message. A rejection waits until the
// workflow task that decided it would have been repeated: one that history forgets is told to nobody.
func queueNotice(batch *pgx.Batch, n orders.Notice) {
	if n.Data == nil {
		n.Data = map[string]string{}
	}
	batch.Queue(`
		INSERT INTO outbox (key, order_number, template, contact_id, locale, data, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, now() + CASE WHEN $3 = 'rejected' THEN interval '15 seconds' ELSE interval '0' END)
		ON CONFLICT (key) DO NOTHING`, n.Key, n.Order, n.Template, n.ContactID, n.Locale, n.Data)
}

// ClaimNotices makes the caller the sender of notices that are due and that nobody is sending.
func (s *Store) ClaimNotices(ctx context.Context, owner string, lease time.Duration, limit int) ([]orders.ClaimedNotice, error) {
	rows, err := s.pool.Query(ctx, `
		WITH due AS (
		    SELECT key
		    FROM outbox
		    WHERE status = 'pending'
		      AND next_at <= now()
		      AND (owner IS NULL OR lease_until < now())
		    ORDER BY next_at, key
		    LIMIT $3
		    FOR UPDATE SKIP LOCKED)
		UPDATE outbox
		SET owner = $1,
		    lease_until = now() + $2::interval,
		    attempts = attempts + 1
		WHERE key IN (SELECT key FROM due)
		RETURNING key, order_number, template, contact_id, locale, data, attempts - 1`, owner, lease, limit)
	if err != nil {
		return nil, fmt.Errorf("claim notices: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n orders.ClaimedNotice, err error) {
		err = row.Scan(&n.Key, &n.Order, &n.Template, &n.ContactID, &n.Locale, &n.Data, &n.Attempts)
		return n, err
	})
}

// MarkSent ends a notice with the channel it went by: sms or email.
func (s *Store) MarkSent(ctx context.Context, key, channel string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE outbox
		SET status = 'sent',
		    channel = $2,
		    sent_at = now(),
		    owner = NULL
		WHERE key = $1 AND status = 'pending'`, key, channel)
	if err != nil {
		return fmt.Errorf("mark %s as sent: %w", key, err)
	}
	return nil
}

// Postpone notes why a notice did not go out. It is tried again after the pause.
func (s *Store) Postpone(ctx context.Context, key, code string, pause time.Duration) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE outbox
		SET failure = $2,
		    next_at = now() + $3::interval,
		    owner = NULL
		WHERE key = $1 AND status = 'pending'`, key, code, pause)
	if err != nil {
		return fmt.Errorf("postpone %s: %w", key, err)
	}
	return nil
}

// MarkFailed ends a notice that cannot be delivered, and tells its order.
func (s *Store) MarkFailed(ctx context.Context, n orders.Notice, code string) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE outbox
			SET status = 'failed',
			    failure = $2,
			    owner = NULL
			WHERE key = $1 AND status = 'pending'`, n.Key, code)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		told := &orders.MessageFailed{Template: n.Template, Code: code}
		return queueCommand(ctx, tx, "message:"+n.Key, n.Order, told, orders.SystemActor)
	})
	if err != nil {
		return fmt.Errorf("mark %s as failed: %w", n.Key, err)
	}
	return nil
}
