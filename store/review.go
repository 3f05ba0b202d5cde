package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// mostDuplicates bounds how many other orders a finding may name.
const mostDuplicates = 10

// ReviewFacts answers what a review asks of the database: other orders of the customer that look the same, and lines
// for which no more stock is free. Voided and rejected orders do not count.
func (s *Store) ReviewFacts(ctx context.Context, q orders.ReviewQuestion) (orders.ReviewFacts, error) {
	var facts orders.ReviewFacts
	var err error
	if facts.HardDuplicates, err = s.sameReference(ctx, q); err != nil {
		return facts, fmt.Errorf("look for duplicates of %s: %w", q.Number, err)
	}
	if facts.SoftDuplicates, err = s.sameLines(ctx, q); err != nil {
		return facts, fmt.Errorf("look for orders like %s: %w", q.Number, err)
	}
	if facts.Short, err = s.short(ctx, q.Number, q.Lines); err != nil {
		return facts, fmt.Errorf("look for free stock of %s: %w", q.Number, err)
	}
	return facts, nil
}

func (s *Store) sameReference(ctx context.Context, q orders.ReviewQuestion) ([]string, error) {
	if q.CustomerRef == "" {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT number
		FROM orders
		WHERE customer_id = $1
		  AND customer_ref = $2
		  AND customer_ref <> ''
		  AND number <> ALL($3)
		  AND stage NOT IN ('voided', 'rejected')
		ORDER BY created_at, number
		LIMIT $4`, q.CustomerID, q.CustomerRef, []string{q.Number, q.Replaces}, mostDuplicates)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (s *Store) sameLines(ctx context.Context, q orders.ReviewQuestion) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT number
		FROM orders
		WHERE customer_id = $1
		  AND lines_digest = $2
		  AND created_at BETWEEN $3 AND $4
		  AND number <> ALL($5)
		  AND stage NOT IN ('voided', 'rejected')
		ORDER BY created_at, number
		LIMIT $6`,
		q.CustomerID, linesDigest(q.Lines), q.CreatedAt.Add(-q.Window), q.CreatedAt.Add(q.Window), []string{q.Number, q.Replaces},
		mostDuplicates)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// short lists the lines that free stock does not cover. Lines of one SKU share what there is, the first come first.
// What is held for the order itself, by a workflow task that history forgot, counts as free.
func (s *Store) short(ctx context.Context, order string, lines []orders.Wanted) ([]string, error) {
	var skus []string
	for _, line := range lines {
		if line.Kind == orders.Goods && !slices.Contains(skus, line.SKU) {
			skus = append(skus, line.SKU)
		}
	}
	if len(skus) == 0 {
		return nil, nil
	}
	free := map[string]int64{}
	rows, err := s.pool.Query(ctx, `
		SELECT sku,
		       sum(free)::bigint
		FROM (SELECT sku, on_hand - reserved AS free
		      FROM stock
		      UNION ALL
		      SELECT sku, held - released - consumed
		      FROM reservations
		      WHERE order_number = $2) AS either
		WHERE sku = ANY($1)
		GROUP BY sku`, skus, order)
	if err != nil {
		return nil, err
	}
	var sku string
	var quantity int64
	if _, err := pgx.ForEachRow(rows, []any{&sku, &quantity}, func() error { free[sku] = quantity; return nil }); err != nil {
		return nil, err
	}
	var missing []string
	for _, line := range lines {
		if line.Kind != orders.Goods {
			continue
		}
		if free[line.SKU] -= line.Quantity; free[line.SKU] < 0 {
			missing = append(missing, line.LineID)
			free[line.SKU] = 0
		}
	}
	return missing, nil
}
