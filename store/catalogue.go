package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// Products returns the entries of the catalogue for the SKUs that exist, sorted by SKU.
func (s *Store) Products(ctx context.Context, skus []string) ([]orders.Product, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT sku,
		       kind,
		       name,
		       unit,
		       list_price,
		       currency
		FROM products
		WHERE sku = ANY($1)
		ORDER BY sku`, skus)
	if err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p orders.Product, err error) {
		err = row.Scan(&p.SKU, &p.Kind, &p.Name, &p.Unit, &p.ListPrice.Minor, &p.ListPrice.Currency)
		return p, err
	})
}

// StaffByToken returns the active staff member whose token has the SHA-256, or orders.ErrNotFound.
func (s *Store) StaffByToken(ctx context.Context, sha256 []byte) (orders.Staff, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id,
		       name,
		       role,
		       locale,
		       refund_limit
		FROM staff
		WHERE token_hash = $1 AND active`, sha256)
	if err != nil {
		return orders.Staff{}, fmt.Errorf("look up token: %w", err)
	}
	staff, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[orders.Staff])
	return staff, found(err)
}
