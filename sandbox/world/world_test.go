package world_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"amends/internal/testdb"
	"amends/sandbox/world"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const secret = "between-us"

// testBundle is a world with a product that notes the webhooks it gets.
type testBundle struct {
	t       *testing.T
	pool    *pgxpool.Pool
	config  world.Config
	world   *world.World
	server  *httptest.Server
	told    chan webhook
	refuses chan struct{} // one webhook is answered 503 for each value in it
}

type webhook struct {
	path, body, timestamp, signature string
}

func (w webhook) field(name string) string {
	var fields map[string]any
	_ = json.Unmarshal([]byte(w.body), &fields)
	text, _ := fields[name].(string)
	return text
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{t: t, told: make(chan webhook, 100), refuses: make(chan struct{}, 100)}
	product := httptest.NewServer(http.HandlerFunc(b.receive))
	t.Cleanup(product.Close)
	pool, err := pgxpool.New(context.Background(), testdb.New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b.pool, b.config = pool, world.Config{WebhookURL: product.URL, WebhookSecret: secret, PaymentWebhooks: true}
	b.open()
	t.Cleanup(func() { b.close() })
	return b
}

func (b *testBundle) receive(rw http.ResponseWriter, r *http.Request) {
	select {
	case <-b.refuses:
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	default:
	}
	body, _ := io.ReadAll(r.Body)
	b.told <- webhook{r.URL.Path, string(body), r.Header.Get("X-Amends-Timestamp"), r.Header.Get("X-Amends-Signature")}
}

func (b *testBundle) open() {
	b.t.Helper()
	var err error
	if b.world, err = world.Open(context.Background(), b.pool, b.config); err != nil {
		b.t.Fatal(err)
	}
	b.server = httptest.NewServer(b.world.Handler())
}

func (b *testBundle) close() {
	b.world.Close()
	b.server.Close()
}

// call makes one request and returns the status and the answer.
func (b *testBundle) call(method, path, key, body string) (int, map[string]any) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.server.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		b.t.Fatalf("%s %s answered %d with no JSON: %v", method, path, response.StatusCode, err)
	}
	return response.StatusCode, answer
}

func (b *testBundle) want(status int, method, path, key, body string) map[string]any {
	b.t.Helper()
	got, answer := b.call(method, path, key, body)
	if got != status {
		b.t.Fatalf("%s %s answered %d %v, want %d", method, path, got, answer, status)
	}
	return answer
}

func (b *testBundle) next() webhook {
	b.t.Helper()
	select {
	case w := <-b.told:
		return w
	case <-time.After(10 * time.Second):
		b.t.Fatal("no webhook came")
		return webhook{}
	}
}

func (b *testBundle) book(provider string) []any {
	b.t.Helper()
	return b.want(200, "GET", "/books/"+provider, "", "")["items"].([]any)
}

func TestAParcelsEventReachesTheProductSigned(t *testing.T) {
	b := setup(t)
	b.want(200, "POST", "/carrier/SF1/events", "", `{"event_id":"E1","status":"delivered","occurred_at":"2026-11-22T10:00:00+08:00","proof":{"by":"李雷"}}`)
	w := b.next()
	if w.path != "/carrier" || w.signature != world.Sign(secret, w.timestamp, []byte(w.body)) {
		t.Fatalf("webhook %+v", w)
	}
	at, _ := strconv.ParseInt(w.timestamp, 10, 64)
	if age := time.Since(time.Unix(at, 0)); age < -time.Minute || age > time.Minute {
		t.Errorf("timestamp %s", w.timestamp)
	}
	want := `{"event_id":"E1","tracking_number":"SF1","status":"delivered","occurred_at":"2026-11-22T02:00:00Z","proof":{"by":"李雷"}}`
	if w.body != want {
		t.Errorf("body %s, want %s", w.body, want)
	}
	b.want(200, "POST", "/carrier/SF1/events", "", `{"event_id":"E1","status":"delivered","occurred_at":"2026-11-22T10:00:00+08:00","proof":{"by":"李雷"}}`)
	if again := b.next(); again.body != want {
		t.Errorf("the repeated event tells %s", again.body)
	}
	if rows := b.book("carrier"); len(rows) != 1 {
		t.Errorf("the book has %v, want one event", rows)
	}
}

const authorise = `{"order":"O-1","payment":"P-1","amount":"128.50","currency":"CNY"}`

func TestAPaymentTellsWhatMoved(t *testing.T) {
	b := setup(t)
	reference := b.want(200, "POST", "/payments/authorise", "O-1/a", authorise)["reference"].(string)
	w := b.next()
	if w.path != "/payments" || w.field("payment_ref") != reference || w.field("kind") != "authorised" || w.field("amount") != "128.50" {
		t.Fatalf("webhook %+v", w)
	}
	b.want(201, "POST", "/behaviour", "", `{"provider":"payments","mode":"decline"}`)
	b.want(402, "POST", "/payments/authorise", "O-1/b", authorise)
	if w := b.next(); w.field("kind") != "failed" {
		t.Fatalf("webhook %+v", w)
	}
}

func TestAWebhookIsRepeatedUntilItIsTakenAndOutlivesTheSandbox(t *testing.T) {
	b := setup(t)
	b.refuses <- struct{}{}
	b.refuses <- struct{}{}
	b.want(200, "POST", "/carrier/SF2/events", "", `{"event_id":"E2","status":"accepted"}`)
	if w := b.next(); w.field("event_id") != "E2" {
		t.Fatalf("webhook %+v", w)
	}
	b.want(201, "POST", "/behaviour", "", `{"provider":"carrier","call":"event","mode":"late_webhook","delay_ms":600}`)
	b.want(200, "POST", "/carrier/SF2/events", "", `{"event_id":"E3","status":"in_transit"}`)
	b.close()
	b.open()
	if w := b.next(); w.field("event_id") != "E3" {
		t.Fatalf("webhook %+v", w)
	}
}

func TestWebhooksComeTwiceLateReversedOrNever(t *testing.T) {
	b := setup(t)
	wish := func(mode string, times int) {
		b.want(201, "POST", "/behaviour", "", `{"provider":"carrier","call":"event","mode":"`+mode+`","times":`+strconv.Itoa(times)+`}`)
	}
	tell := func(ids ...string) {
		for _, id := range ids {
			b.want(200, "POST", "/carrier/SF3/events", "", `{"event_id":"`+id+`","status":"in_transit"}`)
		}
	}
	hear := func(n int) (ids []string) {
		for range n {
			ids = append(ids, b.next().field("event_id"))
		}
		return ids
	}
	wish("duplicate_webhook", 1)
	tell("D")
	if ids := hear(2); !slices.Equal(ids, []string{"D", "D"}) {
		t.Errorf("duplicate: %v", ids)
	}
	wish("shuffled_webhooks", 3)
	tell("S1", "S2", "S3", "S4")
	if ids := hear(4); !slices.Equal(ids, []string{"S4", "S3", "S2", "S1"}) {
		t.Errorf("shuffled: %v", ids)
	}
	wish("lose", 1)
	tell("L1", "L2")
	if ids := hear(1); ids[0] != "L2" {
		t.Errorf("lost: %v", ids)
	}
}

func TestAWithheldAnswerComesWhenReleased(t *testing.T) {
	b := setup(t)
	b.want(201, "POST", "/behaviour", "", `{"provider":"payments","call":"authorise","mode":"withhold","order":"O-1"}`)
	answered := make(chan int, 1)
	go func() {
		status, _ := b.call("POST", "/payments/authorise", "O-1/a", authorise)
		answered <- status
	}()
	for len(b.want(200, "GET", "/behaviour", "", "")["withheld"].([]any)) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if rows := b.book("payments"); len(rows) != 1 {
		t.Fatalf("withheld and not done: %v", rows)
	}
	if n := b.want(200, "POST", "/release", "", `{"order":"other"}`)["released"]; n != 0.0 {
		t.Fatalf("%v released for another order", n)
	}
	b.want(200, "POST", "/release", "", "")
	if status := <-answered; status != 200 {
		t.Fatalf("answered %d", status)
	}
}

func TestBehavioursAreCountedAndOutliveTheSandbox(t *testing.T) {
	b := setup(t)
	b.want(201, "POST", "/behaviour", "", `{"provider":"sms","mode":"error_before","times":2}`)
	b.want(201, "POST", "/behaviour", "", `{"provider":"sms","mode":"slow","times":-1,"order":"other","delay_ms":1}`)
	send := func() int {
		status, _ := b.call("POST", "/sms/send", "O-1/s", `{"order":"O-1","to":"13800138000","text":"你好"}`)
		return status
	}
	if status := send(); status != 500 {
		t.Fatalf("first answer %d", status)
	}
	b.close()
	b.open()
	if first, second := send(), send(); first != 500 || second != 200 {
		t.Fatalf("answers %d, %d, want 500, 200", first, second)
	}
	b.want(200, "DELETE", "/behaviour", "", "")
	if items := b.want(200, "GET", "/behaviour", "", "")["items"].([]any); len(items) != 0 {
		t.Fatalf("after the reset: %v", items)
	}
}

func TestOneKeyIsOneRequest(t *testing.T) {
	b := setup(t)
	first := b.want(200, "POST", "/payments/authorise", "O-1/a", authorise)
	again := b.want(200, "POST", "/payments/authorise", "O-1/a", authorise)
	if first["transaction"] != again["transaction"] {
		t.Fatalf("%v, then %v", first, again)
	}
	other := b.want(422, "POST", "/payments/authorise", "O-1/a", strings.Replace(authorise, "128.50", "128.51", 1))
	if other["code"] != "key_reused" {
		t.Fatalf("another body: %v", other)
	}
}

func TestASupplierTakesAndCancelsARequest(t *testing.T) {
	b := setup(t)
	reference := b.want(200, "POST", "/supplier/requests", "O-1/p", `{"order":"O-1","request":"R-1","sku":"TEA-001","quantity":5}`)["reference"].(string)
	b.want(200, "POST", "/supplier/requests/"+reference+"/cancel", "O-1/c", `{"order":"O-1"}`)
	again := b.want(409, "POST", "/supplier/requests/"+reference+"/cancel", "O-1/c2", `{"order":"O-1"}`)
	if again["code"] != "already_cancelled" || len(b.book("supplier")) != 2 {
		t.Fatalf("answer %v, book %v", again, b.book("supplier"))
	}
}

func TestTheBookCannotBeChanged(t *testing.T) {
	b := setup(t)
	b.want(200, "POST", "/payments/authorise", "O-1/a", authorise)
	for _, statement := range []string{"UPDATE book SET minor = 1", "DELETE FROM book", "TRUNCATE book"} {
		if _, err := b.pool.Exec(context.Background(), statement); err == nil {
			t.Errorf("%s passed", statement)
		}
	}
}

func TestChanceIsReproducible(t *testing.T) {
	statuses := func() (list []int) {
		b := setup(t)
		b.close()
		b.config.Chaos, b.config.Seed = 0.5, 7
		b.open()
		for i := range 40 {
			r, _ := http.NewRequest(http.MethodPost, b.server.URL+"/sms/send", strings.NewReader(`{"order":"O","to":"13800138000","text":"x"}`))
			r.Header.Set("Idempotency-Key", "k"+strconv.Itoa(i%8))
			client := http.Client{Timeout: 500 * time.Millisecond}
			response, err := client.Do(r)
			if err != nil {
				list = append(list, 0)
				continue
			}
			_ = response.Body.Close()
			list = append(list, response.StatusCode)
		}
		return list
	}
	first, second := statuses(), statuses()
	if !slices.Equal(first, second) || !slices.Contains(first, 500) || !slices.Contains(first, 200) {
		t.Fatalf("%v\n%v", first, second)
	}
}

func TestBadInputIsAnsweredWithASentence(t *testing.T) {
	b := setup(t)
	tests := []struct {
		method, path, key, body string
		status                  int
	}{
		{"POST", "/payments/authorise", "", authorise, 422},
		{"POST", "/payments/authorise", "a key", authorise, 422},
		{"POST", "/payments/authorise", "k", "{", 400},
		{"POST", "/payments/authorise", "k", authorise + authorise, 400},
		{"POST", "/payments/authorise", "k", `{"unknown":1}`, 400},
		{"POST", "/payments/authorise", "k", `{"order":5}`, 422},
		{"POST", "/payments/authorise", "k", "{\"order\":\"\xff\"}", 400},
		{"POST", "/payments/authorise", "k", `{"order":"O","payment":"P","amount":"NaN","currency":"CNY"}`, 422},
		{"POST", "/payments/authorise", "k", `{"order":"O","payment":"P","amount":"0","currency":"CNY"}`, 422},
		{"POST", "/payments/authorise", "k", `{"order":"O","payment":"P","amount":"1.00","currency":"XXX"}`, 422},
		{"POST", "/payments/authorise", "k", `{"order":"O\u0000","payment":"P","amount":"1.00","currency":"CNY"}`, 422},
		{"POST", "/payments/authorise", "k", `{"order":"` + strings.Repeat("x", 70<<10) + `"}`, 413},
		{"POST", "/payments/capture", "k", authorise, 422},
		{"POST", "/payments/refund", "k", `{"order":"O","payment":"P","reference":"none","amount":"1.00","currency":"CNY"}`, 404},
		{"POST", "/carrier/book", "k", `{"order":"O","shipment":"S"}`, 422},
		{"POST", "/carrier/SF1/events", "", `{"status":"flown"}`, 422},
		{"POST", "/carrier/SF1/events", "", `{"status":"accepted","occurred_at":"yesterday"}`, 400},
		{"POST", "/carrier/SF1/redirect", "k", `{"order":"O","shipment":"S"}`, 422},
		{"POST", "/supplier/requests", "k", `{"order":"O","request":"R","sku":"S","quantity":0}`, 422},
		{"POST", "/sms/send", "k", `{"order":"O","to":"x","text":"y"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"bank","mode":"slow"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","call":"capture","mode":"slow"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","mode":"sleepy"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","mode":"decline"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","mode":"immediate"}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","mode":"slow","times":-2}`, 422},
		{"POST", "/behaviour", "", `{"provider":"sms","mode":"slow","delay_ms":-1}`, 422},
		{"POST", "/release", "", `[]`, 422},
		{"POST", "/carrier/SF%00/events", "", `{"status":"accepted"}`, 422},
		{"POST", "/carrier/%ff/events", "", `{"status":"accepted"}`, 422},
		{"POST", "/carrier/SF1/events", "", `{"status":"accepted","proof":"\u0000"}`, 422},
		{"GET", "/books/sms?order=%00", "", "", 422},
		{"GET", "/books/sms?order=%ff", "", "", 422},
		{"DELETE", "/behaviour?order=%00", "", "", 422},
		{"GET", "/books/bank", "", "", 404},
		{"GET", "/payments/find", "", "", 422},
		{"GET", "/nowhere", "", "", 404},
	}
	for _, test := range tests {
		status, answer := b.call(test.method, test.path, test.key, test.body)
		if message, _ := answer["message"].(string); status != test.status || len(message) < 10 {
			t.Errorf("%s %s %.60s: answered %d %v, want %d", test.method, test.path, test.body, status, answer, test.status)
		}
	}
	for _, provider := range []string{"payments", "carrier", "supplier", "sms"} {
		if rows := b.book(provider); len(rows) != 0 {
			t.Errorf("the book of %s has %v", provider, rows)
		}
	}
}
