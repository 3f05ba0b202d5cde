package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// carried is the account of money on its way from one order to another.
const carried = "carried"

// CarryOver lets captured money of a voided order pay for the one that is placed again, in one transaction: the counters
// of both payments, the ledger of both orders, and the news for the voided one. Repeating it changes nothing. It returns
// *orders.RefusedError where the money was given back or carried elsewhere.
func (s *Store) CarryOver(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error) {
	outcome := orders.EffectOutcome{Done: true, AtOnce: true}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		isNew, err := claimCarry(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `
			SELECT reference
			FROM payments
			WHERE order_number = $1 AND payment_id = $2`, c.From, c.FromPayment).Scan(&outcome.Reference); err != nil || !isNew {
			return found(err)
		}
		if err := moveCarried(ctx, tx, c, outcome); err != nil {
			return err
		}
		news := &orders.CarriedOver{To: c.Order, Amount: c.Amount}
		return queueCommand(ctx, tx, "carried/"+c.From+"/"+c.FromPayment, c.From, news, orders.SystemActor)
	})
	if err != nil {
		return orders.EffectOutcome{}, fmt.Errorf("carry over from %s to %s: %w", c.From, c.Order, err)
	}
	return outcome, nil
}

// claimCarry takes the money for one order, if the void of the other has set it aside. Another one that wants it too is
// refused.
func claimCarry(ctx context.Context, tx pgx.Tx, c orders.CarryCall) (isNew bool, err error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO carried_over (from_order, from_payment, to_order, to_payment, amount, key)
		SELECT $1, $2, $3, $4, $5, $6
		FROM orders
		WHERE number = $1
		  AND stage IN ('voiding', 'voided')
		  AND state @? format('$.amendments[*].steps[*] ? (@.kind == "carry_over" && @.subject == %s && !exists(@.end))',
		                      to_json($2::text))::jsonpath
		ON CONFLICT ON CONSTRAINT carried_over_pkey DO NOTHING`,
		c.From, c.FromPayment, c.Order, c.Payment, c.Amount.Minor, c.Key)
	if err != nil || tag.RowsAffected() == 1 {
		return err == nil, err
	}
	var ours bool
	err = tx.QueryRow(ctx, `
		SELECT (to_order, to_payment, amount) = ($3, $4, $5)
		FROM carried_over
		WHERE from_order = $1 AND from_payment = $2`, c.From, c.FromPayment, c.Order, c.Payment, c.Amount.Minor).Scan(&ours)
	if err == nil && !ours || errors.Is(err, pgx.ErrNoRows) {
		err = &orders.RefusedError{Code: orders.RefusedTooMuch}
	}
	return false, err
}

// moveCarried books the new order's payment as one that was authorised and captured at once.
func moveCarried(ctx context.Context, tx pgx.Tx, c orders.CarryCall, outcome orders.EffectOutcome) error {
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE payments
		SET carried = carried + $3
		WHERE order_number = $1 AND payment_id = $2`, c.From, c.FromPayment, c.Amount.Minor)
	batch.Queue(`
		INSERT INTO payments (order_number, payment_id, currency, reference, authorised, captured)
		VALUES ($1, $2, $3, $4, $5, $5)`, c.Order, c.Payment, c.Amount.Currency, outcome.Reference, c.Amount.Minor)
	batch.Queue(`
		INSERT INTO effects (key, order_number, kind, subject, payment_id, amount, currency, outcome, settled_at)
		VALUES ($1, $2, $3, $4, $4, $5, $6, $7, now())`,
		c.Key, c.Order, orders.EffectAuthorise, c.Payment, c.Amount.Minor, c.Amount.Currency, outcome)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	out := transfer{c.Key + "/from", c.From, "posting", c.FromPayment, receivable, carried, c.Amount}
	if err := postTransfer(ctx, tx, out); err != nil {
		return err
	}
	return postTransfer(ctx, tx, transfer{c.Key, c.Order, "capture", c.Payment, carried, receivable, c.Amount})
}

// CarriedTo tells which order took over the money of a payment, or *orders.RefusedError where none has.
func (s *Store) CarriedTo(ctx context.Context, c orders.CarryCall) (orders.EffectOutcome, error) {
	outcome := orders.EffectOutcome{Done: true}
	err := s.pool.QueryRow(ctx, `
		SELECT to_order
		FROM carried_over
		WHERE from_order = $1 AND from_payment = $2 AND amount = $3`, c.From, c.FromPayment, c.Amount.Minor).Scan(&outcome.Reference)
	if errors.Is(err, pgx.ErrNoRows) {
		return orders.EffectOutcome{}, &orders.RefusedError{Code: "not_carried"}
	}
	if err != nil {
		return orders.EffectOutcome{}, fmt.Errorf("look up what %s carried over: %w", c.From, err)
	}
	return outcome, nil
}
