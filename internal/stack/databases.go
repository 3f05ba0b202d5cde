package stack

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

// Roles. The owner migrates; the product itself has only the rights that the
// migrations grant it, so that append-only tables are append-only for it.
const (
	roleOwner    = "amends"
	roleApp      = "amends_app"
	roleSandbox  = "sandbox"
	roleTemporal = "temporal"
)

// databases are created with their owners where they are missing.
var databases = []struct{ name, owner string }{
	{"amends", roleOwner},
	{"sandbox", roleSandbox},
	{"temporal", roleTemporal},
	{"temporal_visibility", roleTemporal},
}

// prepareDatabases creates roles and databases, through adminURL.
func prepareDatabases(ctx context.Context, adminURL, password string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, role := range []string{roleOwner, roleApp, roleSandbox, roleTemporal} {
		if err := ensureRole(ctx, conn, role, password); err != nil {
			return err
		}
	}
	for _, database := range databases {
		if err := ensureDatabase(ctx, conn, database.name, database.owner); err != nil {
			return err
		}
	}
	return nil
}

// ensureRole sets the password each time: an existing server may know the role
// with another one.
func ensureRole(ctx context.Context, conn *pgx.Conn, role, password string) error {
	var known bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&known); err != nil {
		return fmt.Errorf("look for role %s: %w", role, err)
	}
	verb := "CREATE"
	if known {
		verb = "ALTER"
	}
	// The password is hexadecimal and needs no quoting.
	if _, err := conn.Exec(ctx, fmt.Sprintf(`%s ROLE %s LOGIN PASSWORD '%s'`, verb, role, password)); err != nil {
		return fmt.Errorf("prepare role %s: %w", role, err)
	}
	return nil
}

// ensureDatabase asks for C.UTF-8, because pg_trgm finds nothing in Chinese
// under C.
func ensureDatabase(ctx context.Context, conn *pgx.Conn, name, owner string) error {
	var known bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&known); err != nil {
		return fmt.Errorf("look for database %s: %w", name, err)
	}
	if known {
		return nil
	}
	statements := []string{
		// A superuser need not be a member of the owning role; others must be.
		fmt.Sprintf(`GRANT %s TO CURRENT_USER`, owner),
		fmt.Sprintf(`CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'`, name, owner),
		fmt.Sprintf(`REVOKE ALL ON DATABASE %s FROM PUBLIC`, name),
	}
	if owner == roleOwner {
		statements = append(statements, fmt.Sprintf(`GRANT CONNECT ON DATABASE %s TO %s`, name, roleApp))
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
	}
	return nil
}

// databaseURL is adminURL with another role and database.
func databaseURL(adminURL, role, password, database string) string {
	u, err := url.Parse(adminURL)
	if err != nil {
		return ""
	}
	u.User, u.Path = url.UserPassword(role, password), "/"+database
	return u.String()
}
