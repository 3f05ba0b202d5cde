package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// AddNote writes a note on an order, or returns orders.ErrNotFound. A note that is there already stays as it is.
func (s *Store) AddNote(ctx context.Context, order string, note orders.NoteView) error {
	return s.inTx(ctx, func(tx pgx.Tx) error { return addNote(ctx, tx, order, "", note) })
}

// addNote writes a note, or the reason of a command. The time is the database's.
func addNote(ctx context.Context, tx pgx.Tx, order, command string, note orders.NoteView) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO notes (id, order_number, command_id, text, author)
		VALUES ($1, $2, nullif($3, ''), $4, $5)
		ON CONFLICT (id) DO NOTHING`, note.ID, order, command, note.Text, note.Author)
	if err != nil {
		return fmt.Errorf("add note: %w", err)
	}
	return nil
}

// AddContact writes down that somebody spoke with the customer, or returns orders.ErrNotFound.
func (s *Store) AddContact(ctx context.Context, order string, c orders.ContactView) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO customer_contacts (id, order_number, channel, outcome, text, author)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO NOTHING`, c.ID, order, c.Channel, c.Outcome, c.Text, c.Author)
	if err != nil {
		return translate(fmt.Errorf("add contact: %w", err))
	}
	return nil
}

const selectNotes = `
	SELECT id,
	       text,
	       author,
	       at
	FROM notes
	WHERE order_number = $1 AND command_id IS NULL
	ORDER BY at DESC, id`

const selectContacts = `
	SELECT id,
	       channel,
	       outcome,
	       text,
	       author,
	       at
	FROM customer_contacts
	WHERE order_number = $1
	ORDER BY at DESC, id`
