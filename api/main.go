// Command api answers the HTTP API of Amends.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	tlog "go.temporal.io/sdk/log"

	"amends/api/rest"
	"amends/commands"
	"amends/internal/config"
	"amends/orders"
	"amends/store"
)

// shutdownWait is how long requests that are being answered may go on after the process was told to stop.
const shutdownWait = 25 * time.Second

type settings struct {
	HTTPAddr      string     `env:"AMENDS_HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	DatabaseURL   string     `env:"AMENDS_DATABASE_URL,required,notEmpty"`
	PublicURL     string     `env:"AMENDS_PUBLIC_URL" envDefault:"http://127.0.0.1:8080"`
	TemporalUIURL string     `env:"AMENDS_TEMPORAL_UI_URL" envDefault:"http://127.0.0.1:8233"`
	WebhookSecret string     `env:"AMENDS_WEBHOOK_SECRET,required,notEmpty"`
	CommandKey    string     `env:"AMENDS_COMMAND_KEY,required,notEmpty"`
	LogLevel      slog.Level `env:"AMENDS_LOG_LEVEL" envDefault:"INFO"`
	Policy        config.Policy
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s, policy, temporal, err := read()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: s.LogLevel}))
	slog.SetDefault(log)
	temporal.Logger = tlog.NewStructuredLogger(log)
	database, err := store.Await(ctx, s.DatabaseURL, log)
	if err != nil {
		return err
	}
	defer database.Close()
	connection, err := client.NewLazyClient(temporal)
	if err != nil {
		return fmt.Errorf("set up Temporal's client: %w", err)
	}
	defer connection.Close()
	server := rest.New(rest.Config{
		PublicURL: strings.TrimRight(s.PublicURL, "/"), TemporalUIURL: strings.TrimRight(s.TemporalUIURL, "/"),
		Namespace: temporal.Namespace, WebhookSecret: s.WebhookSecret,
	}, commands.New(database, connection, commands.Settings{
		Policy: policy, PublicURL: strings.TrimRight(s.PublicURL, "/"), Key: []byte(s.CommandKey),
	}), database)
	return serve(ctx, s.HTTPAddr, server.Handler())
}

// read takes in the whole environment and reports every problem of it.
func read() (settings, orders.Policy, client.Options, error) {
	var s settings
	readErr := config.Read(&s)
	policy, policyErr := s.Policy.Orders()
	temporal, temporalErr := envconfig.LoadDefaultClientOptions()
	if temporal.Namespace == "" {
		temporal.Namespace = client.DefaultNamespace
	}
	return s, policy, temporal, errors.Join(readErr, policyErr, temporalErr)
}

// serve answers until the context ends, then stops accepting and finishes what it has begun.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	slog.Info("listening", "addr", listener.Addr().String())
	select {
	case err := <-stopped:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	slog.Info("stopping")
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	if err := server.Shutdown(wait); err != nil {
		return fmt.Errorf("finish requests: %w", err)
	}
	return nil
}
