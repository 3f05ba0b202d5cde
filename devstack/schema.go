package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// Databases of the server, in the cluster that holds the business data too:
// one backup then restores both at one point.
const (
	databaseMain       = "temporal"
	databaseVisibility = "temporal_visibility"
)

// prepareDatabases creates both databases and brings their schemas to the
// version this server wants. On prepared databases it changes nothing.
func prepareDatabases(ctx context.Context, cfg settings, logger log.Logger) error {
	if err := createDatabases(ctx, cfg); err != nil {
		return err
	}
	errs := make(chan error, 2)
	go func() {
		errs <- migrate(cfg.sql(databaseMain), "postgresql/v12/temporal", v12.Version, logger)
	}()
	go func() {
		errs <- migrate(cfg.sql(databaseVisibility), "postgresql/v12/visibility", v12.VisibilityVersion, logger)
	}()
	first, second := <-errs, <-errs
	if first != nil {
		return first
	}
	return second
}

func createDatabases(ctx context.Context, cfg settings) error {
	conn, err := connect(ctx, cfg, "postgres")
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, name := range []string{databaseMain, databaseVisibility} {
		var exists bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
		if err != nil {
			return fmt.Errorf("look for database %s: %w", name, err)
		}
		if exists {
			continue
		}
		if _, err := conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
	}
	return nil
}

func connect(ctx context.Context, cfg settings, database string) (*pgx.Conn, error) {
	options, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	options.Host, options.Port = cfg.PostgresHost, uint16(cfg.PostgresPort)
	options.User, options.Password, options.Database = cfg.PostgresUser, cfg.PostgresPassword, database
	options.Fallbacks = nil
	return pgx.ConnectConfig(ctx, options)
}

// migrate applies the schema called name up to version.
func migrate(cfg *config.SQL, name, version string, logger log.Logger) error {
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", cfg.DatabaseName, err)
	}
	defer conn.Close()
	current, err := conn.ReadSchemaVersion()
	if err == nil && current == version {
		return nil
	}
	if err != nil {
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		if err := schema.NewSetupSchemaTask(conn, setup, logger).Run(); err != nil {
			return fmt.Errorf("set up the schema of %s: %w", cfg.DatabaseName, err)
		}
	}
	update := &schema.UpdateConfig{DBName: cfg.DatabaseName, SchemaName: name}
	if err := schema.NewUpdateSchemaTask(conn, update, logger).Run(); err != nil {
		return fmt.Errorf("update the schema of %s: %w", cfg.DatabaseName, err)
	}
	return nil
}

// sql is the server's own description of a database.
func (s *settings) sql(database string) *config.SQL {
	return &config.SQL{
		PluginName:      postgresql.PluginNamePGX,
		ConnectAddr:     net.JoinHostPort(s.PostgresHost, strconv.Itoa(s.PostgresPort)),
		ConnectProtocol: "tcp",
		User:            s.PostgresUser,
		Password:        s.PostgresPassword,
		DatabaseName:    database,
		MaxConns:        20,
		MaxIdleConns:    20,
		MaxConnLifetime: time.Hour,
	}
}
