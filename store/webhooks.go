package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// StoreWebhook keeps an event of the outside world before anything else happens, and in the same transaction finds the
// order it is about and queues the command for it. An event whose subject nobody knows is kept as unmatched: a finding,
// routed when the subject becomes known. It returns false for an event ID that was stored before.
func (s *Store) StoreWebhook(ctx context.Context, w orders.Webhook) (isNew bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := hold(ctx, tx, subjectLock(w.Provider, w.Subject)); err != nil {
			return err
		}
		order, err := orderOf(ctx, tx, w)
		if err != nil {
			return err
		}
		if isNew, err = addWebhook(ctx, tx, w, order); err != nil || !isNew {
			return err
		}
		if order == "" || w.Command == nil {
			return nil
		}
		return queueCommand(ctx, tx, webhookCommand(w.Provider, w.EventID), order, w.Command, actorOf(w.Provider))
	})
	if err != nil {
		return false, fmt.Errorf("store event %s of %s: %w", w.EventID, w.Provider, err)
	}
	return isNew, nil
}

// subjectLock makes an event and the news of its subject wait for each other, so that one of them sees the other.
func subjectLock(provider, subject string) string { return "webhook:" + provider + ":" + subject }

// webhookCommand is the ID of the command that an event causes.
func webhookCommand(provider, eventID string) string { return provider + ":" + eventID }

func actorOf(provider string) orders.Actor {
	if provider == orders.ProviderPayments {
		return orders.PaymentsActor
	}
	return orders.CarrierActor
}

// orderOf finds the order of a parcel or a payment, or none. Of several orders with one tracking number an open one is
// preferred, then the latest.
func orderOf(ctx context.Context, tx pgx.Tx, w orders.Webhook) (order string, err error) {
	query := `
		SELECT p.order_number
		FROM parcels p
		JOIN orders o ON o.number = p.order_number
		WHERE p.tracking = $1
		ORDER BY o.stage IN ('closed', 'voided', 'rejected'), p.added_at DESC, p.order_number DESC
		LIMIT 1`
	if w.Provider == orders.ProviderPayments {
		query = `SELECT order_number FROM payments WHERE reference = $1 AND reference <> '' LIMIT 1`
	}
	err = tx.QueryRow(ctx, query, w.Subject).Scan(&order)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return order, err
}

func addWebhook(ctx context.Context, tx pgx.Tx, w orders.Webhook, order string) (isNew bool, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO webhooks AS w (provider, event_id, subject, body, command, status, order_number, matched_at)
		VALUES ($1, $2, $3, $4, $5,
		        CASE WHEN $6 = '' THEN 'unmatched' ELSE 'matched' END,
		        nullif($6, ''),
		        CASE WHEN $6 = '' THEN NULL ELSE now() END)
		ON CONFLICT ON CONSTRAINT webhooks_pkey DO UPDATE
		SET repeats = w.repeats + 1
		RETURNING repeats = 0`, w.Provider, w.EventID, w.Subject, w.Body, w.Command, order).Scan(&isNew)
	return isNew, err
}

// matchPaymentEvents attaches the events that came before the provider's reference was known.
func matchPaymentEvents(ctx context.Context, tx pgx.Tx, order, reference string) error {
	if err := hold(ctx, tx, subjectLock(orders.ProviderPayments, reference)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE webhooks
		SET status = 'matched',
		    order_number = $3,
		    matched_at = now()
		WHERE provider = $1 AND subject = $2 AND status = 'unmatched'`, orders.ProviderPayments, reference, order)
	if err != nil {
		return fmt.Errorf("match events of %s: %w", reference, err)
	}
	return nil
}

// UnmatchedWebhooks returns one page of the events that belong to no order yet, the newest first. A broken cursor is a
// *orders.ValidationError.
func (s *Store) UnmatchedWebhooks(ctx context.Context, cursor string, limit int) (orders.WebhookPage, error) {
	var page orders.WebhookPage
	after, err := readCursor(cursor, 3)
	if err != nil {
		return page, err
	}
	limit = min(max(limit, 1), pageLimit)
	behind, arguments := ``, []any{limit + 1}
	if after != nil {
		behind = ` AND (received_at, provider, event_id) < ($2::text::timestamptz, $3, $4)`
		arguments = append(arguments, after[0], after[1], after[2])
	}
	rows, err := s.pool.Query(ctx, `
		SELECT provider,
		       event_id,
		       subject,
		       received_at,
		       repeats
		FROM webhooks
		WHERE status = 'unmatched'`+behind+`
		ORDER BY received_at DESC, provider DESC, event_id DESC
		LIMIT $1`, arguments...)
	if err != nil {
		return page, fmt.Errorf("list unmatched events: %w", err)
	}
	if page.Items, err = pgx.CollectRows(rows, pgx.RowToStructByName[orders.WebhookView]); err != nil {
		return page, fmt.Errorf("list unmatched events: %w", err)
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.NextCursor = cursorOf(stamp(last.ReceivedAt), last.Provider, last.EventID)
	}
	return page, nil
}
