package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// ClaimEffect commits the intention to do one thing outside, before it is done. A claim on money moves the payment's
// counter in the same transaction: beyond the limit it is an *orders.RefusedError and nothing is claimed. Claiming
// again returns what is known; the same key for another thing is refused.
func (s *Store) ClaimEffect(ctx context.Context, e orders.Effect) (orders.EffectClaim, error) {
	var claim orders.EffectClaim
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, claimStatement(e.Kind),
			e.Key, e.Order, e.Kind, e.Subject, e.Payment, e.Amount.Minor, e.Amount.Currency)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 1 {
			return nil
		}
		claim, err = earlierClaim(ctx, tx, e)
		return err
	})
	if err != nil {
		return orders.EffectClaim{}, fmt.Errorf("claim %s: %w", e.Key, err)
	}
	return claim, nil
}

// claimStatement inserts the claim and moves the counter in one statement: the counter's CHECK is the limit, and no
// sum is read before. It affects one row for a new claim, none for an old one.
func claimStatement(kind string) string {
	const claim = `
		WITH claimed AS (
		    INSERT INTO effects (key, order_number, kind, subject, payment_id, amount, currency)
		    VALUES ($1, $2, $3, $4, $5, $6, $7)
		    ON CONFLICT (key) DO NOTHING
		    RETURNING order_number, payment_id, amount, currency)`
	switch kind {
	case orders.EffectAuthorise:
		return claim + `
		INSERT INTO payments (order_number, payment_id, currency)
		SELECT order_number, payment_id, currency FROM claimed
		ON CONFLICT ON CONSTRAINT payments_pkey DO UPDATE SET currency = excluded.currency`
	case orders.EffectCapture:
		return claim + `
		UPDATE payments p
		SET capturing = capturing + c.amount
		FROM claimed c
		WHERE p.order_number = c.order_number AND p.payment_id = c.payment_id AND NOT p.released`
	case orders.EffectRefund:
		return claim + `
		UPDATE payments p
		SET refunded = refunded + c.amount
		FROM claimed c
		WHERE p.order_number = c.order_number AND p.payment_id = c.payment_id`
	}
	return claim + ` SELECT FROM claimed`
}

// earlierClaim reads the claim that was there. One that this very transaction has just written had no payment to move:
// it is refused, and the transaction takes it back.
func earlierClaim(ctx context.Context, tx pgx.Tx, e orders.Effect) (orders.EffectClaim, error) {
	claim := orders.EffectClaim{Repeated: true}
	var same, fresh bool
	err := tx.QueryRow(ctx, `
		SELECT (order_number, kind, subject, payment_id, amount, currency) = ($2, $3, $4, $5, $6, $7),
		       xmin = pg_current_xact_id()::xid,
		       outcome
		FROM effects
		WHERE key = $1`, e.Key, e.Order, e.Kind, e.Subject, e.Payment, e.Amount.Minor, e.Amount.Currency).
		Scan(&same, &fresh, &claim.Outcome)
	switch {
	case err != nil:
		return claim, found(err)
	case fresh:
		return claim, &orders.RefusedError{Code: orders.RefusedTooMuch}
	case !same:
		return claim, &orders.RefusedError{Code: orders.RefusedKeyReused}
	}
	return claim, nil
}

// SettleEffect writes what came of an effect, once, and in the same transaction moves the payment's counters and posts
// the ledger. The same outcome again changes nothing; another one is orders.ErrSettled.
func (s *Store) SettleEffect(ctx context.Context, key string, outcome orders.EffectOutcome) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		effect, err := settle(ctx, tx, key, outcome)
		if errors.Is(err, pgx.ErrNoRows) {
			return sameOutcome(ctx, tx, key, outcome)
		}
		if err != nil {
			return err
		}
		return book(ctx, tx, effect, outcome)
	})
	if err != nil {
		return fmt.Errorf("settle %s: %w", key, err)
	}
	return nil
}

func settle(ctx context.Context, tx pgx.Tx, key string, outcome orders.EffectOutcome) (orders.Effect, error) {
	e := orders.Effect{Key: key}
	err := tx.QueryRow(ctx, `
		UPDATE effects
		SET outcome = $2,
		    settled_at = now()
		WHERE key = $1 AND outcome IS NULL
		RETURNING order_number, kind, subject, payment_id, amount, currency`, key, outcome).
		Scan(&e.Order, &e.Kind, &e.Subject, &e.Payment, &e.Amount.Minor, &e.Amount.Currency)
	return e, err
}

func sameOutcome(ctx context.Context, tx pgx.Tx, key string, outcome orders.EffectOutcome) error {
	var standing orders.EffectOutcome
	err := tx.QueryRow(ctx, `SELECT outcome FROM effects WHERE key = $1`, key).Scan(&standing)
	if err != nil {
		return found(err)
	}
	if standing.Done != outcome.Done {
		return orders.ErrSettled
	}
	return nil
}

// alreadyReleased is a provider's answer that it holds nothing any more, whoever has released it.
const alreadyReleased = "already_released"

// book moves the counters of a settled effect on money.
func book(ctx context.Context, tx pgx.Tx, e orders.Effect, outcome orders.EffectOutcome) error {
	switch e.Kind {
	case orders.EffectAuthorise:
		return bookAuthorisation(ctx, tx, e, outcome)
	case orders.EffectCapture:
		return bookCapture(ctx, tx, e, outcome)
	case orders.EffectRefund:
		return bookRefund(ctx, tx, e, outcome)
	case orders.EffectRelease:
		if outcome.Done || outcome.Refused == alreadyReleased {
			return movePayment(ctx, tx, e, `released = true`)
		}
	}
	return nil
}

func bookAuthorisation(ctx context.Context, tx pgx.Tx, e orders.Effect, outcome orders.EffectOutcome) error {
	if !outcome.Done {
		return nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE payments
		SET authorised = authorised + $3,
		    captured = captured + CASE WHEN $4 THEN $3 ELSE 0 END,
		    reference = $5
		WHERE order_number = $1 AND payment_id = $2`, e.Order, e.Payment, e.Amount.Minor, outcome.AtOnce, outcome.Reference)
	if err != nil {
		return fmt.Errorf("book authorisation: %w", err)
	}
	if outcome.AtOnce {
		if err := postTransfer(ctx, tx, transfer{e.Key, e.Order, "capture", e.Payment, cash, receivable, e.Amount}); err != nil {
			return err
		}
	}
	return matchPaymentEvents(ctx, tx, e.Order, outcome.Reference)
}

func bookCapture(ctx context.Context, tx pgx.Tx, e orders.Effect, outcome orders.EffectOutcome) error {
	if !outcome.Done {
		return movePayment(ctx, tx, e, `capturing = capturing - $3`)
	}
	if err := movePayment(ctx, tx, e, `capturing = capturing - $3, captured = captured + $3`); err != nil {
		return err
	}
	return postTransfer(ctx, tx, transfer{e.Key, e.Order, "capture", e.Payment, cash, receivable, e.Amount})
}

// bookRefund gives the counter back when the refund was finally refused.
func bookRefund(ctx context.Context, tx pgx.Tx, e orders.Effect, outcome orders.EffectOutcome) error {
	if !outcome.Done {
		return movePayment(ctx, tx, e, `refunded = refunded - $3`)
	}
	return postTransfer(ctx, tx, transfer{e.Key, e.Order, "refund", e.Payment, receivable, cash, e.Amount})
}

// movePayment applies a constant assignment to the effect's payment; $3 is the effect's amount.
func movePayment(ctx context.Context, tx pgx.Tx, e orders.Effect, assignment string) error {
	_, err := tx.Exec(ctx, `
		UPDATE payments
		SET `+assignment+`
		WHERE order_number = $1 AND payment_id = $2 AND $3::bigint >= 0`, e.Order, e.Payment, e.Amount.Minor)
	if err != nil {
		return fmt.Errorf("move payment %s of %s: %w", e.Payment, e.Order, err)
	}
	return nil
}
