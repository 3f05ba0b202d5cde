package rest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/api/rest"
	"amends/money"
	"amends/orders"
)

const (
	known     = "DD20261122-000001"
	firstVoid = "ZF20261122-000001001" // of the known order
	secret    = "a secret of the tests"
	key       = "0123456789abcdef"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a database and commands that remember what they were asked.
type world struct {
	sync.Mutex
	submitted []orders.Submission
	audited   []orders.AuditRow
	notes     []orders.NoteView
	contacts  []orders.ContactView
	receipts  []orders.GoodsReceipt
	webhooks  []orders.Webhook
	queries   []orders.OrderQuery

	answer  func(orders.Submission) (orders.Receipt, error)
	replay  func(orders.Submission) (orders.Receipt, error)
	failure error // of the database
	unwell  error // of Temporal
	view    orders.OrderView
}

func (w *world) Submit(_ context.Context, s orders.Submission) (orders.Receipt, error) {
	w.Lock()
	defer w.Unlock()
	w.submitted = append(w.submitted, s)
	if w.answer != nil {
		return w.answer(s)
	}
	return accepted(s), nil
}

func accepted(s orders.Submission) orders.Receipt {
	number := s.Order
	if number == "" {
		number = known
	}
	return orders.Receipt{CommandID: "c-1", Order: number, Outcome: orders.Outcome{
		Accepted: true, Answer: &orders.Answer{Number: number, Version: 2, Stage: orders.Fulfilling, Subject: "S1"},
	}}
}

func (w *world) Replay(_ context.Context, s orders.Submission) (orders.Receipt, error) {
	if w.replay != nil {
		return w.replay(s)
	}
	return orders.Receipt{}, orders.ErrNotFound
}

func (w *world) Command(_ context.Context, id string, _ orders.Actor) (orders.Receipt, error) {
	switch id {
	case "pending":
		return orders.Receipt{CommandID: id, Order: known, Pending: true}, nil
	case "refused":
		problem := orders.Problem{Code: orders.CodeWrongStage, Params: []string{"ship", "closed", ""}}
		return orders.Receipt{CommandID: id, Order: known, Outcome: orders.Outcome{Problem: &problem}}, nil
	case "accepted":
		return accepted(orders.Submission{Order: known}), nil
	case "voided", "bought":
		receipt := accepted(orders.Submission{Order: known})
		receipt.Outcome.Answer.Subject = map[string]string{"voided": firstVoid, "bought": "B1"}[id]
		return receipt, nil
	case "stale":
		plan, err := orders.PlanVoid(w.view.Order, orders.VoidRequest{VoidWish: orders.VoidWish{ReasonCode: "duplicate"}}, noon)
		problem := orders.Problem{Code: orders.CodePlanStale, Plan: &plan}
		return orders.Receipt{CommandID: id, Order: known, Outcome: orders.Outcome{Problem: &problem}}, err
	}
	return orders.Receipt{}, orders.ErrNotFound
}

func (w *world) Healthy(context.Context) error { return w.unwell }
func (w *world) Ready(context.Context) error   { return w.failure }

func (w *world) Order(_ context.Context, number string) (orders.OrderView, error) {
	if w.failure != nil {
		return orders.OrderView{}, w.failure
	}
	if other, ok := others[number]; ok {
		return orders.OrderView{Order: other}, nil
	}
	if number != known {
		return orders.OrderView{}, orders.ErrNotFound
	}
	return w.view, nil
}

// others are the orders that a rejected one might leave in its place.
var others = map[string]orders.Order{
	"DD20261122-000009": {Number: "DD20261122-000009", Stage: orders.Fulfilling, Draft: orders.Draft{CustomerID: "c-known"}},
	"DD20261122-000008": {Number: "DD20261122-000008", Stage: orders.Rejected, Draft: orders.Draft{CustomerID: "c-known"}},
	"DD20261122-000007": {Number: "DD20261122-000007", Stage: orders.Voided, Draft: orders.Draft{CustomerID: "c-known"}},
	"DD20261122-000005": {Number: "DD20261122-000005", Stage: orders.Closed, Draft: orders.Draft{CustomerID: "c-known"}},
	"DD20261122-000006": {Number: "DD20261122-000006", Stage: orders.Fulfilling, Draft: orders.Draft{CustomerID: "c-other"}},
}

func (w *world) TrackingInUse(_ context.Context, tracking, _ string) (bool, error) {
	return tracking == "SF-OTHER", w.failure
}

func (w *world) UnmatchedWebhooks(_ context.Context, cursor string, _ int) (orders.WebhookPage, error) {
	if cursor == "broken" {
		return orders.WebhookPage{}, &orders.ValidationError{Field: "cursor", Code: "bad_cursor"}
	}
	return orders.WebhookPage{NextCursor: "more", Items: []orders.WebhookView{{
		Provider: orders.ProviderCarrier, EventID: "e-1", Subject: "SF1", ReceivedAt: noon, Repeats: 2,
	}}}, w.failure
}

func orFailure(failure error) error {
	if failure != nil {
		return failure
	}
	return orders.ErrNotFound
}

func (w *world) Orders(_ context.Context, q orders.OrderQuery) (orders.OrderPage, error) {
	w.queries = append(w.queries, q)
	if q.Cursor == "broken" {
		return orders.OrderPage{}, &orders.ValidationError{Field: "cursor", Code: "bad_cursor"}
	}
	return orders.OrderPage{Items: []orders.Summary{{
		Number: known, Stage: orders.Created, Version: 1, Total: money.New(100, "CNY"), CreatedAt: noon, UpdatedAt: noon,
	}}, NextCursor: "more", TotalEstimate: 7}, w.failure
}

func (w *world) Timeline(_ context.Context, number string, before int64, _ int) ([]orders.TimelineEntry, error) {
	if number != known || before == 1 {
		return nil, nil
	}
	return []orders.TimelineEntry{{
		Seq: 1, At: noon, Kind: "created", Actor: orders.Actor{ID: "staff-clerk", Role: "clerk", Verified: true}, Command: "c-1",
		Reason: "", Before: "", After: orders.Created, Data: json.RawMessage(`{}`),
	}}, nil
}

func (w *world) AddNote(_ context.Context, number string, note orders.NoteView) error {
	if number != known {
		return orders.ErrNotFound
	}
	w.notes, w.view.Notes = append(w.notes, note), append(w.view.Notes, note)
	return nil
}

func (w *world) AddContact(_ context.Context, number string, contact orders.ContactView) error {
	if number != known {
		return orders.ErrNotFound
	}
	w.contacts, w.view.Contacts = append(w.contacts, contact), append(w.view.Contacts, contact)
	return nil
}

func (w *world) Audit(_ context.Context, row orders.AuditRow) error {
	w.Lock()
	defer w.Unlock()
	known := slices.ContainsFunc(w.audited, func(r orders.AuditRow) bool { return r.Command == row.Command })
	if row.Command == "" || !known {
		w.audited = append(w.audited, row)
	}
	return nil
}

func (w *world) StockLevels(context.Context, string) ([]orders.StockLevel, error) {
	return []orders.StockLevel{{SKU: "TEA-001", Warehouse: "SZ", OnHand: 10, Reserved: 3}}, nil
}

func (w *world) ReceiveStock(_ context.Context, receipt orders.GoodsReceipt) (bool, error) {
	switch {
	case receipt.Warehouse == "nowhere":
		return false, &orders.ValidationError{Field: "warehouse", Code: "unknown_warehouse", Params: []string{"nowhere"}}
	case receipt.SKU == "SVC-INSTALL":
		return false, &orders.ValidationError{Field: "sku", Code: "not_goods"}
	case slices.ContainsFunc(w.receipts, func(r orders.GoodsReceipt) bool { return r.Key == receipt.Key }):
		return false, nil
	}
	w.receipts = append(w.receipts, receipt)
	return true, nil
}

func (w *world) StoreWebhook(_ context.Context, hook orders.Webhook) (bool, error) {
	if w.failure != nil {
		return false, w.failure
	}
	seen := slices.ContainsFunc(w.webhooks, func(h orders.Webhook) bool { return h.EventID == hook.EventID })
	w.webhooks = append(w.webhooks, hook)
	return !seen, nil
}

// refundLimits are what staff may have given back without a second person.
var refundLimits = map[string]int64{"clerk": 500_00, "finance": 5_000_00, "manager": 10_000_00}

func (w *world) StaffByToken(_ context.Context, digest []byte) (orders.Staff, error) {
	for _, role := range orders.Roles() {
		if sum := sha256.Sum256([]byte("token of " + role)); bytes.Equal(sum[:], digest) {
			return orders.Staff{ID: "staff-" + role, Role: role, Locale: "zh-CN", RefundLimit: refundLimits[role]}, nil
		}
	}
	return orders.Staff{}, orders.ErrNotFound
}

func (w *world) Products(_ context.Context, skus []string) ([]orders.Product, error) {
	var found []orders.Product
	for _, p := range []orders.Product{
		{SKU: "TEA-001", Kind: orders.Goods, Name: "龙井茶", Unit: "盒", ListPrice: money.New(12800, "CNY")},
		{SKU: "SVC-INSTALL", Kind: orders.Service, Name: "上门安装", Unit: "次", ListPrice: money.New(20000, "CNY")},
	} {
		if slices.Contains(skus, p.SKU) {
			found = append(found, p)
		}
	}
	return found, w.failure
}

func (w *world) CustomerByID(_ context.Context, id string) (orders.Customer, error) {
	if id == "c-known" {
		return orders.Customer{ID: id, Name: "韩梅梅", Phone: "+8613900139000", Locale: "en"}, nil
	}
	return orders.Customer{}, orders.ErrNotFound
}

func (w *world) CustomerByPhone(_ context.Context, phone string) (orders.Customer, error) {
	if phone == "+8613900139000" {
		return orders.Customer{ID: "c-known", Name: "韩梅梅", Phone: phone, Locale: "en"}, nil
	}
	return orders.Customer{}, orFailure(w.failure)
}

// bundle is a server over a world.
type bundle struct {
	*world
	handler http.Handler
}

func setup(t *testing.T) bundle {
	t.Helper()
	w := &world{view: sample()}
	server := rest.New(rest.Config{
		PublicURL: "http://api.test", TemporalUIURL: "http://ui.test", Namespace: "default", WebhookSecret: secret,
		Clock: func() time.Time { return noon },
	}, w, w)
	return bundle{world: w, handler: server.Handler()}
}

// request describes one request; what is left out is right.
type request struct {
	method, path, body string
	role               string // clerk where nothing is said, "-" for nobody
	key                string // key where nothing is said, "-" for none
	media              string
	language           string
	header             map[string]string
}

func (b bundle) send(t *testing.T, r request) *httptest.ResponseRecorder {
	t.Helper()
	or := func(value, fallback string) string {
		if value == "" {
			return fallback
		}
		return value
	}
	req := httptest.NewRequest(or(r.method, http.MethodPost), r.path, bytes.NewReader([]byte(r.body)))
	if role := or(r.role, "clerk"); role != "-" {
		req.Header.Set("Authorization", "Bearer token of "+role)
	}
	if k := or(r.key, key); k != "-" {
		req.Header.Set("Idempotency-Key", k)
	}
	if req.Method == http.MethodPost && r.media != "-" {
		req.Header.Set("Content-Type", or(r.media, "application/json"))
	}
	req.Header.Set("Accept-Language", or(r.language, "en"))
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, req)
	hold(t, req, rec)
	return rec
}

// sign adds the headers of a provider.
func sign(at time.Time, body string) map[string]string {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "." + body))
	return map[string]string{"X-Amends-Timestamp": timestamp, "X-Amends-Signature": hex.EncodeToString(mac.Sum(nil))}
}

// problem is what a refusal must say.
type problem struct {
	Status         int
	Code           string
	Detail         string
	Instance       string
	CurrentVersion int64 `json:"current_version"`
	Errors         []struct{ Field, Code, Message string }
}

func readProblem(t *testing.T, rec *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &p), rec.Body.String())
	require.Equal(t, "application/problem+json", rec.Header().Get("Content-Type"))
	require.Equal(t, rec.Code, p.Status)
	require.NotEmpty(t, p.Detail)
	require.Equal(t, rec.Header().Get("X-Request-Id"), p.Instance)
	return p
}

// sample is an order with something of everything.
func sample() orders.OrderView {
	cny := func(minor int64) money.Amount { return money.New(minor, "CNY") }
	o := orders.Order{
		Number: known, Rules: 1, Stage: orders.Fulfilling, Version: 3, Seq: 9, CreatedAt: noon, CreatedBy: "staff-clerk", StageSince: noon,
		Draft: orders.Draft{
			CustomerID: "c-known", ContactID: "k-1", Currency: "CNY",
			Lines: []orders.Line{
				{ID: "L1", Kind: orders.Goods, SKU: "TEA-001", UnitPrice: cny(12800), ListPrice: cny(12800), Discount: cny(0), Ordered: 3},
				{ID: "L2", Kind: orders.Service, SKU: "SVC-INSTALL", UnitPrice: cny(20000), ListPrice: cny(20000), Discount: cny(0), Ordered: 1},
			},
			Delivery: orders.Delivery{Method: "express", Fee: cny(1200), PromisedAt: noon},
			Terms:    orders.Terms{Payment: orders.Prepaid, Deposit: cny(0), AfterSalesDays: 7}, Invoice: orders.Invoice{Kind: "none"},
		},
		Payments:     []orders.Payment{{ID: "P1", Status: orders.PaymentAuthorised, Amount: cny(59600), Try: 1}},
		Captures:     []orders.Capture{{ID: "C1", Payment: "P1", For: "S1", Amount: cny(12800)}},
		Reservations: []orders.Reservation{{LineID: "L1", Warehouse: "SZ", Quantity: 3}},
		Shipments: []orders.Shipment{{
			ID: "S1", Status: orders.Packed, Carrier: "SF", Booking: orders.BookingDone, Label: "SF1", PackedAt: noon,
			Lines: []orders.ShipmentLine{{LineID: "L1", Warehouse: "SZ", Quantity: 1}},
		}},
		Appointments: []orders.Appointment{{
			ID: "A1", Status: orders.Scheduled,
			Slot: orders.Slot{ID: "slot", LineID: "L2", Technician: "t-1", From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)},
		}},
		Hold:      &orders.Held{Since: noon},
		Attention: []orders.Attention{{Task: "authorise/P1", Reason: "declined", Role: "clerk", Since: noon}},
		Deadlines: []orders.Deadline{{Kind: orders.DeadlineFulfil, DueAt: noon.Add(72 * time.Hour)}},
		Review:    orders.Review{Round: 1, Findings: []orders.Finding{{Code: "price_deviation", LineID: "L1"}}},
		Policy:    orders.DefaultPolicy(),
	}
	return orders.OrderView{
		Order: o, UpdatedAt: noon,
		Contact: orders.Contact{
			ID: "k-1", CustomerID: "c-known", Name: "韩梅梅", Phone: "+8613900139000", Locale: "zh-CN", LineNotes: map[string]string{"L1": "轻放"},
			ShipTo: orders.Consignee{Name: "韩梅梅", Phone: "+8613900139000", Address: orders.Address{Country: "CN", Province: "广东省", City: "深圳市", Detail: "1 号"}},
		},
		Notes:    []orders.NoteView{{ID: "n", Text: "<b>", Author: "staff-clerk", At: noon}},
		Contacts: []orders.ContactView{{ID: "k", Channel: "phone", Outcome: "reached", Author: "staff-clerk", At: noon}},
	}
}
