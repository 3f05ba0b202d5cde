package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func read[T any](t *testing.T, body []byte) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal(body, &value), string(body))
	return value
}

type answer struct {
	Status, Number, Stage string
	CommandID             string `json:"command_id"`
	ShipmentID            string `json:"shipment_id"`
	Version               int64
	Links                 struct{ Self, Temporal, Command string }
}

func TestAGoodOrderIsHandedOnResolved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rec := b.send(t, request{path: posted, body: goodOrder})
	require.Equal(t, http.StatusCreated, rec.Code, rec.Body.String())
	a := read[answer](t, rec.Body.Bytes())
	require.Equal(t, known, a.Number)
	require.Equal(t, "http://api.test/api/v1/orders/"+known, a.Links.Self)
	require.Equal(t, "http://ui.test/namespaces/default/workflows/"+known, a.Links.Temporal)
	require.Equal(t, a.Links.Self, rec.Header().Get("Location"))

	require.Len(t, b.submitted, 1)
	s := b.submitted[0]
	require.Equal(t, "POST /api/v1/orders", s.Route)
	require.Equal(t, key, s.Key)
	require.Empty(t, s.Order)
	require.Nil(t, s.Command)
	require.Equal(t, "clerk", s.Actor.Role)
	require.Equal(t, int64(384_00+200_00+12_00), s.Draft.Total().Minor)
	require.Equal(t, "龙井茶", s.Draft.Lines[0].Name)
	require.Equal(t, []string{"L1", "L2"}, []string{s.Draft.Lines[0].ID, s.Draft.Lines[1].ID})
	require.Equal(t, orders.ContactFacts{Locale: "zh-CN", HasPhone: true, HasEmail: true, HasAddress: true, KnownDistrict: true}, s.Draft.Contact)
	require.Equal(t, "+8613800138000", s.Contact.Phone)
	require.Equal(t, "+8675526001234;801", s.Contact.ShipTo.Phone)
	require.Equal(t, s.Contact.ID, s.Draft.ContactID)
	require.Equal(t, s.NewCustomer.ID, s.Draft.CustomerID)
	require.Equal(t, []orders.SlotRequest{{
		LineID: "L2", SKU: "SVC-INSTALL", From: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC),
	}}, s.Slots)
}

func TestAKnownCustomerIsFoundByIDOrPhone(t *testing.T) {
	t.Parallel()
	for _, customer := range []string{`"id": "c-known"`, `"name": "梅梅", "phone": "+86 139 0013 9000"`} {
		b := setup(t)
		rec := b.send(t, request{path: posted, body: with(`"name": "李雷", "phone": "13800138000"`, customer)})
		require.Equal(t, http.StatusCreated, rec.Code, rec.Body.String())
		require.Nil(t, b.submitted[0].NewCustomer)
		require.Equal(t, "c-known", b.submitted[0].Draft.CustomerID)
		require.Equal(t, "c-known", b.submitted[0].Contact.CustomerID)
	}
}

func TestTheFingerprintIsOfMethodPathAndBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := "DD20261122-000002"
	for _, r := range []request{
		{path: posted + "/" + known + "/resume", body: `{"expected_version": 2}`},
		{path: posted + "/" + known + "/resume", body: `{"expected_version": 2}`},
		{path: posted + "/" + known + "/resume", body: `{"expected_version": 3}`},
		{path: posted + "/" + other + "/resume", body: `{"expected_version": 2}`},
	} {
		b.send(t, r)
	}
	prints := map[string]int{}
	for _, s := range b.submitted {
		prints[s.Fingerprint]++
	}
	require.Len(t, prints, 3)
	require.Equal(t, 2, prints[b.submitted[0].Fingerprint])
}

func TestCommandsCarryWhatTheirBodiesSay(t *testing.T) {
	t.Parallel()
	at := noon.Add(-time.Hour)
	version := int64(2)
	head := orders.Header{ExpectedVersion: &version}
	for _, tt := range []struct {
		verb, role, body string
		command          orders.Command
		note             string
	}{
		{"approve", "reviewer", `"note": "好"`, &orders.Approve{Header: head}, "好"},
		{"send-back", "reviewer", `"reason": "地址"`, &orders.SendBack{Header: head}, "地址"},
		{"resubmit", "clerk", `"order": null`, &orders.Resubmit{Header: head}, ""},
		{"reject", "reviewer", `"reason_code": "duplicate", "note": "n", "survivor": "DD20261122-000009"`, &orders.Reject{Header: head, ReasonCode: "duplicate", Survivor: "DD20261122-000009"}, "n"},
		{"hold", "clerk", `"reason": "wait"`, &orders.PutOnHold{Header: head}, "wait"},
		{"resume", "clerk", `"expected_version": 2`, &orders.Resume{Header: head}, ""},
		{"retry", "clerk", `"expected_version": 2`, &orders.Retry{Header: head}, ""},
		{"shipments", "warehouse", `"carrier": "SF", "lines": [{"line_id": "L1", "quantity": 2}]`, &orders.Ship{Header: head, Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 2}}}, ""},
		{"shipments/S1/hand-over", "warehouse", `"tracking_number": "SF1", "handed_over_at": "2026-11-22T19:00:00+08:00"`, &orders.HandOver{Header: head, ShipmentID: "S1", TrackingNumber: "SF1", HandedOverAt: at}, ""},
		{"appointments/A1/perform", "clerk", `"performed_at": "2026-11-22T11:00:00Z"`, &orders.Perform{Header: head, AppointmentID: "A1", PerformedAt: at}, ""},
		{"appointments/A1/reschedule", "clerk", `"from": "2026-11-23T11:00:00Z", "to": "2026-11-23T12:00:00Z"`, &orders.Reschedule{Header: head, AppointmentID: "A1"}, ""},
		{"sign-off", "clerk", `"by": "李雷", "at": "2026-11-22T11:00:00Z", "proof": "file 7"`, &orders.SignOff{Header: head, At: at, Proof: true}, "李雷\nfile 7"},
		{"refuse-delivery", "clerk", `"shipment_id": "S1", "reason": "broken"`, &orders.RefuseDelivery{Header: head, ShipmentID: "S1"}, "broken"},
		{"receipts", "finance", `"payment_id": "P1", "amount": "12.5", "reference": "bank"`, &orders.ReceivePayment{Header: head, PaymentID: "P1", Amount: "12.50", Reference: "bank"}, ""},
	} {
		t.Run(tt.verb, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			body := "{" + tt.body + "}"
			if !strings.Contains(body, "expected_version") {
				body = `{"expected_version": 2, ` + tt.body + "}"
			}
			rec := b.send(t, request{path: posted + "/" + known + "/" + tt.verb, role: tt.role, body: body})
			require.Less(t, rec.Code, 300, rec.Body.String())
			require.Len(t, b.submitted, 1)
			require.Equal(t, tt.command, b.submitted[0].Command)
			require.Equal(t, tt.note, b.submitted[0].NoteText)
			require.Equal(t, known, b.submitted[0].Order)
			require.Empty(t, b.audited, "the command's outcome is audited with it")
			if tt.verb == "appointments/A1/reschedule" {
				require.Equal(t, "SVC-INSTALL", b.submitted[0].Slots[0].SKU)
			}
		})
	}
}

func TestResubmittingMayBringAWholeNewOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := posted + "/" + known + "/resubmit"
	rec := b.send(t, request{path: path, body: `{"expected_version": 2, "order": ` + goodOrder + `}`})
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	require.NotNil(t, b.submitted[0].Draft)
	require.NotNil(t, b.submitted[0].Contact)
	p := readProblem(t, b.send(t, request{path: path, body: `{"expected_version": 2, "order": ` + with(`"quantity": 3`, `"quantity": 0`) + `}`}))
	require.Contains(t, fieldsOf(p), "order.lines[0].quantity out_of_range")
}

func refusedWith(problem orders.Problem) func(orders.Submission) (orders.Receipt, error) {
	return func(s orders.Submission) (orders.Receipt, error) {
		return orders.Receipt{CommandID: "c-1", Order: known, Outcome: orders.Outcome{Problem: &problem}}, nil
	}
}

func failing(err error) func(orders.Submission) (orders.Receipt, error) {
	return func(orders.Submission) (orders.Receipt, error) {
		return orders.Receipt{}, fmt.Errorf("submit: %w", err)
	}
}

func TestRefusalsHaveTheirStatusAndASentence(t *testing.T) {
	t.Parallel()
	nearest := orders.Slot{Technician: "t-1", From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)}
	for _, tt := range []struct {
		name   string
		answer func(orders.Submission) (orders.Receipt, error)
		status int
		code   string
		says   string
	}{
		{"wrong stage", refusedWith(orders.Problem{Code: orders.CodeWrongStage, Params: []string{"resume", "closed", ""}}), 409, "wrong_stage", "What is possible now: nothing."},
		{"not on hold", refusedWith(orders.Problem{Code: orders.CodeNotOnHold}), 409, "not_on_hold", "not on hold"},
		{"stale version", refusedWith(orders.Problem{Code: orders.CodeStaleVersion, Params: []string{"3", "2"}}), 409, "stale_version", "version 3; you sent 2"},
		{"invalid", refusedWith(orders.Problem{Code: orders.CodeInvalid, Fields: []orders.FieldProblem{{Field: "survivor", Code: "required"}}}), 422, "invalid", "at each field"},
		{"forbidden", refusedWith(orders.Problem{Code: orders.CodeForbidden}), 403, "forbidden", "may not"},
		{"a part that is not there", refusedWith(orders.Problem{Code: orders.CodeInvalid, Fields: []orders.FieldProblem{{Field: "other", Code: "required"}}}), 422, "invalid", ""},
		{"unknown order", failing(orders.ErrNotFound), 404, "not_found", "Check the number"},
		{"reused key", failing(orders.ErrKeyReused), 422, "idempotency_key_reused", "Use a new one"},
		{"slot taken", failing(&orders.SlotTakenError{LineID: "L2", Nearest: nearest}), 422, "slot_taken", "2026-11-22 21:00 to 2026-11-22 22:00"},
		{"nobody free", failing(&orders.SlotTakenError{LineID: "L2"}), 422, "slot_taken", ""},
		{"Temporal away", failing(orders.ErrUnavailable), 503, "unavailable", "same Idempotency-Key"},
		{"our fault", failing(errors.New("secret detail of the code")), 500, "internal", "our side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.answer = tt.answer
			rec := b.send(t, request{path: posted + "/" + known + "/resume", body: `{"expected_version": 2}`})
			require.Equal(t, tt.status, rec.Code, rec.Body.String())
			p := readProblem(t, rec)
			require.Equal(t, tt.code, p.Code)
			require.Contains(t, p.Detail, tt.says)
			require.NotContains(t, rec.Body.String(), "secret")
			require.Equal(t, tt.status == 503, rec.Header().Get("Retry-After") != "")
			if tt.status == 409 {
				require.Equal(t, int64(3), p.CurrentVersion)
			}
		})
	}
}

func TestATakenSlotIsNamedWhereItWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, body, field string }{
		{posted, goodOrder, "lines[1].appointment"},
		{posted + "/" + known + "/resubmit", `{"expected_version": 2, "order": ` + goodOrder + `}`, "order.lines[1].appointment"},
		{posted + "/" + known + "/appointments/A1/reschedule", `{"expected_version": 2, "from": "2026-11-23T11:00:00Z", "to": "2026-11-23T12:00:00Z"}`, "from"},
	} {
		b := setup(t)
		b.answer = failing(&orders.SlotTakenError{LineID: "L2"})
		require.Equal(t, []string{tt.field + " no_slot"}, fieldsOf(readProblem(t, b.send(t, request{path: tt.path, body: tt.body}))))
	}
}

func TestAPendingCommandIsAnswered202(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.answer = func(orders.Submission) (orders.Receipt, error) {
		return orders.Receipt{CommandID: "c-1", Order: known, Pending: true, Replayed: true}, nil
	}
	rec := b.send(t, request{path: posted, body: goodOrder})
	require.Equal(t, http.StatusAccepted, rec.Code)
	a := read[answer](t, rec.Body.Bytes())
	require.Equal(t, "pending", a.Status)
	require.Equal(t, known, a.Number)
	require.Equal(t, "http://api.test/api/v1/commands/c-1", a.Links.Command)
	require.Equal(t, "true", rec.Header().Get("Idempotency-Replayed"))
}

func TestARepeatIsAnsweredAsTheFirstTimeThoughItsDatesHavePassed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.replay = func(s orders.Submission) (orders.Receipt, error) { return accepted(s), nil }
	rec := b.send(t, request{path: posted, body: with("2026-12-05", "2026-11-05")})
	require.Equal(t, http.StatusCreated, rec.Code, rec.Body.String())
	require.Equal(t, "true", rec.Header().Get("Idempotency-Replayed"))
	require.Empty(t, b.submitted)
	b.replay = func(orders.Submission) (orders.Receipt, error) { return orders.Receipt{}, orders.ErrKeyReused }
	require.Equal(t, "idempotency_key_reused", readProblem(t, b.send(t, request{path: posted, body: with("2026-12-05", "2026-11-05")})).Code)
}

func TestAnOrderIsShownWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rec := b.send(t, request{method: "GET", path: posted + "/" + known, role: "viewer", language: "zh-CN"})
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	o := read[struct {
		Version   int64
		Total     struct{ Amount, Currency string }
		Flags     []string
		Lines     []struct{ Note string }
		Deadlines []struct{ Paused bool }
		Actions   []struct {
			Action  string
			Allowed bool
			Reason  *struct{ Code, Message string } `json:"reason_if_not"`
		} `json:"allowed_actions"`
		ShipTo struct{ Address struct{ City string } } `json:"ship_to"`
		Links  struct{ Temporal string }
	}](t, rec.Body.Bytes())
	require.Equal(t, "596.00", o.Total.Amount)
	require.Equal(t, []string{"needs_attention", "on_hold"}, o.Flags)
	require.Equal(t, "轻放", o.Lines[0].Note)
	require.True(t, o.Deadlines[0].Paused)
	require.Equal(t, "深圳市", o.ShipTo.Address.City)
	require.Equal(t, `"3"`, rec.Header().Get("ETag"))
	require.NotEmpty(t, o.Actions)
	for _, a := range o.Actions {
		require.False(t, a.Allowed, "a viewer writes nothing")
		require.Equal(t, "forbidden", a.Reason.Code)
		require.Contains(t, a.Reason.Message, "无权")
	}
}

func TestListsTimelinesStockAndCommandsAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{
		posted, posted + "?q=%E6%9D%8E&stage=closed&flag=on_hold&phone=8000&from=2026-01-01T00:00:00%2B08:00&sort=created_at&limit=1",
		posted + "/" + known + "/timeline?limit=1", posted + "/" + known + "/timeline?before=1", "/api/v1/stock?sku=TEA-001", "/api/v1/commands/pending",
		"/api/v1/commands/accepted", "/api/v1/commands/refused", "/api/v1/openapi.yaml", "/livez", "/healthz", "/metrics",
	} {
		rec := b.send(t, request{method: "GET", path: path})
		require.Equal(t, http.StatusOK, rec.Code, path+rec.Body.String())
		require.NotEmpty(t, rec.Header().Get("X-Request-Id"))
	}
	require.Equal(t, orders.OrderQuery{Sort: "-created_at", Limit: 50}, b.queries[0])
	require.Equal(t, "李", b.queries[1].Q)
	require.Equal(t, 200, b.send(t, request{method: "GET", path: posted + "?phone=%EF%BC%98%EF%BC%90%EF%BC%90%EF%BC%90&service_type=SVC-INSTALL"}).Code)
	require.Equal(t, "8000", b.queries[2].Phone)
	rec := b.send(t, request{method: "GET", role: "finance", path: "/api/v1/webhooks?status=unmatched"})
	require.Equal(t, 200, rec.Code)
	require.JSONEq(t, `{"items": [{"provider": "carrier", "event_id": "e-1", "subject": "SF1", "received_at": "2026-11-22T12:00:00Z", "repeats": 2}], "next_cursor": "more"}`, rec.Body.String())
	require.Equal(t, time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC), b.queries[1].From)
	require.Equal(t, http.StatusForbidden, b.send(t, request{method: "GET", path: posted, role: "admin"}).Code)
}

func TestNotesContactsAndGoodsAreWrittenDownAndAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		require.Equal(t, 201, b.send(t, request{path: posted + "/" + known + "/notes", body: `{"text": "一\n二"}`}).Code)
	}
	require.Equal(t, 201, b.send(t, request{path: posted + "/" + known + "/contacts", body: `{"channel": "phone", "outcome": "reached", "text": ""}`}).Code)
	for _, replayed := range []string{"", "true"} {
		rec := b.send(t, request{role: "warehouse", path: "/api/v1/stock/receipts", body: `{"sku": "TEA-001", "warehouse": "SZ", "quantity": 5, "reference": "PO"}`})
		require.Equal(t, 201, rec.Code, rec.Body.String())
		require.Equal(t, replayed, rec.Header().Get("Idempotency-Replayed"))
	}
	require.Len(t, b.receipts, 1)
	require.Len(t, b.notes, 1, "the same key is the same note")
	other := b.send(t, request{path: posted + "/" + known + "/notes", body: `{"text": "三"}`})
	require.Equal(t, "idempotency_key_reused", readProblem(t, other).Code)
	require.Equal(t, int64(5), b.receipts[0].Quantity)
	var outcomes []string
	for _, row := range b.audited {
		outcomes = append(outcomes, row.Outcome)
	}
	require.Equal(t, []string{"accepted", "accepted", "accepted", "refused"}, outcomes)
}

func TestWebhooksAreStoredOnceAndWhatTheyAddIsTheirBusiness(t *testing.T) {
	t.Parallel()
	b := setup(t)
	carrier := `{"event_id": "e-1", "tracking_number": "SF1", "status": "delivered", "occurred_at": "2026-11-22T11:00:00Z", "proof": {"signed_by": "x"}, "extra": {"a": 1}}`
	for _, want := range []string{`{"status":"stored"}`, `{"status":"repeated"}`} {
		rec := b.send(t, request{path: "/api/v1/webhooks/carrier", body: carrier, role: "-", key: "-", header: sign(noon, carrier)})
		require.Equal(t, 200, rec.Code, rec.Body.String())
		require.JSONEq(t, want, rec.Body.String())
	}
	event, ok := b.webhooks[0].Command.(*orders.CarrierEvent)
	require.True(t, ok)
	require.True(t, event.Proof)
	require.Equal(t, "SF1", b.webhooks[0].Subject)
	require.JSONEq(t, carrier, string(b.webhooks[0].Body))
	payment := `{"event_id": "e-2", "payment_ref": "ref", "kind": "captured", "amount": "1.00", "occurred_at": "2026-11-22T11:00:00Z"}`
	rec := b.send(t, request{path: "/api/v1/webhooks/payments", body: payment, role: "-", key: "-", header: sign(noon, payment)})
	require.Equal(t, 200, rec.Code, rec.Body.String())
	require.Nil(t, b.webhooks[2].Command)
}

func TestWhatIsAwayIsSaidAndWhatPanicsIsHidden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.failure, b.unwell = orders.ErrUnavailable, orders.ErrUnavailable
	require.Equal(t, 503, b.send(t, request{method: "GET", path: "/healthz"}).Code)
	require.Equal(t, 200, b.send(t, request{method: "GET", path: "/livez"}).Code)
	require.Equal(t, "unavailable", readProblem(t, b.send(t, request{method: "GET", path: posted + "/" + known})).Code)
	b.answer = func(orders.Submission) (orders.Receipt, error) { panic("secret") }
	rec := b.send(t, request{path: posted + "/" + known + "/resume", body: `{"expected_version": 2}`})
	require.Equal(t, "internal", readProblem(t, rec).Code)
	require.NotContains(t, rec.Body.String(), "secret")
}

func TestAProgramThatWentWrongIsSlowedDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 1000 {
		require.Equal(t, 200, b.send(t, request{method: "GET", path: "/api/v1/stock"}).Code)
	}
	limited := 0
	for range 1500 {
		if rec := b.send(t, request{method: "GET", path: "/api/v1/stock"}); rec.Code == http.StatusTooManyRequests {
			require.NotEmpty(t, rec.Header().Get("Retry-After"))
			limited++
		}
	}
	require.Positive(t, limited)
	require.Equal(t, 200, b.send(t, request{method: "GET", path: "/api/v1/stock", role: "viewer"}).Code)
}
