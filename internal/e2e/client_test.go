package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long anything may take that happens by itself, a worker that starts anew included.
	patience = 60 * time.Second
	pollPace = 25 * time.Millisecond
	restPace = 400 * time.Millisecond
)

// eventually polls until the condition is met, less and less often, for whoever asks takes the time of whoever works; what
// it returned last is in the message when it never is.
func eventually(t testing.TB, what string, met func() (state any, ok bool)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pace := pollPace; ; pace = min(restPace, pace*5/4) {
		state, ok := met()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s, last: %v", patience, what, state)
		}
		<-time.After(pace)
	}
}

var serial atomic.Int64

// unique numbers whatever no two scenarios may share.
func unique() int64 { return serial.Add(1) }

// newKey returns an Idempotency-Key that nobody used.
func newKey() string { return fmt.Sprintf("end-to-end-key-%d-%d", time.Now().UnixNano(), unique()) }

// object is JSON that a test writes by hand.
type object map[string]any

// request is one call of the API. Its zero fields mean: the API of the stack, a new key, no body.
type request struct {
	base   string
	role   string
	method string
	path   string // below /api/v1
	key    string
	body   any // a []byte goes out as it is
	header http.Header
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// pending tells whether the answer is that there is none yet.
func (a answer) pending() bool {
	var body struct{ Status string }
	return a.status == http.StatusAccepted && json.Unmarshal(a.body, &body) == nil && body.Status == "pending"
}

// want requires the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a
}

// refused requires a problem with the status and the code, and a sentence that people can read.
func (a answer) refused(status int, code string) problem {
	a.t.Helper()
	a.want(status)
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	p := into[problem](a)
	require.Equal(a.t, code, p.Code, "%s", a.body)
	require.Greater(a.t, len(p.Detail), len(p.Code), "no sentence: %s", a.body)
	return p
}

// into reads the body.
func into[T any](a answer) T {
	a.t.Helper()
	var value T
	require.NoError(a.t, json.Unmarshal(a.body, &value), "%s", a.body)
	return value
}

type problem struct {
	Code   string
	Detail string
	Status int
	Errors []struct{ Field, Code, Message string }
}

// send makes one call of the API. It fails the test where there is no answer at all.
func send(t testing.TB, r request) answer {
	t.Helper()
	a, err := try(t, r)
	require.NoError(t, err)
	return a
}

// try is send for when the API may be away.
func try(t testing.TB, r request) (answer, error) {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.base == "" {
		r.base = running.APIURL()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	made, err := http.NewRequestWithContext(ctx, r.method, r.base+"/api/v1"+r.path, bytes.NewReader(encode(t, r.body)))
	require.NoError(t, err)
	made.Header.Set("Accept-Language", "en")
	if r.role != "" {
		require.NotEmpty(t, running.tokens[r.role], "no token of a %s", r.role)
		made.Header.Set("Authorization", "Bearer "+running.tokens[r.role])
	}
	if r.method == http.MethodPost {
		made.Header.Set("Content-Type", "application/json")
		if r.key == "" {
			r.key = newKey()
		}
		made.Header.Set("Idempotency-Key", r.key)
	}
	for name, values := range r.header {
		made.Header[name] = values
	}
	return do(t, made)
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	}
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	return encoded
}

func do(t testing.TB, r *http.Request) (answer, error) {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{t: t, status: response.StatusCode, header: response.Header, body: body}, err
}

// outside calls the sandbox or the mail catcher.
func outside(t testing.TB, method, url string, body any) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(encode(t, body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	a, err := do(t, r)
	require.NoError(t, err)
	return a
}

// misbehave tells a provider of the outside world how to treat its next call about an order.
func misbehave(t testing.TB, provider, call, mode, order string, times int) {
	t.Helper()
	outside(t, http.MethodPost, running.SandboxURL()+"/behaviour", object{
		"provider": provider, "call": call, "mode": mode, "order": order, "times": times,
	}).want(http.StatusCreated)
}

// entry is a line of a provider's book.
type entry struct {
	Order, Kind, Key, Amount, Text, To, Reference string

	PaymentRef     string `json:"payment_ref"`
	TrackingNumber string `json:"tracking_number"`
}

// book reads what a provider of the outside world has written down about an order.
func book(t testing.TB, provider, order string) []entry {
	t.Helper()
	a := outside(t, http.MethodGet, running.SandboxURL()+"/books/"+provider+"?order="+order, nil).want(http.StatusOK)
	return into[struct{ Items []entry }](a).Items
}

// paid lists an order's entries in the payment provider's book as words: "captured 12.00".
func paid(t testing.TB, order string) []string {
	t.Helper()
	var words []string
	for _, e := range book(t, "payments", order) {
		words = append(words, e.Kind+" "+e.Amount)
	}
	return words
}

// level is what all warehouses together hold of a product.
func level(t testing.TB, sku string) (onHand, reserved int64) {
	t.Helper()
	a := send(t, request{role: "warehouse", method: http.MethodGet, path: "/stock?sku=" + sku}).want(http.StatusOK)
	type row struct {
		OnHand   int64 `json:"on_hand"`
		Reserved int64
	}
	for _, r := range into[struct{ Items []row }](a).Items {
		onHand, reserved = onHand+r.OnHand, reserved+r.Reserved
	}
	return onHand, reserved
}

// scalar asks the database for one value.
func scalar[T any](t testing.TB, query string, arguments ...any) T {
	t.Helper()
	var value T
	require.NoError(t, running.db.QueryRow(context.Background(), query, arguments...).Scan(&value), query)
	return value
}

// auditRow is what the audit log keeps of one attempt: "approve refused forbidden".
func auditRows(t testing.TB, order, requestID string) []string {
	t.Helper()
	return strings.Split(scalar[string](t, `
		SELECT coalesce(string_agg(rtrim(action || ' ' || outcome || ' ' || code), ',' ORDER BY id), '')
		FROM audit
		WHERE order_number = $1 AND ($2 = '' OR request_id = $2)`, order, requestID), ",")
}
