package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/money"
	"amends/orders"
)

// Accounts of the ledger.
const (
	cash       = "cash"
	receivable = "receivable"
)

// transfer is a ledger transaction between two accounts.
type transfer struct {
	key, order, kind, payment string
	debit, credit             string
	amount                    money.Amount
}

// Post writes a ledger transaction. Its key is unique: posting it again changes nothing.
func (s *Store) Post(ctx context.Context, p orders.Posting) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		amount := money.New(p.Minor, p.Curr)
		return postTransfer(ctx, tx, transfer{p.Key, p.Order, "posting", "", p.Debit, p.Credit, amount})
	})
	if err != nil {
		return fmt.Errorf("post %s: %w", p.Key, err)
	}
	return nil
}

// postTransfer writes both sides in one statement. A transfer of nothing leaves a transaction without entries.
func postTransfer(ctx context.Context, tx pgx.Tx, t transfer) error {
	_, err := tx.Exec(ctx, `
		WITH posted AS (
		    INSERT INTO ledger_transactions (key, order_number, kind, payment_id)
		    VALUES ($1, $2, $3, $4)
		    ON CONFLICT (key) DO NOTHING
		    RETURNING key)
		INSERT INTO ledger_entries (transaction_key, account, minor, currency)
		SELECT p.key, side.account, side.minor, $8
		FROM posted p
		CROSS JOIN (VALUES ($5, $7::bigint), ($6, -$7::bigint)) AS side (account, minor)
		WHERE side.minor <> 0`,
		t.key, t.order, t.kind, t.payment, t.debit, t.credit, t.amount.Minor, t.amount.Currency)
	if err != nil {
		return fmt.Errorf("post %s: %w", t.key, err)
	}
	return nil
}
