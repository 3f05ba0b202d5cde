package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"amends/gateway"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
)

// asSandbox makes the test binary be the sandbox, so that a test has a process to kill.
const asSandbox = "AMENDS_TEST_AS_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) != "" {
		main()
		return
	}
	testdb.Main(m)
}

// start runs a sandbox process and waits until it answers.
func start(t *testing.T, addr, database string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asSandbox+"=1", "AMENDS_SANDBOX_ADDR="+addr, "AMENDS_SANDBOX_DATABASE_URL="+database)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if response, err := http.Get("http://" + addr + "/healthz"); err == nil {
			_ = response.Body.Close()
			return cmd
		}
		if time.Now().After(deadline) {
			t.Fatal("the sandbox does not answer")
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestAKilledSandboxKnowsWhatItDid(t *testing.T) {
	addr, database := freeAddr(t), testdb.New(t)
	process := start(t, addr, database)
	wish := `{"provider":"payments","call":"authorise","mode":"withhold"}`
	response, err := http.Post("http://"+addr+"/behaviour", "application/json", strings.NewReader(wish))
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("ask for a withheld answer: %v %v", response, err)
	}
	_ = response.Body.Close()
	payments := gateway.NewPayments("http://"+addr+"/payments", 500*time.Millisecond)
	call := orders.PaymentCall{Key: "O-1/authorise/P-1/1", Order: "O-1", Payment: "P-1", Amount: money.New(12850, "CNY")}
	if _, err := payments.Authorise(context.Background(), call); err == nil {
		t.Fatal("the withheld call was answered")
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	start(t, addr, database)
	call.Retry = true
	answer, err := payments.Authorise(context.Background(), call)
	if err != nil || !answer.Adopted {
		t.Fatalf("after the restart: %+v, %v", answer, err)
	}
	if rows := bookOf(t, addr); len(rows) != 1 {
		t.Fatalf("the book has %v, want one authorisation", rows)
	}
}

func bookOf(t *testing.T, addr string) []json.RawMessage {
	t.Helper()
	response, err := http.Get("http://" + addr + "/books/payments?order=O-1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var book struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.NewDecoder(response.Body).Decode(&book); err != nil {
		t.Fatal(err)
	}
	return book.Items
}

func TestAllProblemsOfTheConfigurationAreReportedAtOnce(t *testing.T) {
	env := map[string]string{
		"AMENDS_SANDBOX_ADDR": "0.0.0.0:8090", "AMENDS_WEBHOOK_URL": "http://127.0.0.1:8080/api/v1/webhooks",
		"AMENDS_SANDBOX_SEED": "x", "AMENDS_SANDBOX_CHAOS": "2", "AMENDS_SANDBOX_IMMEDIATE": "perhaps",
	}
	_, err := readConfig(func(name string) string { return env[name] })
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"AMENDS_SANDBOX_ADDR", "AMENDS_SANDBOX_DATABASE_URL", "AMENDS_WEBHOOK_SECRET", "AMENDS_SANDBOX_SEED",
		"AMENDS_SANDBOX_CHAOS", "AMENDS_SANDBOX_IMMEDIATE",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
}
