package store

import (
	"context"
	"fmt"
	"time"

	"amends/orders"
)

const appendAudit = `SELECT audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// Audit writes one line of the audit log: for what has no row of its own in commands, refused attempts above all. What
// has an ID of its own is written once, however often it is reported.
func (s *Store) Audit(ctx context.Context, row orders.AuditRow) error {
	_, err := s.pool.Exec(ctx, appendAudit, auditArguments(row, time.Now(), row.Command != "")...)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

func auditArguments(r orders.AuditRow, at time.Time, once bool) []any {
	return []any{
		r.Actor.ID, r.Actor.Role, r.Actor.Verified, r.Action, r.Order, r.Command, r.Outcome, r.Code, r.RequestID, at, once,
	}
}
