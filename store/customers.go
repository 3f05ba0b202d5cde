package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

const customerColumns = `
	id,
	name,
	phone,
	email,
	locale`

// CustomerByID returns a customer, or orders.ErrNotFound.
func (s *Store) CustomerByID(ctx context.Context, id string) (orders.Customer, error) {
	return s.customer(ctx, `SELECT`+customerColumns+` FROM customers WHERE id = $1`, id)
}

// CustomerByPhone returns the customer with the normalised phone number, or orders.ErrNotFound.
func (s *Store) CustomerByPhone(ctx context.Context, phone string) (orders.Customer, error) {
	return s.customer(ctx, `SELECT`+customerColumns+` FROM customers WHERE phone = $1`, phone)
}

func (s *Store) customer(ctx context.Context, query, argument string) (orders.Customer, error) {
	rows, err := s.pool.Query(ctx, query, argument)
	if err != nil {
		return orders.Customer{}, fmt.Errorf("read customer: %w", err)
	}
	customer, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[orders.Customer])
	return customer, found(err)
}

// ContactByID returns a row of personal data, or orders.ErrNotFound.
func (s *Store) ContactByID(ctx context.Context, id string) (orders.Contact, error) {
	rows, err := s.pool.Query(ctx, selectContact+`$1`, id)
	if err != nil {
		return orders.Contact{}, fmt.Errorf("read contact %s: %w", id, err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[orders.Contact])
	return c, found(err)
}

const selectContact = `
	SELECT id,
	       customer_id,
	       name,
	       phone,
	       email,
	       locale,
	       ship_to,
	       invoice_to,
	       note,
	       line_notes
	FROM contacts
	WHERE id = `

// querier is what both the pool and a transaction can do.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ensureCustomer returns the ID of the customer with the phone number, who is made when unknown. While somebody
// else is making the same one, the insert waits for them.
func ensureCustomer(ctx context.Context, tx pgx.Tx, c orders.Customer) (string, error) {
	var id string
	err := tx.QueryRow(ctx, `
		INSERT INTO customers (id, name, phone, email, locale)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT ON CONSTRAINT customers_phone_key DO NOTHING
		RETURNING id`, c.ID, c.Name, c.Phone, c.Email, c.Locale).Scan(&id)
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("add customer: %w", err)
	}
	err = tx.QueryRow(ctx, `SELECT id FROM customers WHERE phone = $1`, c.Phone).Scan(&id)
	return id, err
}

func addContact(ctx context.Context, tx pgx.Tx, c orders.Contact) error {
	if c.LineNotes == nil {
		c.LineNotes = map[string]string{}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO contacts (id, customer_id, name, phone, email, locale, ship_to, invoice_to, note, line_notes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.ID, c.CustomerID, c.Name, c.Phone, c.Email, c.Locale, c.ShipTo, c.InvoiceTo, c.Note, c.LineNotes)
	if err != nil {
		return fmt.Errorf("add contact: %w", err)
	}
	return nil
}
