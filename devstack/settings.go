package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
)

// host is the only address anything here binds to.
const host = "127.0.0.1"

// settings is what a start can choose. Ports are TCP ports on 127.0.0.1,
// except for Postgres, which may be elsewhere.
type settings struct {
	PostgresHost     string
	PostgresPort     int
	PostgresUser     string
	PostgresPassword string
	FrontendPort     int
	UIPort           int
	LogLevel         string

	// Ports of the server's inner services, picked at start.
	HistoryPort, MatchingPort, WorkerPort int
}

// loadSettings reads flags, whose defaults come from the environment, and
// reports every problem at once.
func loadSettings(args []string) (settings, error) {
	var s settings
	var problems []error
	port := func(name string, fallback int) int {
		value, err := strconv.Atoi(env(name, strconv.Itoa(fallback)))
		if err != nil || value < 1 || value > 65535 {
			problems = append(problems, fmt.Errorf("%s is not a port: %q", name, os.Getenv(name)))
		}
		return value
	}
	set := flag.NewFlagSet("devstack", flag.ContinueOnError)
	set.StringVar(&s.PostgresHost, "postgres-host", env("DEVSTACK_POSTGRES_HOST", host), "Postgres host")
	set.IntVar(&s.PostgresPort, "postgres-port", port("DEVSTACK_POSTGRES_PORT", 54320), "Postgres port")
	set.StringVar(&s.PostgresUser, "postgres-user", env("DEVSTACK_POSTGRES_USER", "postgres"), "Postgres user, who may create databases")
	set.IntVar(&s.FrontendPort, "frontend-port", port("DEVSTACK_FRONTEND_PORT", 7233), "port of the Temporal frontend (gRPC)")
	set.IntVar(&s.UIPort, "ui-port", port("DEVSTACK_UI_PORT", 8233), "port of the Web UI")
	set.StringVar(&s.LogLevel, "log-level", env("DEVSTACK_LOG_LEVEL", "warn"), "debug, info, warn or error")
	if err := set.Parse(args); err != nil {
		problems = append(problems, err)
	}
	s.PostgresPassword = os.Getenv("DEVSTACK_POSTGRES_PASSWORD")
	problems = append(problems, s.pickInnerPorts())
	return s, errors.Join(problems...)
}

// pickInnerPorts asks the kernel for ports nobody uses. They are held until
// all are known, so that they differ from each other.
func (s *settings) pickInnerPorts() error {
	for _, port := range []*int{&s.HistoryPort, &s.MatchingPort, &s.WorkerPort} {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return nil
}

func (s *settings) frontend() string { return address(s.FrontendPort) }

func (s *settings) webUI() string { return address(s.UIPort) }

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
