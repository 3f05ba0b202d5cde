package stack_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/temporal"

	"amends/internal/stack"
)

// start runs the given parts on free ports until the test ends.
func start(t *testing.T, dir string, parts ...stack.Part) *stack.Stack {
	t.Helper()
	options := optionsFor(t, dir, parts...)
	s, err := stack.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if err := stack.Clean(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

func optionsFor(t *testing.T, dir string, parts ...stack.Part) stack.Options {
	t.Helper()
	options, err := stack.ForTests(dir)
	if err != nil {
		t.Fatal(err)
	}
	options.Parts = parts
	return options
}

func TestTemporalComesBackAfterPostgresWasKilled(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), stack.Postgres, stack.Temporal)
	useTemporal(t, s)
	if err := s.KillPart(stack.Postgres); err != nil {
		t.Fatal(err)
	}
	if err := s.StartPart(t.Context(), stack.Postgres); err != nil {
		t.Fatal(err)
	}
	useTemporal(t, s)
}

func TestTemporalComesBackAfterItWasKilledItself(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), stack.Postgres, stack.Temporal)
	if err := s.RestartPart(t.Context(), stack.Temporal); err != nil {
		t.Fatal(err)
	}
	useTemporal(t, s)
}

// useTemporal starts a workflow and finds it by a search attribute, which needs
// the namespace, the history and both databases.
func useTemporal(t *testing.T, s *stack.Stack) {
	t.Helper()
	temporal, err := client.NewLazyClient(client.Options{HostPort: s.TemporalAddress(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	customer := "customer-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	eventually(t, func() (string, bool) {
		_, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID:                    customer,
			TaskQueue:             "nobody-polls",
			TypedSearchAttributes: sdk.NewSearchAttributes(sdk.NewSearchAttributeKeyKeyword("OrderCustomer").ValueSet(customer)),
		}, "Order")
		return fmt.Sprint("start: ", err), err == nil
	})
	eventually(t, func() (string, bool) {
		listed, err := temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "OrderCustomer = '" + customer + "' AND NeedsAttention IS NULL",
		})
		return fmt.Sprint("list: ", listed, err), err == nil && len(listed.Executions) == 1
	})
}

func TestEverythingListensOnTheLoopbackOnly(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), stack.Postgres, stack.Temporal, stack.Mail)
	for _, part := range []stack.Part{stack.Postgres, stack.Temporal, stack.Mail} {
		addresses := listening(t, s.Process(part).PID())
		if len(addresses) == 0 {
			t.Errorf("%s listens nowhere", part)
		}
		for _, address := range addresses {
			if address != "0100007F" {
				t.Errorf("%s listens on %s (hexadecimal), beyond the loopback", part, address)
			}
		}
	}
}

// listening returns the hexadecimal addresses of a process's TCP listeners.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	inodes := map[string]bool{}
	links, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil {
			inodes[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = true
		}
	}
	var addresses []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			const state, listen, inode = 3, "0A", 9
			if len(fields) > inode && fields[state] == listen && inodes[fields[inode]] {
				address, _, _ := strings.Cut(fields[1], ":")
				addresses = append(addresses, address)
			}
		}
		_ = file.Close()
	}
	return addresses
}

func TestDataOutlivesAKilledPostgresAndANewStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir, stack.Postgres)
	exec1(t, first, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)`)
	if err := first.RestartPart(t.Context(), stack.Postgres); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, dir, stack.Postgres)
	conn := connect(t, second)
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT n FROM kept`).Scan(&n); err != nil || n != 42 {
		t.Fatalf("got %d, %v after a new start", n, err)
	}
}

func TestChineseIsFoundByTrigrams(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), stack.Postgres)
	exec1(t, s, `CREATE EXTENSION pg_trgm`)
	var count int
	if err := connect(t, s).QueryRow(t.Context(), `SELECT cardinality(show_trgm('龙井茶'))`).Scan(&count); err != nil || count == 0 {
		t.Fatalf("got %d trigrams, %v", count, err)
	}
}

func exec1(t *testing.T, s *stack.Stack, sql string) {
	t.Helper()
	if _, err := connect(t, s).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, s *stack.Stack) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestATakenPortIsNamedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dir := t.TempDir()
	options := optionsFor(t, dir, stack.Postgres)
	options.Ports.Postgres = listener.Addr().(*net.TCPAddr).Port
	_, err = stack.New(options)
	if err == nil || !strings.Contains(err.Error(), "AMENDS_POSTGRES_PORT") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); !os.IsNotExist(err) {
		t.Errorf("a cluster's folder was made: %v", err)
	}
}

func TestASecondStackOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir, stack.Postgres)
	_, err := stack.New(optionsFor(t, dir, stack.Postgres))
	if err == nil || !strings.Contains(err.Error(), "already running") {
		t.Fatalf("got %v", err)
	}
}

func TestAPartThatDiesIsReportedWithItsLog(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), stack.Mail)
	if err := syscall.Kill(s.Process(stack.Mail).PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := s.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "mail ended by itself") {
		t.Fatalf("got %v", err)
	}
}

func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	options := optionsFor(t, dir, stack.Postgres, stack.Worker)
	options.Bin = t.TempDir()
	for _, name := range []string{"worker", "starter"} {
		if err := os.WriteFile(filepath.Join(options.Bin, name), []byte("#!/bin/sh\necho no luck >&2\nexit 3\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s, err := stack.New(options)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Fatalf("got %v", err)
	}
	if s.Process(stack.Postgres).Running() {
		t.Error("Postgres still runs")
	}
	if err := stack.Clean(dir); err != nil {
		t.Error(err)
	}
}

func TestAFrozenProcessIsStoppedAllTheSame(t *testing.T) {
	t.Parallel()
	p := &stack.Process{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}, Log: filepath.Join(t.TempDir(), "log")}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.Freeze()
	eventually(t, func() (string, bool) {
		state := processState(p.PID())
		return state, state == "T"
	})
	if err := p.Stop(); err != nil || p.Running() {
		t.Fatalf("got %v, running %v", err, p.Running())
	}
}

// processState reads the letter after the name in brackets; T is stopped.
func processState(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

func eventually(t *testing.T, check func() (string, bool)) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var ok bool
		if last, ok = check(); ok {
			return
		}
	}
	t.Fatalf("still waiting, last seen: %s", last)
}
