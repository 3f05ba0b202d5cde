package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// badVoids is every way to get a request about a void wrong. A preview judges like the order itself; what only the
// order can judge is in the tests of voids and steps.
func badVoids() []badRequest {
	wish := func(more string) string { return `{"reason_code": "duplicate"` + more + `}` }
	plan := func(name, more string, status int, code, field string) badRequest {
		return badRequest{name, request{path: plans, body: wish(more)}, status, code, field}
	}
	void := func(name, more, field string) badRequest {
		return badRequest{name, request{path: voids, body: wish(more)}, 422, "invalid", field}
	}
	verb := func(name, path, body string, status int, code, field string) badRequest {
		return badRequest{name, request{role: "manager", path: "/api/v1/voids/" + path, body: body}, status, code, field}
	}
	at := func(name, number, code string) badRequest {
		return badRequest{name, request{path: posted + "/" + number + "/void-plans", body: wish("")}, 409, code, ""}
	}
	return []badRequest{
		{"a void without reason", request{path: plans, body: `{}`}, 422, "invalid", "reason_code required"},
		{"a void for an unknown reason", request{path: plans, body: `{"reason_code": "whim"}`}, 422, "invalid", "reason_code unknown_value"},
		{"a void for another reason without a note", request{path: voids, body: `{"reason_code": "other", "plan_hash": "x"}`}, 422, "invalid", "note required"},
		{"a void for another reason with an invisible note", request{path: voids, body: `{"reason_code": "other", "plan_hash": "x", "note": "\u200b "}`}, 422, "invalid", "note required"},
		{"a hash in a preview", request{path: plans, body: wish(`, "plan_hash": "x"`)}, 400, "unknown_field", "plan_hash unknown_field"},
		{"a void with an ID of its own", request{path: voids, body: wish(`, "void_id": "x"`)}, 400, "unknown_field", "void_id unknown_field"},
		{"a preview without a key", request{path: plans, body: wish(""), key: "-"}, 400, "idempotency_key_required", ""},
		{"a preview that is no JSON", request{path: plans, body: `{`}, 400, "unreadable", ""},
		plan("no lines at all", `, "lines": []`, 422, "invalid", "lines no_lines"),
		plan("lines as text", `, "lines": "L1"`, 422, "invalid", "lines wrong_type"),
		plan("a line without quantity", `, "lines": [{"line_id": "L1"}]`, 422, "invalid", "lines[0].quantity required"),
		plan("a quantity of nothing", `, "lines": [{"line_id": "L1", "quantity": 0}]`, 422, "invalid", "lines[0].quantity out_of_range"),
		plan("a quantity above what is left", `, "lines": [{"line_id": "L1", "quantity": 4}]`, 422, "invalid", "lines[0].quantity out_of_range"),
		plan("a line that is not there", `, "lines": [{"line_id": "L9", "quantity": 1}]`, 422, "invalid", "lines[0].line_id unknown_line"),
		plan("a line twice", `, "lines": [{"line_id": "L1", "quantity": 1}, {"line_id": "L1", "quantity": 1}]`, 422, "invalid", "lines[1].line_id repeated"),
		plan("2,001 lines to void", `, "lines": [`+strings.Repeat(`{"line_id": "L1", "quantity": 1},`, 2000)+`{"line_id": "L1", "quantity": 1}]`, 422, "invalid", "lines line_count"),
		plan("a refund in coupons", `, "refund": {"mode": "coupon"}`, 422, "invalid", "refund.mode unknown_value"),
		plan("a refund above the cap", `, "refund": {"amount": "1000.00"}`, 422, "invalid", "refund.amount above_cap"),
		plan("a refund of nothing", `, "refund": {"amount": "0.00"}`, 422, "invalid", "refund.amount out_of_range"),
		plan("a refund below nothing", `, "refund": {"amount": "-1"}`, 422, "invalid", "refund.amount out_of_range"),
		plan("a refund as number", `, "refund": {"amount": 1}`, 422, "invalid", "refund.amount wrong_type"),
		plan("a refund too fine", `, "refund": {"amount": "0.001"}`, 422, "invalid", "refund.amount too_many_decimals"),
		plan("a refund of no amount", `, "refund": {"amount": "all"}`, 422, "invalid", "refund.amount not_an_amount"),
		plan("an amount where none is given back", `, "refund": {"mode": "none", "amount": "1.00"}`, 422, "invalid", "refund.amount no_amount_in_this_mode"),
		plan("carrying over what was not taken", `, "refund": {"mode": "carry_over"}`, 422, "invalid", "refund.mode cannot_carry_over"),
		plan("a warehouse that is not there", `, "restock": [{"line_id": "L1", "warehouse": "nowhere"}]`, 422, "invalid", "restock[0].warehouse unknown_warehouse"),
		plan("no warehouse", `, "restock": [{"line_id": "L1"}]`, 422, "invalid", "restock[0].warehouse required"),
		plan("two warehouses for a line", `, "restock": [{"line_id": "L1", "warehouse": "SZ"}, {"line_id": "L1", "warehouse": "SZ"}]`, 422, "invalid", "restock[1].line_id repeated"),
		plan("a service to stock", `, "restock": [{"line_id": "L2", "warehouse": "SZ"}]`, 422, "invalid", "restock[0].line_id unknown_line"),
		plan("a department that is not there", `, "notify": {"departments": ["press"]}`, 422, "invalid", "notify.departments[0] unknown_value"),
		plan("a department twice", `, "notify": {"departments": ["sales", "sales"]}`, 422, "invalid", "notify.departments[1] there_twice"),
		plan("a customer who is text", `, "notify": {"customer": "yes"}`, 422, "invalid", "notify.customer wrong_type"),
		plan("a note that turns around", `, "note": "\u202e"`, 422, "invalid", "note bidi_characters"),
		plan("a note without end", `, "note": "`+strings.Repeat("长", 2001)+`"`, 422, "invalid", "note too_long"),
		void("a void without hash", ``, "plan_hash required"),
		void("a void with a hash of spaces", `, "plan_hash": " "`, "plan_hash required"),
		void("a void with a hash without end", `, "plan_hash": "`+strings.Repeat("0", 101)+`"`, "plan_hash too_long"),
		void("a void at version 0", `, "plan_hash": "x", "expected_version": 0`, "expected_version too_small"),
		void("a note for colleagues with NUL", `, "plan_hash": "x", "staff_note": "\u0000"`, "staff_note control_characters"),
		at("a void of a closed order", "DD20261122-000005", "order_closed"),
		at("a void of a rejected order", "DD20261122-000008", "order_rejected"),
		at("a void of a voided order", "DD20261122-000007", "already_voided"),
		{"a preview of an unknown order", request{path: posted + "/DD20261122-999999/void-plans", body: wish("")}, 404, "not_found", ""},
		{"placing an unknown order again", request{path: posted + "/DD20261122-999999/place-again", body: `{}`}, 404, "not_found", ""},
		{"a preview of what is no order", request{path: posted + "/x/void-plans", body: wish("")}, 404, "not_found", ""},
		{"a void of what is no order", request{path: posted + "/x/voids", body: wish(`, "plan_hash": "x"`)}, 404, "not_found", ""},
		verb("an unknown void", firstVoid+"/approve", `{}`, 404, "not_found", ""),
		verb("what cannot be a void", "x/approve", `{}`, 404, "not_found", ""),
		verb("a void of letters", "ZFabcdefgh-ijklmnopq/approve", `{}`, 404, "not_found", ""),
		verb("a void of an unknown order", "ZF20261122-999999001/revoke", `{}`, 404, "not_found", ""),
		verb("a step of an unknown void", firstVoid+"/steps/1/retry", `{}`, 404, "not_found", ""),
		verb("what cannot be a step", firstVoid+"/steps/x/retry", `{}`, 404, "not_found", ""),
		verb("approving at version 0", firstVoid+"/approve", `{"expected_version": 0}`, 404, "not_found", ""),
		{"a purchase of nothing", request{role: "manager", path: posted + "/" + known + "/purchases", body: `{"expected_version": 3, "line_id": "L1", "quantity": 0}`}, 422, "invalid", "quantity out_of_range"},
		{"a purchase for no line", request{role: "manager", path: posted + "/" + known + "/purchases", body: `{"expected_version": 3}`}, 422, "invalid", "line_id required"},
		{"a purchase without version", request{role: "manager", path: posted + "/" + known + "/purchases", body: `{"line_id": "L1"}`}, 422, "invalid", "expected_version required"},
		{"an invoice on parchment", request{role: "manager", path: posted + "/" + known + "/invoice", body: `{"expected_version": 3, "number": "1", "medium": "parchment"}`}, 422, "invalid", "medium unknown_value"},
		{"an invoice without number", request{role: "manager", path: posted + "/" + known + "/invoice", body: `{"expected_version": 3, "medium": "paper"}`}, 422, "invalid", "number required"},
	}
}

func TestBadInputAboutAVoidThatIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ path, body, field string }{
		"declined without reason": {"/decline", `{}`, "reason required"},
		"waived without reason":   {"/steps/1/waive", `{"reason": " "}`, "reason required"},
		"completed without proof": {"/steps/1/complete", `{"reason": "r"}`, "evidence required"},
		"evidence without end":    {"/steps/1/complete", `{"evidence": "` + strings.Repeat("x", 201) + `"}`, "evidence too_long"},
		"damaged without number":  {"/steps/1/complete", `{"evidence": "x", "outcome": "damaged", "damaged": [{"line_id": "L1"}]}`, "damaged[0].quantity required"},
		"approved at version 0":   {"/approve", `{"expected_version": 0}`, "expected_version too_small"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := voiding(t)
			for _, language := range []string{"zh-CN", "en"} {
				rec := b.send(t, request{path: verbOf + tt.path, role: "manager", body: tt.body, language: language})
				require.Equal(t, http.StatusUnprocessableEntity, rec.Code, rec.Body.String())
				require.Contains(t, fieldsOf(readProblem(t, rec)), tt.field)
			}
			require.Equal(t, http.StatusNotFound, b.send(t, request{path: verbOf + "/steps/99/retry", role: "manager", body: `{}`}).Code)
			require.Empty(t, b.submitted)
		})
	}
}

func TestTheMostThatCanBeGivenBackIsNamed(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	o := &b.view.Order
	o.Payments[0].AtOnce, o.Payments[0].Captured = true, o.Payments[0].Amount
	for language, want := range map[string]string{"en": "At most 596.00 CNY can be given back.", "zh-CN": "最多可退 596.00 CNY。"} {
		rec := b.send(t, request{path: plans, body: `{"reason_code": "duplicate", "refund": {"amount": "596.01"}}`, language: language})
		require.Equal(t, want, readProblem(t, rec).Errors[0].Message)
	}
}

func FuzzWishesAreAlwaysDecided(f *testing.F) {
	for _, tt := range badVoids() {
		if len(tt.request.body) < 1024 {
			f.Add(tt.request.body)
		}
	}
	f.Add(wholeVoid)
	f.Add(`{"reason_code": "duplicate", "lines": [{"line_id": "L1", "quantity": 2}], "refund": {"mode": "carry_over"}, "notify": {"customer": null}}`)
	f.Fuzz(func(t *testing.T, body string) {
		b := setup(t)
		rec := b.send(t, request{path: plans, body: body})
		require.Contains(t, []int{200, 400, 413, 422}, rec.Code, rec.Body.String())
		require.Empty(t, b.submitted)
		require.Empty(t, b.notes)
	})
}
