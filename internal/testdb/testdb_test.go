package testdb_test

import (
	"context"
	"testing"

	"amends/internal/testdb"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { testdb.Main(m) }

func TestEachTestGetsAnEmptyDatabaseThatSortsByCodePoint(t *testing.T) {
	first, second := testdb.New(t), testdb.New(t)
	if first == second {
		t.Fatalf("two tests share %s", first)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var encoding, collation string
	var tables int
	err = conn.QueryRow(ctx, `SELECT pg_encoding_to_char(encoding), datcollate,
		(SELECT count(*) FROM pg_tables WHERE schemaname = 'public')
		FROM pg_database WHERE datname = current_database()`).Scan(&encoding, &collation, &tables)
	if err != nil {
		t.Fatal(err)
	}
	if encoding != "UTF8" || collation != "C.UTF-8" || tables != 0 {
		t.Fatalf("encoding %s, collation %s, %d tables", encoding, collation, tables)
	}
}
