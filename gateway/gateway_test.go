package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"amends/gateway"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/sandbox/world"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience is the adapters' timeout here. It is far below what timeout_after waits.
const patience = 400 * time.Millisecond

// testBundle is the real outside world behind real HTTP, with the adapters under test.
type testBundle struct {
	t        *testing.T
	url      string
	payments *gateway.Payments
	carrier  *gateway.Carrier
	supplier *gateway.Supplier
	sms      *gateway.SMS
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, testdb.New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w, err := world.Open(ctx, pool, world.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(w.Close)
	return &testBundle{
		t: t, url: server.URL,
		payments: gateway.NewPayments(server.URL+"/payments", patience),
		carrier:  gateway.NewCarrier(server.URL+"/carrier", patience),
		supplier: gateway.NewSupplier(server.URL+"/supplier", patience),
		sms:      gateway.NewSMS(server.URL+"/sms", patience),
	}
}

// behave asks the sandbox to misbehave.
func (b *testBundle) behave(provider, call, mode string, times int, order string) {
	b.t.Helper()
	wish, _ := json.Marshal(map[string]any{
		"provider": provider, "call": call, "mode": mode, "times": times, "order": order, "delay_ms": delayOf(mode),
	})
	b.post("/behaviour", string(wish), http.StatusCreated)
}

// misbehave asks for a whole situation; a provider that forgets keys does not learn better.
func (b *testBundle) misbehave(provider, call, order string, modes []string) {
	b.t.Helper()
	for _, mode := range modes {
		times := 2
		if mode == "forget_key" {
			times = -1
		}
		b.behave(provider, call, mode, times, order)
	}
}

func delayOf(mode string) int {
	if mode == "slow" {
		return 100
	}
	return 0
}

func (b *testBundle) post(path, body string, want int) {
	b.t.Helper()
	response, err := http.Post(b.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != want {
		b.t.Fatalf("POST %s answered %d, want %d", path, response.StatusCode, want)
	}
}

type bookRow struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Amount string `json:"amount"`
	To     string `json:"to"`
	Text   string `json:"text"`
}

// book returns what the outside did under a key.
func (b *testBundle) book(provider, order, key string) (rows []bookRow) {
	b.t.Helper()
	response, err := http.Get(b.url + "/books/" + provider + "?order=" + order)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var book struct {
		Items []bookRow `json:"items"`
	}
	if err := json.NewDecoder(response.Body).Decode(&book); err != nil {
		b.t.Fatal(err)
	}
	for _, row := range book.Items {
		if row.Key == key {
			rows = append(rows, row)
		}
	}
	return rows
}

// insist makes a call as an activity does: the first attempt, then retries, until there is a decided answer.
func insist[T any](t *testing.T, call func(retry bool) (T, error)) (answer T, err error) {
	t.Helper()
	for attempt := range 8 {
		answer, err = call(attempt > 0)
		if err == nil || isRefused(err) {
			return answer, err
		}
	}
	t.Fatalf("no decided answer in 8 attempts: %v", err)
	return answer, err
}

func yuan(minor int64) money.Amount { return money.New(minor, "CNY") }

func wantRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *orders.RefusedError
	if !errors.As(err, &refused) || refused.Code != code {
		t.Fatalf("error %v, want a refusal with code %s", err, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
