package rest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

const goodOrder = `{
  "customer": {"name": "李雷", "phone": "13800138000", "email": "li@example.com", "locale": "zh-CN"},
  "ship_to": {"name": "李雷", "phone": "0755-26001234-801",
              "address": {"country": "CN", "province": "广东省", "city": "深圳市", "district": "南山区", "street": "粤海街道", "detail": "科技园路 1 号", "postcode": ""}},
  "customer_reference": "PO-77", "currency": "CNY",
  "lines": [{"sku": "TEA-001", "quantity": 3, "unit_price": "128.00", "discount": "0.00", "spec": "250g 礼盒", "note": ""},
            {"sku": "SVC-INSTALL", "quantity": 1, "unit_price": "200.00", "appointment": {"from": "2026-12-01T09:00:00+08:00", "to": "2026-12-01T11:00:00+08:00"}}],
  "delivery": {"method": "express", "fee": "12.00", "promised_at": "2026-12-05T00:00:00+08:00"},
  "terms": {"payment": "prepaid", "deposit": "0.00", "credit_days": 0, "after_sales_days": 7, "warranty_months": 0},
  "invoice": {"kind": "none", "title": "", "tax_number": ""},
  "note": ""
}`

// with returns the good order with one piece of text changed.
func with(old, replacement string) string {
	if !strings.Contains(goodOrder, old) {
		panic("the good order does not contain " + old)
	}
	return strings.Replace(goodOrder, old, replacement, 1)
}

const posted = "/api/v1/orders"

// badRequest is a way to get a request wrong that must be answered clearly and change nothing.
type badRequest struct {
	name    string
	request request
	status  int
	code    string
	field   string // of one of the errors, with its code after a space
}

// badInput is every one that has nothing to do with voids, see badVoids.
var badInput = []badRequest{
	{"malformed JSON", request{path: posted, body: `{"customer":`}, 400, "unreadable", ""},
	{"no body", request{path: posted}, 400, "unreadable", ""},
	{"a list", request{path: posted, body: `[]`}, 400, "unreadable", ""},
	{"null", request{path: posted, body: `null`}, 400, "unreadable", ""},
	{"two values", request{path: posted, body: goodOrder + `{}`}, 400, "unreadable", ""},
	{"trailing garbage", request{path: posted, body: goodOrder + `x`}, 400, "unreadable", ""},
	{"unknown field", request{path: posted, body: with(`"currency"`, `"colour": 1, "currency"`)}, 400, "unknown_field", "colour unknown_field"},
	{"unknown nested field", request{path: posted, body: with(`"sku"`, `"skew": 1, "sku"`)}, 400, "unknown_field", "lines[0].skew unknown_field"},
	{"a field in another case", request{path: posted, body: with(`"currency"`, `"Currency"`)}, 400, "unknown_field", "Currency unknown_field"},
	{"duplicate field", request{path: posted, body: with(`"currency"`, `"currency": "CNY", "currency"`)}, 400, "duplicate_field", "currency duplicate_field"},
	{"duplicate nested field", request{path: posted, body: with(`"quantity": 3`, `"quantity": 3, "quantity": 4`)}, 400, "duplicate_field", "lines[0].quantity duplicate_field"},
	{"duplicate escaped field", request{path: posted, body: with(`"currency"`, `"c\u0075rrency": "CNY", "currency"`)}, 400, "duplicate_field", ""},
	{"invalid UTF-8", request{path: posted, body: with("李雷", "\xff\xfe")}, 400, "not_utf8", ""},
	{"deep nesting", request{path: posted, body: strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)}, 400, "too_deep", ""},
	{"300 KB", request{path: posted, body: with(`"note": ""`, `"note": "`+strings.Repeat("x", 300<<10)+`"`)}, 413, "body_too_large", ""},
	{"text/plain", request{path: posted, body: goodOrder, media: "text/plain"}, 415, "unsupported_media_type", ""},
	{"no media type", request{path: posted, body: goodOrder, media: "-"}, 415, "unsupported_media_type", ""},
	{"another charset", request{path: posted, body: goodOrder, media: "application/json; charset=gbk"}, 415, "unsupported_media_type", ""},
	{"no key", request{path: posted, body: goodOrder, key: "-"}, 400, "idempotency_key_required", ""},
	{"a short key", request{path: posted, body: goodOrder, key: "short"}, 400, "idempotency_key_invalid", ""},
	{"a key of Chinese", request{path: posted, body: goodOrder, key: "钥匙钥匙钥匙钥匙"}, 400, "idempotency_key_invalid", ""},
	{"no token", request{path: posted, body: goodOrder, role: "-"}, 401, "unauthenticated", ""},
	{"an unknown token", request{path: posted, body: goodOrder, role: "nobody"}, 401, "unauthenticated", ""},
	{"unknown SKU", request{path: posted, body: with("TEA-001", "NO-SUCH")}, 422, "invalid", "lines[0].sku unknown_sku"},
	{"quantity 0", request{path: posted, body: with(`"quantity": 3`, `"quantity": 0`)}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"quantity −1", request{path: posted, body: with(`"quantity": 3`, `"quantity": -1`)}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"quantity 1.5", request{path: posted, body: with(`"quantity": 3`, `"quantity": 1.5`)}, 422, "invalid", "lines[0].quantity not_an_integer"},
	{"quantity 1e9", request{path: posted, body: with(`"quantity": 3`, `"quantity": 1e9`)}, 422, "invalid", "lines[0].quantity not_an_integer"},
	{"quantity 10^30", request{path: posted, body: with(`"quantity": 3`, `"quantity": 1000000000000000000000000000000`)}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"quantity −10^30", request{path: posted, body: with(`"quantity": 3`, `"quantity": -1000000000000000000000000000000`)}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"quantity 1000001", request{path: posted, body: with(`"quantity": 3`, `"quantity": 1000001`)}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"quantity as text", request{path: posted, body: with(`"quantity": 3`, `"quantity": "3"`)}, 422, "invalid", "lines[0].quantity wrong_type"},
	{"no quantity", request{path: posted, body: with(`"quantity": 3,`, ``)}, 422, "invalid", "lines[0].quantity required"},
	{"price NaN", request{path: posted, body: with(`"128.00"`, `"NaN"`)}, 422, "invalid", "lines[0].unit_price not_an_amount"},
	{"price as number", request{path: posted, body: with(`"128.00"`, `128.00`)}, 422, "invalid", "lines[0].unit_price wrong_type"},
	{"price too fine", request{path: posted, body: with(`"128.00"`, `"128.001"`)}, 422, "invalid", "lines[0].unit_price too_many_decimals"},
	{"price below nothing", request{path: posted, body: with(`"128.00"`, `"-0.01"`)}, 422, "invalid", "lines[0].unit_price out_of_range"},
	{"a price of minus nothing", request{path: posted, body: with(`"128.00"`, `"-0.00"`)}, 422, "invalid", "lines[0].unit_price out_of_range"},
	{"a price of a minus", request{path: posted, body: with(`"128.00"`, `"-"`)}, 422, "invalid", "lines[0].unit_price not_an_amount"},
	{"price above all", request{path: posted, body: with(`"128.00"`, `"100000000.01"`)}, 422, "invalid", "lines[0].unit_price out_of_range"},
	{"no price", request{path: posted, body: with(`"unit_price": "128.00",`, ``)}, 422, "invalid", "lines[0].unit_price required"},
	{"discount above the line", request{path: posted, body: with(`"discount": "0.00"`, `"discount": "384.01"`)}, 422, "invalid", "lines[0].discount discount_too_large"},
	{"a total beyond all bounds", request{path: posted, body: with(`"quantity": 3, "unit_price": "128.00"`, `"quantity": 1000000, "unit_price": "100000000.00"`)}, 422, "invalid", "lines total_too_large"},
	{"another currency", request{path: posted, body: with(`"CNY"`, `"USD"`)}, 422, "invalid", "currency wrong_currency"},
	{"no currency", request{path: posted, body: with(`"currency": "CNY",`, ``)}, 422, "invalid", "currency required"},
	{"an address without a city", request{path: posted, body: with(`"city": "深圳市",`, ``)}, 422, "invalid", "ship_to.address.city required"},
	{"an address without a door", request{path: posted, body: with(`"street": "粤海街道", "detail": "科技园路 1 号",`, ``)}, 422, "invalid", "ship_to.address.detail required"},
	{"a phone of letters", request{path: posted, body: with("13800138000", "call-me-maybe")}, 422, "invalid", "customer.phone not_a_phone"},
	{"a vanity number", request{path: posted, body: with("13800138000", "1800FLOWERS")}, 422, "invalid", "customer.phone not_a_phone"},
	{"an e-mail of nobody", request{path: posted, body: with("li@example.com", "li@@example")}, 422, "invalid", "customer.email not_an_email"},
	{"no customer", request{path: posted, body: with(`"name": "李雷", "phone": "13800138000", `, ``)}, 422, "invalid", "customer.phone required"},
	{"an unknown customer", request{path: posted, body: with(`"name": "李雷", "phone": "13800138000"`, `"id": "c-nobody"`)}, 422, "invalid", "customer.id unknown_customer"},
	{"a name with an override", request{path: posted, body: with(`"name": "李雷"`, `"name": "李\u202e雷"`)}, 422, "invalid", "customer.name bidi_characters"},
	{"a name with NUL", request{path: posted, body: with(`"name": "李雷"`, `"name": "李\u0000雷"`)}, 422, "invalid", "customer.name control_characters"},
	{"a name of invisible characters", request{path: posted, body: with(`"name": "李雷"`, `"name": "\u200b\ufeff \u2060\u3164"`)}, 422, "invalid", "customer.name required"},
	{"a name of two lines", request{path: posted, body: with(`"name": "李雷"`, `"name": "李\u2028雷"`)}, 422, "invalid", "customer.name control_characters"},
	{"a reference of two paragraphs", request{path: posted, body: with(`"PO-77"`, `"PO\u202977"`)}, 422, "invalid", "customer_reference control_characters"},
	{"half of a character", request{path: posted, body: with(`"name": "李雷"`, `"name": "李\ud800雷"`)}, 400, "half_character", ""},
	{"the other half", request{path: posted, body: with(`"name": "李雷"`, `"name": "\udc00\ud800"`)}, 400, "half_character", ""},
	{"half of a character at the end", request{path: posted, body: with(`"name": "李雷"`, `"name": "李\uD83D"`)}, 400, "half_character", ""},
	{"two first halves", request{path: posted, body: with(`"name": "李雷"`, `"name": "\ud83d\ud83d\ude00"`)}, 400, "half_character", ""},
	{"half of a character in a name of a field", request{path: posted, body: with(`"currency"`, `"\ud800": 1, "currency"`)}, 400, "half_character", ""},
	{"an unknown language", request{path: posted, body: with(`"locale": "zh-CN"`, `"locale": "fr"`)}, 422, "invalid", "customer.locale unknown_value"},
	{"promised in the past", request{path: posted, body: with("2026-12-05", "2026-11-05")}, 422, "invalid", "delivery.promised_at in_the_past"},
	{"promised some day", request{path: posted, body: with("2026-12-05T00:00:00+08:00", "soon")}, 422, "invalid", "delivery.promised_at not_a_time"},
	{"promised in the year 9999", request{path: posted, body: with("2026-12-05", "9999-12-05")}, 422, "invalid", "delivery.promised_at not_a_time"},
	{"an appointment in the past", request{path: posted, body: with("2026-12-01T09", "2026-11-01T09")}, 422, "invalid", "lines[1].appointment.from in_the_past"},
	{"an appointment that ends first", request{path: posted, body: with("2026-12-01T11", "2026-12-01T08")}, 422, "invalid", "lines[1].appointment.to ends_before_start"},
	{"an appointment of two days", request{path: posted, body: with("2026-12-01T11", "2026-12-03T11")}, 422, "invalid", "lines[1].appointment.to appointment_too_long"},
	{"a service without appointment", request{path: posted, body: with(`, "appointment": {"from": "2026-12-01T09:00:00+08:00", "to": "2026-12-01T11:00:00+08:00"}`, ``)}, 422, "invalid", "lines[1].appointment appointment_required"},
	{"goods with appointment", request{path: posted, body: with(`"spec"`, `"appointment": {}, "spec"`)}, 422, "invalid", "lines[0].appointment appointment_not_for_goods"},
	{"cash on delivery", request{path: posted, body: with(`"prepaid"`, `"cod"`)}, 422, "terms_not_supported", "terms.payment terms_not_supported"},
	{"unknown terms", request{path: posted, body: with(`"prepaid"`, `"barter"`)}, 422, "invalid", "terms.payment unknown_value"},
	{"no terms", request{path: posted, body: with(`"payment": "prepaid",`, ``)}, 422, "invalid", "terms.payment required"},
	{"unknown delivery", request{path: posted, body: with(`"express"`, `"pigeon"`)}, 422, "invalid", "delivery.method unknown_value"},
	{"a special invoice to nobody", request{path: posted, body: with(`"none"`, `"special"`)}, 422, "invalid", "invoice.tax_number required"},
	{"an object as text", request{path: posted, body: with(`"note": ""}`, `"note": {}}`)}, 422, "invalid", "lines[0].note wrong_type"},
	{"text as object", request{path: posted, body: with(`"invoice": {"kind": "none", "title": "", "tax_number": ""}`, `"invoice": "none"`)}, 422, "invalid", "invoice wrong_type"},
	{"no lines", request{path: posted, body: `{"customer":{"id":"c-known"},"currency":"CNY","lines":[],"terms":{"payment":"prepaid"}}`}, 422, "invalid", "lines line_count"},
	{"2,001 lines", request{path: posted, body: `{"customer":{"id":"c-known"},"currency":"CNY","terms":{"payment":"prepaid"},"lines":[` + strings.Repeat(`{"sku":"TEA-001","quantity":1,"unit_price":"1"},`, 2000) + `{"sku":"TEA-001","quantity":1,"unit_price":"1"}]}`}, 422, "invalid", "lines line_count"},
	{"null lines", request{path: posted, body: `{"customer":{"id":"c-known"},"currency":"CNY","lines":[null],"terms":{"payment":"prepaid"}}`}, 422, "invalid", "lines[0] required"},

	{"a command without version", request{path: posted + "/" + known + "/resume", body: `{}`}, 422, "invalid", "expected_version required"},
	{"a version of 0", request{path: posted + "/" + known + "/resume", body: `{"expected_version": 0}`}, 422, "invalid", "expected_version too_small"},
	{"a version beyond all bounds", request{path: posted + "/" + known + "/resume", body: `{"expected_version": 10000000000000000000000}`}, 422, "invalid", "expected_version out_of_range"},
	{"a version as text", request{path: posted + "/" + known + "/resume", body: `{"expected_version": "2"}`}, 422, "invalid", "expected_version wrong_type"},
	{"a hold without reason", request{path: posted + "/" + known + "/hold", body: `{"expected_version": 2, "reason": " "}`}, 422, "invalid", "reason required"},
	{"an id in the body", request{path: posted + "/" + known + "/resume", body: `{"expected_version": 2, "number": "x"}`}, 400, "unknown_field", "number unknown_field"},
	{"what cannot be a number", request{path: posted + "/x/resume", body: `{"expected_version": 2}`}, 404, "not_found", ""},
	{"a parcel with quantity 0", request{role: "warehouse", path: posted + "/" + known + "/shipments", body: `{"expected_version": 2, "carrier": "SF", "lines": [{"line_id": "L1", "quantity": 0}]}`}, 422, "invalid", "lines[0].quantity out_of_range"},
	{"a survivor that is no number", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "x"}`}, 422, "invalid", "survivor not_an_order_number"},
	{"a survivor that is the order", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "` + known + `"}`}, 422, "invalid", "survivor same_order"},
	{"a survivor that is not there", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "invalid", "survivor": "DD20261122-999999"}`}, 422, "invalid", "survivor unknown_order"},
	{"a survivor that was rejected", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "DD20261122-000008"}`}, 422, "invalid", "survivor survivor_rejected"},
	{"a survivor that was voided", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "DD20261122-000007"}`}, 422, "invalid", "survivor survivor_rejected"},
	{"a survivor of somebody else", request{role: "reviewer", path: posted + "/" + known + "/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "DD20261122-000006"}`}, 422, "invalid", "survivor other_customer"},
	{"an unknown order with a survivor", request{role: "reviewer", path: posted + "/DD20261122-999999/reject", body: `{"expected_version": 2, "reason_code": "duplicate", "survivor": "DD20261122-000009"}`}, 404, "not_found", ""},
	{"a tracking number of another order", request{role: "warehouse", path: posted + "/" + known + "/shipments/S1/hand-over", body: `{"expected_version": 2, "tracking_number": "SF-OTHER", "handed_over_at": "2026-11-22T11:00:00Z"}`}, 422, "invalid", "tracking_number tracking_in_use"},
	{"an unknown parcel", request{role: "warehouse", path: posted + "/" + known + "/shipments/S9/hand-over", body: `{"expected_version": 2, "handed_over_at": "2030-11-22T11:00:00Z"}`}, 404, "not_found", ""},
	{"performing an unknown appointment", request{path: posted + "/" + known + "/appointments/A9/perform", body: `{"expected_version": 2}`}, 404, "not_found", ""},
	{"what cannot be a parcel", request{role: "warehouse", path: posted + "/" + known + "/shipments/x/hand-over", body: `{"expected_version": 2, "handed_over_at": "2026-11-22T11:00:00Z"}`}, 404, "not_found", ""},
	{"handed over tomorrow", request{role: "warehouse", path: posted + "/" + known + "/shipments/S1/hand-over", body: `{"expected_version": 2, "tracking_number": "SF1", "handed_over_at": "2026-11-23T11:00:00Z"}`}, 422, "invalid", "handed_over_at in_the_future"},
	{"an unknown appointment", request{path: posted + "/" + known + "/appointments/A9/reschedule", body: `{"expected_version": 2}`}, 404, "not_found", ""},
	{"rescheduled to the past", request{path: posted + "/" + known + "/appointments/A1/reschedule", body: `{"expected_version": 2, "from": "2026-11-01T09:00:00Z", "to": "2026-11-01T10:00:00Z"}`}, 422, "invalid", "from in_the_past"},
	{"no money", request{role: "finance", path: posted + "/" + known + "/receipts", body: `{"expected_version": 2, "payment_id": "P1", "amount": "0", "reference": "r"}`}, 422, "invalid", "amount out_of_range"},
	{"a sign-off by nobody", request{path: posted + "/" + known + "/sign-off", body: `{"expected_version": 2, "at": "2026-11-22T11:00:00Z"}`}, 422, "invalid", "by required"},
	{"an empty note", request{path: posted + "/" + known + "/notes", body: `{"text": ""}`}, 422, "invalid", "text required"},
	{"a contact by pigeon", request{path: posted + "/" + known + "/contacts", body: `{"channel": "pigeon", "outcome": "landed"}`}, 422, "invalid", "channel unknown_value"},
	{"stock of nothing", request{role: "warehouse", path: "/api/v1/stock/receipts", body: `{"sku": "TEA-001", "warehouse": "SZ", "quantity": 0, "reference": "r"}`}, 422, "invalid", "quantity out_of_range"},
	{"stock of a service", request{role: "warehouse", path: "/api/v1/stock/receipts", body: `{"sku": "SVC-INSTALL", "warehouse": "SZ", "quantity": 1, "reference": "r"}`}, 422, "invalid", "sku not_goods"},
	{"a warehouse that is not there", request{role: "warehouse", path: "/api/v1/stock/receipts", body: `{"sku": "TEA-001", "warehouse": "nowhere", "quantity": 1, "reference": "r"}`}, 422, "invalid", "warehouse unknown_warehouse"},
	{"a note on an unknown order", request{path: posted + "/DD20261122-999999/notes", body: `{"text": "x"}`}, 404, "not_found", ""},

	{"an unknown order", request{method: "GET", path: posted + "/DD20261122-999999"}, 404, "not_found", ""},
	{"the timeline of an unknown order", request{method: "GET", path: posted + "/DD20261122-999999/timeline"}, 404, "not_found", ""},
	{"an unknown command", request{method: "GET", path: "/api/v1/commands/none"}, 404, "not_found", ""},
	{"an unknown path", request{method: "GET", path: "/api/v1/nothing"}, 404, "unknown_address", ""},
	{"another method", request{method: "DELETE", path: posted}, 405, "method_not_allowed", ""},
	{"an unknown parameter", request{method: "GET", path: posted + "?colour=red"}, 400, "unknown_parameter", "colour unknown_parameter"},
	{"a parameter twice", request{method: "GET", path: posted + "?stage=closed&stage=created"}, 400, "duplicate_field", "stage duplicate_field"},
	{"a broken query", request{method: "GET", path: posted + "?q=%zz"}, 400, "unreadable", ""},
	{"invalid UTF-8 in a query", request{method: "GET", path: posted + "?q=%ff"}, 422, "invalid", "q not_utf8"},
	{"an unknown stage", request{method: "GET", path: posted + "?stage=lost"}, 422, "invalid", "stage unknown_value"},
	{"a limit of 0", request{method: "GET", path: posted + "?limit=0"}, 422, "invalid", "limit out_of_range"},
	{"a limit of 101", request{method: "GET", path: posted + "?limit=101"}, 422, "invalid", "limit out_of_range"},
	{"an unknown order of things", request{method: "GET", path: posted + "?sort=colour"}, 422, "invalid", "sort unknown_value"},
	{"three digits of a phone", request{method: "GET", path: posted + "?phone=123"}, 422, "invalid", "phone not_a_phone_ending"},
	{"a day that is none", request{method: "GET", path: posted + "?from=2026-02-31T00:00:00Z"}, 422, "invalid", "from not_a_time"},
	{"to before from", request{method: "GET", path: posted + "?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z"}, 422, "invalid", "to ends_before_start"},
	{"a broken cursor", request{method: "GET", path: posted + "?cursor=broken"}, 422, "invalid", "cursor bad_cursor"},
	{"a cursor without end", request{method: "GET", path: posted + "?cursor=" + strings.Repeat("x", 2001)}, 422, "invalid", "cursor bad_cursor"},
	{"letters for a phone", request{method: "GET", path: posted + "?phone=call-me"}, 422, "invalid", "phone not_a_phone_ending"},
	{"a service that is not there", request{method: "GET", path: posted + "?service_type=SVC-NONE"}, 422, "invalid", "service_type unknown_sku"},
	{"goods for a service", request{method: "GET", path: posted + "?service_type=TEA-001"}, 422, "invalid", "service_type not_a_service"},
	{"events of another status", request{method: "GET", role: "finance", path: "/api/v1/webhooks?status=matched"}, 422, "invalid", "status unknown_value"},
	{"a broken cursor of events", request{method: "GET", role: "finance", path: "/api/v1/webhooks?cursor=broken"}, 422, "invalid", "cursor bad_cursor"},
	{"events for a clerk", request{method: "GET", path: "/api/v1/webhooks"}, 403, "forbidden", ""},

	{"an unsigned webhook", request{path: "/api/v1/webhooks/carrier", body: `{}`, role: "-", key: "-"}, 401, "bad_signature", ""},
	{"an old signature", request{path: "/api/v1/webhooks/carrier", body: `{}`, role: "-", key: "-", header: sign(noon.Add(-301*time.Second), `{}`)}, 401, "bad_signature", ""},
	{"a signature from tomorrow", request{path: "/api/v1/webhooks/carrier", body: `{}`, role: "-", key: "-", header: sign(noon.Add(301*time.Second), `{}`)}, 401, "bad_signature", ""},
	{"the signature of another body", request{path: "/api/v1/webhooks/payments", body: `{ }`, role: "-", key: "-", header: sign(noon, `{}`)}, 401, "bad_signature", ""},
	{"a webhook of nothing", request{path: "/api/v1/webhooks/carrier", body: `{}`, role: "-", key: "-", header: sign(noon, `{}`)}, 422, "invalid", "event_id required"},
	{"a webhook that is no JSON", request{path: "/api/v1/webhooks/payments", body: `x`, role: "-", key: "-", header: sign(noon, `x`)}, 400, "unreadable", ""},
}

func TestBadInputIsAnsweredClearlyAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(badInput, badVoids()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			details := map[string]string{}
			for _, language := range []string{"zh-CN", "en"} {
				r := tt.request
				r.language = language
				rec := b.send(t, r)
				require.Equal(t, tt.status, rec.Code, rec.Body.String())
				p := readProblem(t, rec)
				require.Equal(t, tt.code, p.Code)
				require.Equal(t, language, rec.Header().Get("Content-Language"))
				require.NotRegexp(t, `\(code |代码`, p.Detail, "every code has a sentence")
				details[language] = p.Detail
				if tt.field != "" {
					require.Contains(t, fieldsOf(p), tt.field)
				}
				for _, e := range p.Errors {
					require.NotRegexp(t, `\(code |代码`, e.Message, "every code has a sentence")
				}
			}
			require.NotEqual(t, details["en"], details["zh-CN"])
			require.Empty(t, b.submitted)
			require.Empty(t, b.notes)
			require.Empty(t, b.contacts)
			require.Empty(t, b.receipts)
			require.Empty(t, b.webhooks)
		})
	}
}

func fieldsOf(p problem) []string {
	var found []string
	for _, e := range p.Errors {
		found = append(found, e.Field+" "+e.Code)
	}
	return found
}

func TestEveryFieldProblemIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	body := strings.NewReplacer("13800138000", "x", `"quantity": 3`, `"quantity": 1.5`, `"128.00"`, `"NaN"`, `"CNY"`, `"USD"`,
		`"city": "深圳市",`, ``).Replace(goodOrder)
	p := readProblem(t, setup(t).send(t, request{path: posted, body: body}))
	require.ElementsMatch(t, []string{
		"customer.phone not_a_phone", "lines[0].quantity not_an_integer", "lines[0].unit_price not_an_amount",
		"currency wrong_currency", "ship_to.address.city required",
	}, fieldsOf(p))
}

func TestOnlyWhoMayDoesAndRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	verbs := map[string]string{
		"": orders.CmdCreate, "/approve": orders.CmdApprove, "/send-back": orders.CmdSendBack, "/resubmit": orders.CmdResubmit,
		"/reject": orders.CmdReject, "/hold": orders.CmdHold, "/resume": orders.CmdResume, "/retry": orders.CmdRetry,
		"/shipments": orders.CmdShip, "/shipments/S1/hand-over": orders.CmdHandOver, "/appointments/A1/perform": orders.CmdPerform,
		"/appointments/A1/reschedule": orders.CmdReschedule, "/receipts": orders.CmdReceivePayment, "/sign-off": orders.CmdSignOff,
		"/refuse-delivery": orders.CmdRefuseDelivery, "/notes": orders.DoNote, "/contacts": orders.DoContact,
		"/void-plans": orders.CmdVoid, "/voids": orders.CmdVoid, "/purchases": orders.CmdRequestPurchase,
		"/invoice": orders.CmdIssueInvoice, "/place-again": orders.CmdPlaceAgain,
	}
	for _, role := range orders.Roles() {
		for verb, right := range verbs {
			b := setup(t)
			path := posted
			if verb != "" {
				path += "/" + known + verb
			}
			rec := b.send(t, request{path: path, role: role, body: `{"unheard-of": 1}`})
			require.Len(t, b.audited, 1)
			row := b.audited[0]
			require.Equal(t, orders.Actor{ID: "staff-" + role, Role: role, Verified: true}, row.Actor)
			require.Equal(t, right, row.Action)
			require.Equal(t, "refused", row.Outcome)
			require.Equal(t, rec.Header().Get("X-Request-Id"), row.RequestID)
			if orders.May(role, right) {
				require.Equal(t, http.StatusBadRequest, rec.Code, "%s %s", role, right)
				continue
			}
			require.Equal(t, http.StatusForbidden, rec.Code, "%s %s", role, right)
			require.Equal(t, orders.CodeForbidden, row.Code)
			require.Equal(t, verb == "", row.Order == "")
		}
	}
}

func FuzzBindingNeverPanicsAndNeverBlamesUs(f *testing.F) {
	for _, tt := range badInput {
		if len(tt.request.body) < 4096 {
			f.Add(tt.request.body)
		}
	}
	f.Add(goodOrder)
	f.Add(`{"lines":[[[]]],"customer":[],"delivery":{"promised_at":1}}`)
	f.Fuzz(func(t *testing.T, body string) {
		b := setup(t)
		rec := b.send(t, request{path: posted, body: body})
		require.Contains(t, []int{201, 400, 413, 422}, rec.Code, rec.Body.String())
		if rec.Code == http.StatusCreated {
			require.True(t, json.Valid([]byte(body)))
			require.Len(t, b.submitted, 1)
		}
	})
}
