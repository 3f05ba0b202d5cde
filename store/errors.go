package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"amends/orders"
)

// CodeWarehouseUnknown says that a warehouse is not there.
const CodeWarehouseUnknown = "unknown_warehouse"

// meanings says what it means that a constraint refused a row.
var meanings = map[string]error{
	"commands_key_actor_route_key":        orders.ErrKeyReused,
	"commands_order_fkey":                 orders.ErrNotFound,
	"notes_order_fkey":                    orders.ErrNotFound,
	"customer_contacts_order_fkey":        orders.ErrNotFound,
	"payments_captured_within_authorised": &orders.RefusedError{Code: orders.RefusedTooMuch},
	"payments_refunded_within_captured":   &orders.RefusedError{Code: orders.RefusedTooMuch},
	"slots_no_double_booking":             orders.ErrSlotTaken,
	"orders_placed_again":                 &orders.TransitionError{Command: orders.CmdPlaceAgain, Stage: orders.Voided, Code: orders.CodePlacedAgain},
	"stock_sku_fkey":                      &orders.ValidationError{Field: "sku", Code: "unknown_sku"},
	"stock_warehouse_fkey":                &orders.ValidationError{Field: "warehouse", Code: CodeWarehouseUnknown},
}

// translate turns errors of the database into those of the domain. A value that the schema refuses for another reason
// (classes 22, 23 and 54) is orders.ErrImpossible: no repetition helps. Others pass unchanged.
func translate(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	if meaning, known := meanings[pg.ConstraintName]; known {
		return fmt.Errorf("%w (%s)", meaning, pg.ConstraintName)
	}
	if slices.Contains([]string{"22", "23", "54"}, pg.Code[:min(2, len(pg.Code))]) {
		return fmt.Errorf("%w: %w", orders.ErrImpossible, err)
	}
	return err
}

// found turns an empty result into orders.ErrNotFound.
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return orders.ErrNotFound
	}
	return err
}
