// Command devstack runs a Temporal server and its Web UI in one process, on
// databases of an existing Postgres cluster. It is meant for development and
// tests: everything listens on 127.0.0.1 and nothing is encrypted.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopWithin bounds a clean shutdown.
const stopWithin = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "devstack:", err)
		os.Exit(1)
	}
}

// run brings the server up in the order its parts need each other and stops
// it when ctx ends. The Web UI starts last, so that its /healthz says that
// everything before it is ready.
func run(ctx context.Context) error {
	cfg, err := loadSettings(os.Args[1:])
	if err != nil {
		return err
	}
	logger := newLogger(cfg.LogLevel)
	if err := prepareDatabases(ctx, cfg, logger); err != nil {
		return err
	}
	server, err := newServer(cfg, logger)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	defer func() { _ = server.Stop() }()
	if err := ensureNamespace(ctx, cfg); err != nil {
		return err
	}
	ui := startUI(cfg)
	defer ui.Stop()
	fmt.Printf("ready: frontend %s, Web UI http://%s\n", cfg.frontend(), cfg.webUI())
	<-ctx.Done()
	// Without its databases the server may take its time to stop.
	time.AfterFunc(stopWithin, func() { os.Exit(1) })
	return nil
}
