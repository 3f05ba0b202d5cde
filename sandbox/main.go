// Command sandbox plays the outside world of Amends for development and tests: see package world.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"amends/sandbox/world"

	"github.com/jackc/pgx/v5/pgxpool"
)

// databaseWait is how long the start waits for the database.
const databaseWait = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := readConfig(os.Getenv)
	if err != nil {
		return err
	}
	pool, err := connect(ctx, c.databaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	w, err := world.Open(ctx, pool, c.world)
	if err != nil {
		return err
	}
	defer w.Close()
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	slog.Info("sandbox ready", "addr", listener.Addr().String(), "seed", c.world.Seed, "chaos", c.world.Chaos)
	return serve(ctx, listener, w)
}

// serve answers until the context ends, then lets running calls finish; withheld ones are broken off.
func serve(ctx context.Context, listener net.Listener, w *world.World) error {
	server := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	w.Close()
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(deadline)
}

func connect(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("AMENDS_SANDBOX_DATABASE_URL cannot be read as a PostgreSQL URL")
	}
	config.MaxConns = 16
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["application_name"] = "amends-sandbox"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWait)
	defer cancel()
	for {
		if err = pool.Ping(ctx); err == nil {
			return pool, nil
		}
		select {
		case <-ctx.Done():
			pool.Close()
			return nil, fmt.Errorf("the sandbox's database does not answer: %w", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type config struct {
	addr        string
	databaseURL string
	world       world.Config
}

// readConfig reads the environment and reports all its problems at once.
func readConfig(env func(string) string) (config, error) {
	c := config{addr: orElse(env("AMENDS_SANDBOX_ADDR"), "127.0.0.1:8090"), databaseURL: env("AMENDS_SANDBOX_DATABASE_URL")}
	c.world = world.Config{
		WebhookURL: env("AMENDS_WEBHOOK_URL"), WebhookSecret: env("AMENDS_WEBHOOK_SECRET"),
		PaymentWebhooks: true, Seed: rand.Uint64() >> 1,
	}
	var problems []error
	note := func(name string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	note("AMENDS_SANDBOX_ADDR", loopback(c.addr))
	if c.databaseURL == "" {
		note("AMENDS_SANDBOX_DATABASE_URL", errors.New("is required"))
	}
	if c.world.WebhookURL != "" && c.world.WebhookSecret == "" {
		note("AMENDS_WEBHOOK_SECRET", errors.New("is required to sign webhooks"))
	}
	note("AMENDS_SANDBOX_SEED", parse(env("AMENDS_SANDBOX_SEED"), &c.world.Seed, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) }))
	note("AMENDS_SANDBOX_CHAOS", parse(env("AMENDS_SANDBOX_CHAOS"), &c.world.Chaos, share))
	note("AMENDS_SANDBOX_IMMEDIATE", parse(env("AMENDS_SANDBOX_IMMEDIATE"), &c.world.Immediate, strconv.ParseBool))
	note("AMENDS_SANDBOX_PAYMENT_WEBHOOKS", parse(env("AMENDS_SANDBOX_PAYMENT_WEBHOOKS"), &c.world.PaymentWebhooks, strconv.ParseBool))
	return c, errors.Join(problems...)
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func parse[T any](text string, into *T, read func(string) (T, error)) error {
	if text == "" {
		return nil
	}
	value, err := read(text)
	if err == nil {
		*into = value
	}
	return err
}

func share(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err == nil && (value < 0 || value > 1) {
		err = errors.New("must be 0 to 1")
	}
	return value, err
}

// loopback refuses to play the outside world for other machines.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("must be host:port")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("must be a loopback address")
	}
	return nil
}
