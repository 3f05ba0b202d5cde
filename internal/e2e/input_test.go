package e2e_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rows counts what requests leave behind in the database. The audit log grows with every refusal, and no other table.
func rows(t *testing.T) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, table := range []string{
		"orders", "events", "commands", "outbox", "customers", "contacts", "notes", "slots", "webhooks", "effects",
		"stock_movements", "ledger_transactions",
	} {
		counts[table] = scalar[int64](t, `SELECT count(*) FROM `+table)
	}
	return counts
}

// quiet waits until nothing moves any more that earlier tests set off.
func quiet(t *testing.T) {
	t.Helper()
	eventually(t, "all to be quiet", func() (any, bool) {
		busy := scalar[string](t, `
			SELECT coalesce(string_agg(what, ', '), '')
			FROM (SELECT 'command ' || name || ' of ' || order_number AS what FROM commands WHERE status = 'pending'
			      UNION ALL SELECT 'effect ' || key FROM effects WHERE outcome IS NULL) b`)
		return busy, busy == ""
	})
}

// replaced is a form's JSON with one piece of text replaced.
func replaced(t *testing.T, old, by string) []byte {
	t.Helper()
	f := typed(object{"sku": "TEA-001", "quantity": 3, "unit_price": "128.00"})
	f["customer"] = object{"name": "韩梅梅", "phone": "13912345678"}
	text := string(encode(t, f))
	require.Contains(t, text, old)
	return []byte(strings.Replace(text, old, by, 1))
}

// It runs alone, so that whatever changes is its own doing.
func TestBadInputIsRefusedAndChangesNothing(t *testing.T) {
	o := inReview(t)
	quiet(t)
	before, version := rows(t), o.view().Version
	for name, c := range badOrders(t) {
		a := send(t, request{role: "clerk", path: "/orders", body: c.body, header: c.header})
		p := a.refused(c.status, c.code)
		if c.field != "" {
			require.NotEmpty(t, p.Errors, name)
			require.Equal(t, c.field, p.Errors[0].Field, name)
			require.NotEmpty(t, p.Errors[0].Message, name)
		}
	}
	badCommands(t, o)
	require.Equal(t, before, rows(t))
	require.Equal(t, version, o.view().Version)
	require.Equal(t, "in_review", o.view().Stage)
}

// badInput is a body with what is to be said about it.
type badInput struct {
	body   []byte
	status int
	code   string
	field  string
	header http.Header
}

func badOrders(t *testing.T) map[string]badInput {
	const bad, invalid = http.StatusBadRequest, http.StatusUnprocessableEntity
	r := func(old, by string) []byte { return replaced(t, old, by) }
	past := time.Now().Add(-time.Hour).Format(time.RFC3339)
	cases := map[string]badInput{
		"cut off":          {body: r("CNY", "CNY")[:12], status: bad, code: "unreadable"},
		"two values":       {body: append(r("CNY", "CNY"), '{', '}'), status: bad, code: "unreadable"},
		"empty":            {body: []byte{}, status: bad, code: "unreadable"},
		"a list":           {body: []byte(`[]`), status: bad, code: "unreadable"},
		"unknown field":    {body: r(`"currency"`, `"colour":"red","currency"`), status: bad, code: "unknown_field", field: "colour"},
		"unknown deep":     {body: r(`"sku"`, `"weight":1,"sku"`), status: bad, code: "unknown_field", field: "lines[0].weight"},
		"duplicate field":  {body: r(`"currency"`, `"currency":"CNY","currency"`), status: bad, code: "duplicate_field", field: "currency"},
		"duplicate deep":   {body: r(`"sku"`, `"sku":"TEA-001","sku"`), status: bad, code: "duplicate_field", field: "lines[0].sku"},
		"invalid UTF-8":    {body: r("韩梅梅", "\xff\xfe"), status: bad, code: "not_utf8"},
		"300 KB":           {body: r("韩梅梅", strings.Repeat("梅", 100_000)), status: http.StatusRequestEntityTooLarge, code: "body_too_large"},
		"no key":           {body: r("CNY", "CNY"), status: bad, code: "idempotency_key_required", header: http.Header{"Idempotency-Key": nil}},
		"a short key":      {body: r("CNY", "CNY"), status: bad, code: "idempotency_key_invalid", header: http.Header{"Idempotency-Key": {"short"}}},
		"no JSON":          {body: r("CNY", "CNY"), status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", header: http.Header{"Content-Type": {"text/plain"}}},
		"unknown SKU":      {body: r("TEA-001", "TEA-999"), status: invalid, code: "invalid", field: "lines[0].sku"},
		"another currency": {body: r(`"CNY"`, `"USD"`), status: invalid, code: "invalid", field: "currency"},
		"no city":          {body: r(`"深圳市"`, `""`), status: invalid, code: "invalid", field: "ship_to.address.city"},
		"phone of letters": {body: r("13912345678", "callmemaybe"), status: invalid, code: "invalid", field: "customer.phone"},
		"no phone":         {body: r("13912345678", ""), status: invalid, code: "invalid", field: "customer.phone"},
		"a date in the past": {
			body: r(`"method"`, `"promised_at":"`+past+`","method"`), status: invalid, code: "invalid", field: "delivery.promised_at",
		},
		"terms of later":  {body: r(`"prepaid"`, `"credit"`), status: invalid, code: "terms_not_supported", field: "terms.payment"},
		"no lines":        {body: r(`"lines":[`, `"note":"","lines":[],"invoice":{},"x":[`), status: bad, code: "unknown_field", field: "x"},
		"control in name": {body: r("韩梅梅", `韩\u0000梅`), status: invalid, code: "invalid", field: "customer.name"},
		"bidi in name":    {body: r("韩梅梅", `韩\u202e梅`), status: invalid, code: "invalid", field: "customer.name"},
	}
	for _, quantity := range []string{"0", "-1", "1.5", "1e9", "1000001", `"3"`, "99999999999999999999"} {
		cases["quantity "+quantity] = badInput{body: r(`"quantity":3`, `"quantity":`+quantity), status: invalid, code: "invalid", field: "lines[0].quantity"}
	}
	for _, price := range []string{`"NaN"`, `"-1"`, `"1e3"`, `"1.001"`, `"Infinity"`, `"1,000.00"`, "128", `""`} {
		cases["price "+price] = badInput{body: r(`"unit_price":"128.00"`, `"unit_price":`+price), status: invalid, code: "invalid", field: "lines[0].unit_price"}
	}
	return cases
}

// badCommands are those on an order that is in review.
func badCommands(t *testing.T, o *order) {
	t.Helper()
	now := o.view().Version
	tell := func(role, path string, body any) answer {
		return send(t, request{role: role, path: "/orders/" + o.number + "/" + path, body: body})
	}
	tell("reviewer", "approve", object{}).refused(http.StatusUnprocessableEntity, "invalid")
	tell("reviewer", "approve", object{"expected_version": 0}).refused(http.StatusUnprocessableEntity, "invalid")
	tell("reviewer", "approve", object{"expected_version": "1"}).refused(http.StatusUnprocessableEntity, "invalid")
	tell("reviewer", "approve", object{"expected_version": now, "colour": "red"}).refused(http.StatusBadRequest, "unknown_field")
	tell("reviewer", "send-back", object{"expected_version": now}).refused(http.StatusUnprocessableEntity, "invalid")
	tell("reviewer", "reject", object{"expected_version": now}).refused(http.StatusUnprocessableEntity, "invalid")
	tell("clerk", "approve", object{"expected_version": now}).refused(http.StatusForbidden, "forbidden")
	tell("warehouse", "shipments/X1/hand-over", object{"expected_version": now}).refused(http.StatusNotFound, "not_found")
	tell("warehouse", "conquer", object{}).refused(http.StatusNotFound, "unknown_address")
	send(t, request{role: "clerk", method: http.MethodDelete, path: "/orders/" + o.number}).refused(http.StatusMethodNotAllowed, "method_not_allowed")
	send(t, request{role: "clerk", method: http.MethodGet, path: "/orders?colour=red"}).refused(http.StatusBadRequest, "unknown_parameter")
	send(t, request{role: "clerk", method: http.MethodGet, path: "/orders?limit=1000"}).refused(http.StatusUnprocessableEntity, "invalid")
	send(t, request{role: "warehouse", path: "/stock/receipts", body: object{
		"sku": "TEA-999", "warehouse": "SZ", "quantity": 1, "reference": "ASN-1",
	}}).refused(http.StatusUnprocessableEntity, "invalid")
	body := bytes.Clone(encode(t, object{"event_id": newKey(), "tracking_number": "SF1", "status": "eaten", "occurred_at": time.Now()}))
	signed(t, body, time.Now(), running.WebhookSecret()).refused(http.StatusUnprocessableEntity, "invalid")
	signed(t, body, time.Now(), "wrong").refused(http.StatusUnauthorized, "bad_signature")
	signed(t, body, time.Now().Add(-time.Hour), running.WebhookSecret()).refused(http.StatusUnauthorized, "bad_signature")
}

// Commands that the order itself refuses are written down, as its refusals are, and change nothing else.
func TestWhatAnOrderRefusesLeavesItAsItWas(t *testing.T) {
	o := inReview(t)
	quiet(t)
	before, was := rows(t), o.get("").body
	stale := o.view().Version + 7
	send(t, request{role: "reviewer", path: "/orders/" + o.number + "/approve", body: object{"expected_version": stale}}).
		refused(http.StatusConflict, "stale_version")
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).refused(http.StatusConflict, "wrong_stage")
	o.tell("clerk", "sign-off", object{"by": "韩梅梅", "at": time.Now()}).refused(http.StatusConflict, "wrong_stage")
	o.tell("clerk", "resume", nil).refused(http.StatusConflict, "not_on_hold")
	after := rows(t)
	require.Equal(t, before["commands"]+4, after["commands"])
	maps.DeleteFunc(before, func(table string, _ int64) bool { return table == "commands" || table == "notes" })
	maps.DeleteFunc(after, func(table string, _ int64) bool { return table == "commands" || table == "notes" })
	require.Equal(t, before, after)
	require.JSONEq(t, string(was), string(o.get("").body))
	require.True(t, json.Valid(was))
}
