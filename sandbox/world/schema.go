package world

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schema is safe to run on every start.
const schema = `
CREATE TABLE IF NOT EXISTS book (
	seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	provider text NOT NULL,
	at       timestamptz NOT NULL DEFAULT now(),
	kind     text NOT NULL,
	ref      text NOT NULL,
	order_no text NOT NULL,
	key      text NOT NULL,
	minor    bigint,
	currency text,
	detail   jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS book_by_order ON book (provider, order_no, seq);
CREATE INDEX IF NOT EXISTS book_by_key ON book (provider, key, seq);

CREATE OR REPLACE FUNCTION book_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'the book is append-only'; END $$;
CREATE OR REPLACE TRIGGER book_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON book
	FOR EACH STATEMENT EXECUTE FUNCTION book_is_append_only();

CREATE TABLE IF NOT EXISTS answers (
	provider    text NOT NULL,
	key         text NOT NULL,
	fingerprint bytea NOT NULL,
	status      int,
	body        json,
	PRIMARY KEY (provider, key)
);

CREATE TABLE IF NOT EXISTS payments (
	ref        text PRIMARY KEY,
	order_no   text NOT NULL,
	currency   text NOT NULL,
	authorised bigint NOT NULL,
	captured   bigint NOT NULL DEFAULT 0,
	released   bigint NOT NULL DEFAULT 0,
	refunded   bigint NOT NULL DEFAULT 0,
	CONSTRAINT payments_within_authorised CHECK (authorised > 0 AND captured >= 0 AND released >= 0 AND captured + released <= authorised),
	CONSTRAINT payments_within_captured CHECK (refunded BETWEEN 0 AND captured)
);

CREATE SEQUENCE IF NOT EXISTS labels START 100000000001;
CREATE TABLE IF NOT EXISTS parcels (
	tracking_number text PRIMARY KEY,
	order_no        text NOT NULL,
	status          text NOT NULL,
	moved_at        timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE TABLE IF NOT EXISTS purchases (
	reference text PRIMARY KEY,
	order_no  text NOT NULL,
	cancelled boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS behaviours (
	id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	provider text NOT NULL,
	call     text NOT NULL,
	mode     text NOT NULL,
	times    int NOT NULL,
	order_no text NOT NULL,
	delay_ms int NOT NULL
);

CREATE TABLE IF NOT EXISTS webhooks (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	provider     text NOT NULL,
	body         text NOT NULL,
	attempts     int NOT NULL DEFAULT 0,
	due_at       timestamptz NOT NULL,
	delivered_at timestamptz
);
CREATE INDEX IF NOT EXISTS webhooks_undelivered ON webhooks (id) WHERE delivered_at IS NULL;
`

// schemaLock keeps two starting processes from creating the same table at once.
const schemaLock = 0x616d656e6473

func createSchema(ctx context.Context, pool *pgxpool.Pool) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(schemaLock)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	})
	if err != nil {
		return fmt.Errorf("create the sandbox's tables: %w", err)
	}
	return nil
}
