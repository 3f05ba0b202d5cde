// Package store is the Postgres side of Amends: one file per aggregate, one transaction per exported method.
// Errors of the database are translated once, by the name of the constraint that refused.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connections is how many connections a process may hold, unless the URL says so itself (pool_max_conns).
const connections = 16

// maxTries bounds how often a transaction that lost a deadlock is repeated.
const maxTries = 5

// Store reads and writes the business database.
type Store struct {
	pool *pgxpool.Pool
}

// Open connects to the database of the URL. It does not migrate, see Migrate.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = connections
	}
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["jit"] = "off" // compiling takes longer than any statement here
	// A process that stands still in a transaction must not keep its locks from all others.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "5s"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	return &Store{pool: pool}, nil
}

// Await is Open for a server that may still be starting: it tries until the context ends.
func Await(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	for {
		s, err := Open(ctx, url)
		if err == nil {
			return s, nil
		}
		log.Warn("Postgres does not answer yet", "error", err)
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(time.Second):
		}
	}
}

// Close gives all connections back.
func (s *Store) Close() { s.pool.Close() }

// Ready returns nil when the database is migrated to this version of the code and seeded.
func (s *Store) Ready(ctx context.Context) error {
	wanted, err := latestVersion()
	if err != nil {
		return err
	}
	var version int64
	var seeded bool
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied),
		       EXISTS (SELECT FROM products) AND EXISTS (SELECT FROM staff)`).Scan(&version, &seeded)
	switch {
	case err != nil:
		return fmt.Errorf("look up the database's version: %w", err)
	case version < wanted:
		return fmt.Errorf("the database is at version %d, this code needs %d: migrate", version, wanted)
	case !seeded:
		return errors.New("the database is empty: seed it")
	}
	return nil
}

// Listen calls wake whenever somebody notifies the channel, and once whenever it has connected, for what was missed.
// It returns when the context ends.
func (s *Store) Listen(ctx context.Context, channel string, wake func()) {
	for ctx.Err() == nil {
		_ = s.listen(ctx, channel, wake)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) listen(ctx context.Context, channel string, wake func()) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	own := conn.Hijack()
	defer func() { _ = own.Close(context.WithoutCancel(ctx)) }()
	if _, err := own.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	for {
		wake()
		if _, err := own.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

// inTx runs fn in a transaction and translates its error. A transaction that lost a deadlock is repeated.
func (s *Store) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	var err error
	for range maxTries {
		if err = pgx.BeginFunc(ctx, s.pool, fn); !lostDeadlock(err) {
			break
		}
	}
	return translate(err)
}

// statement does the same for what is a transaction by being one statement.
func (s *Store) statement(do func() error) error {
	var err error
	for range maxTries {
		if err = do(); !lostDeadlock(err) {
			break
		}
	}
	return translate(err)
}

func lostDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001")
}

// hold makes transactions that name the same thing wait for each other. It must be a statement of its own: only the
// next statement sees what the one waited for has committed.
func hold(ctx context.Context, tx pgx.Tx, things ...string) error {
	for _, thing := range things {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, thing); err != nil {
			return fmt.Errorf("hold %s: %w", thing, err)
		}
	}
	return nil
}
