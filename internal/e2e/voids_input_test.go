package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// badVoid is a request about a void, with what is to be said about it.
type badVoid struct {
	name   string
	r      request
	status int
	code   string
	field  string
}

// unchanged requires that requests are refused as they should be, and leave the order as it was but for the audit log.
func unchanged(t *testing.T, o *order, list []badVoid) {
	t.Helper()
	was := o.state()
	for _, bad := range list {
		a := o.settle(bad.r)
		require.Equal(t, bad.status, a.status, "%s: %s", bad.name, a)
		p := a.refused(bad.status, bad.code)
		if bad.field != "" {
			require.NotEmpty(t, p.Errors, bad.name)
			require.Equal(t, bad.field, p.Errors[0].Field, bad.name)
			require.NotEmpty(t, p.Errors[0].Message, bad.name)
		}
		now := o.state()
		require.Equal(t, was.Version, now.Version, bad.name)
		require.Equal(t, was.Seq, now.Seq, bad.name)
		if bad.status == http.StatusConflict || bad.status == http.StatusForbidden {
			require.Equal(t, 1, scalar[int](t, `SELECT count(*) FROM audit WHERE request_id = $1 AND outcome = 'refused'`,
				a.header.Get("X-Request-Id")), "%s is not in the audit log", bad.name)
		}
	}
	require.Equal(t, was, o.state())
}

// with returns a void's body with more in it.
func with(body object, field string, value any) object {
	more := object{field: value}
	for name, was := range body {
		if name != field {
			more[name] = was
		}
	}
	return more
}

func TestBadVoidsAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	const conflict, invalid, bad = http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest
	o := immediate(t, 5)
	other := inReview(t)
	hash := o.preview("clerk", wish()).PlanHash
	foreign := other.preview("clerk", wish()).PlanHash
	confirm := func(body object) request { return o.confirming("clerk", body, hash) }
	plan := func(body object) request { return o.asking("clerk", body) }
	without := func(r request, field string) request {
		body := object{}
		for name, value := range r.body.(object) {
			if name != field {
				body[name] = value
			}
		}
		r.body = body
		return r
	}
	refund := func(amount string) object { return with(wish(), "refund", object{"amount": amount}) }
	lines := func(list ...object) object { return with(wish(), "lines", list) }
	unit := func(id string, quantity any) object { return object{"line_id": id, "quantity": quantity} }
	cases := []badVoid{
		{"a wrong hash", o.confirming("clerk", wish(), strings.Repeat("0", 64)+hash[64:]), conflict, "plan_stale", ""},
		{"a hash that is none", o.confirming("clerk", wish(), "nonsense"), conflict, "plan_stale", ""},
		{"a hash with a later expiry", o.confirming("clerk", wish(), hash[:65]+"99999999999"), conflict, "plan_stale", ""},
		{"the hash of another order", o.confirming("clerk", wish(), foreign), conflict, "plan_stale", ""},
		{"the hash of another wish", confirm(some("L1", 1)), conflict, "plan_stale", ""},
		{"the hash of somebody else", o.confirming("finance", wish(), hash), conflict, "plan_stale", ""},
		{"a version of later", confirm(with(wish(), "expected_version", 99)), conflict, "stale_version", ""},
		{"no hash", without(confirm(wish()), "plan_hash"), invalid, "invalid", "plan_hash"},
		{"a long hash", o.confirming("clerk", wish(), strings.Repeat("a", 101)), invalid, "invalid", "plan_hash"},
		{"no reason", without(confirm(wish()), "reason_code"), invalid, "invalid", "reason_code"},
		{"an unknown reason", confirm(with(wish(), "reason_code", "boredom")), invalid, "invalid", "reason_code"},
		{"an unknown reason in a plan", plan(object{"reason_code": "boredom"}), invalid, "invalid", "reason_code"},
		{"other without a note", without(confirm(object{"reason_code": "other"}), "note"), invalid, "invalid", "note"},
		{"more than is left", plan(lines(unit("L1", 6))), invalid, "invalid", "lines[0].quantity"},
		{"more than is left, confirmed", confirm(lines(unit("L1", 6))), invalid, "invalid", "lines[0].quantity"},
		{"none", plan(lines(unit("L1", 0))), invalid, "invalid", "lines[0].quantity"},
		{"less than none", plan(lines(unit("L1", -1))), invalid, "invalid", "lines[0].quantity"},
		{"half a unit", plan(lines(unit("L1", 0.5))), invalid, "invalid", "lines[0].quantity"},
		{"a word", plan(lines(unit("L1", "all"))), invalid, "invalid", "lines[0].quantity"},
		{"an unknown line", plan(lines(unit("L9", 1))), invalid, "invalid", "lines[0].line_id"},
		{"a line twice", plan(lines(unit("L1", 1), unit("L1", 1))), invalid, "invalid", "lines[1].line_id"},
		{"no lines", plan(with(wish(), "lines", []object{})), invalid, "invalid", "lines"},
		{"a refund above the cap", plan(refund("362.01")), invalid, "invalid", "refund.amount"},
		{"a refund above the cap, confirmed", confirm(refund("362.01")), invalid, "invalid", "refund.amount"},
		{"a refund below zero", plan(refund("-1.00")), invalid, "invalid", "refund.amount"},
		{"no number", plan(refund("NaN")), invalid, "invalid", "refund.amount"},
		{"too many decimals", plan(refund("1.001")), invalid, "invalid", "refund.amount"},
		{"an amount of none", plan(with(wish(), "refund", object{"mode": "none", "amount": "1.00"})), invalid, "invalid", "refund.amount"},
		{"an unknown way back", plan(with(wish(), "refund", object{"mode": "barter"})), invalid, "invalid", "refund.mode"},
		{"an unknown department", plan(with(wish(), "notify", object{"departments": []string{"kitchen"}})), invalid, "invalid", "notify.departments[0]"},
		{"an unknown warehouse", plan(with(wish(), "restock", []object{{"line_id": "L1", "warehouse": "MOON"}})), invalid, "invalid", "restock[0].warehouse"},
		{"an unknown field", plan(with(wish(), "colour", "red")), bad, "unknown_field", "colour"},
		{"an unknown field deep", plan(with(wish(), "refund", object{"colour": "red"})), bad, "unknown_field", "refund.colour"},
		{"a field twice", plan(nil), bad, "duplicate_field", "reason_code"},
		{"nothing", plan(nil), bad, "unreadable", ""},
		{"a void without the right", o.confirming("warehouse", wish(), hash), http.StatusForbidden, "forbidden", ""},
		{"a plan without the right", o.asking("warehouse", wish()), http.StatusForbidden, "forbidden", ""},
	}
	cases[len(cases)-4].r.body = []byte(`{"reason_code":"duplicate","reason_code":"other"}`)
	cases[len(cases)-3].r.body = []byte(``)
	unchanged(t, o, cases)
	p := o.settle(plan(refund("362.01"))).refused(invalid, "invalid")
	require.Contains(t, p.Errors[0].Message, "362.00", "the refusal names the maximum")
	fresh := into[preview](o.settle(o.confirming("clerk", wish(), foreign)).want(conflict))
	require.NotEmpty(t, fresh.Plan.Steps)
	o.settle(o.confirming("clerk", wish(), fresh.PlanHash)).want(http.StatusAccepted)
	o.isVoided()
	require.Equal(t, []string{"captured 362.00", "refunded 362.00"}, paid(t, o.number))
	unchanged(t, o, []badVoid{
		{"a void of a voided order", o.confirming("clerk", wish(), hash), conflict, "already_voided", ""},
		{"a plan for a voided order", o.asking("clerk", wish()), conflict, "already_voided", ""},
	})
}

func TestAPlanThatHasExpiredIsRefusedWithTheFreshOne(t *testing.T) {
	t.Parallel()
	o := hurried(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	old := o.preview("clerk", wish())
	eventually(t, "the plan to expire", func() (any, bool) {
		now := scalar[bool](t, `SELECT now() > $1`, old.ExpiresAt)
		return old, now
	})
	was := o.state()
	a := o.settle(o.confirming("clerk", wish(), old.PlanHash))
	a.refused(http.StatusConflict, "plan_expired")
	require.Equal(t, was, o.state())
	fresh := into[preview](a)
	require.NotEqual(t, old.PlanHash, fresh.PlanHash)
	v := into[void](o.settle(o.confirming("clerk", wish(), fresh.PlanHash)).want(http.StatusAccepted))
	require.Equal(t, "cooling_off", v.Status)
	o.isVoided()
}

func TestBadVerbsAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	const conflict, invalid, missing = http.StatusConflict, http.StatusUnprocessableEntity, http.StatusNotFound
	o, v, s := blocked(t)
	verb := func(role, path string, body object) request {
		return request{role: role, path: "/voids/" + path, body: body}
	}
	steps := v.ID + "/steps/"
	ended, waiting := o.awaitStep(v.ID, "notify_customer", "done").ID, v.step("notify_refund").ID
	unchanged(t, o, []badVoid{
		{"retry of what has ended", verb("finance", steps+ended+"/retry", object{}), conflict, "step_ended", ""},
		{"retry of what is pending", verb("finance", steps+waiting+"/retry", object{}), conflict, "step_not_blocked", ""},
		{"completing what is pending", verb("finance", steps+waiting+"/complete", object{"evidence": "B-1"}), conflict, "step_not_blocked", ""},
		{"completing our own books", verb("manager", steps+v.step("release_stock").ID+"/complete", object{"evidence": "B-1"}), conflict, "step_ended", ""},
		{"no evidence", verb("finance", steps+s.ID+"/complete", object{}), invalid, "invalid", "evidence"},
		{"long evidence", verb("finance", steps+s.ID+"/complete", object{"evidence": strings.Repeat("e", 201)}), invalid, "invalid", "evidence"},
		{"an outcome that the step has not", verb("finance", steps+s.ID+"/complete", object{"evidence": "B-1", "outcome": "good"}), invalid, "invalid", "outcome"},
		{"no reason to waive", verb("finance", steps+s.ID+"/waive", object{}), invalid, "invalid", "reason"},
		{"a step that is not there", verb("finance", steps+"99/retry", object{}), missing, "not_found", ""},
		{"a step of another kind", verb("finance", steps+"refund/retry", object{}), missing, "not_found", ""},
		{"a void that is not there", verb("finance", v.ID[:len(v.ID)-3]+"099/steps/1/retry", object{}), missing, "not_found", ""},
		{"a void of no order", verb("finance", "ZF20200101-000001001/steps/1/retry", object{}), missing, "not_found", ""},
		{"an ID that is none", verb("finance", "nonsense/approve", object{}), missing, "not_found", ""},
		{"approving what runs", verb("manager", v.ID+"/approve", object{}), conflict, "not_awaiting_approval", ""},
		{"declining what runs", verb("manager", v.ID+"/decline", object{"reason": "不"}), conflict, "not_awaiting_approval", ""},
		{"revoking what runs", verb("clerk", v.ID+"/revoke", object{}), conflict, "not_cooling_off", ""},
		{"a void of what is being voided", o.confirming("clerk", wish(), "x"), conflict, "already_voided", ""},
		{"a verb without the right", verb("reviewer", steps+s.ID+"/retry", object{}), http.StatusForbidden, "forbidden", ""},
	})
	o.onVoid("finance", v.ID, "steps/"+s.ID+"/retry", nil).want(http.StatusOK)
	o.isVoided()
}

func TestNobodyApprovesTheirOwnVoidAndAnApproverHasALimitToo(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TBL-001", 2, "2980.00")))
	o.awaitReady()
	v := o.void("finance", wish())
	require.Equal(t, "awaiting_approval", v.Status)
	unchanged(t, o, []badVoid{
		{"one's own request", request{role: "finance", path: "/voids/" + v.ID + "/approve", body: object{}}, http.StatusForbidden, "own_request", ""},
		{"another void meanwhile", o.confirming("manager", wish(), "x"), http.StatusConflict, "plan_open", ""},
	})
	o.onVoid("manager", v.ID, "decline", object{"reason": "先联系客户"}).want(http.StatusOK)
	v = o.void("clerk", wish())
	unchanged(t, o, []badVoid{
		{"above the approver's limit", request{role: "finance", path: "/voids/" + v.ID + "/approve", body: object{}}, http.StatusForbidden, "above_limit", ""},
	})
	o.onVoid("manager", v.ID, "approve", nil).want(http.StatusOK)
	o.isVoided()
}

func TestSplittingAVoidDoesNotPassTheLimit(t *testing.T) {
	t.Parallel()
	o := immediate(t, 10)
	require.Empty(t, o.void("clerk", some("L1", 4)).Approvals) // 280.00 of 500.00
	o.await("voided in part", func(v view) bool { return v.Voids[0].Status == "completed" })
	v := o.void("clerk", some("L1", 4))
	require.Equal(t, []string{"amount_above_limit"}, v.Approvals)
	require.Equal(t, "awaiting_approval", v.Status)
	o.onVoid("finance", v.ID, "approve", nil).want(http.StatusOK)
	o.await("voided in part again", func(v view) bool { return v.Voids[1].Status == "completed" })
	o.sendAll()
	o.closes()
	require.Equal(t, []string{"captured 712.00", "refunded 280.00", "refunded 280.00"}, paid(t, o.number))
}

func TestVoidsOfFinishedOrdersSayWhichWayIsOpen(t *testing.T) {
	t.Parallel()
	rejected := inReview(t)
	rejected.tell("reviewer", "reject", object{"reason_code": "customer_request"}).want(http.StatusOK)
	rejected.ends("rejected")
	closed := place(t, typed(line("TEA-001", 1, "128.00")))
	closed.awaitReady()
	closed.sendAll()
	closed.closes()
	for _, of := range []struct {
		o    *order
		code string
	}{{rejected, "order_rejected"}, {closed, "order_closed"}} {
		unchanged(t, of.o, []badVoid{
			{"a plan", of.o.asking("clerk", wish()), http.StatusConflict, of.code, ""},
			{"a void", of.o.confirming("clerk", wish(), "x"), http.StatusConflict, of.code, ""},
		})
	}
}
