package rest_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// voiding is an order with a void of all of it that runs: packed goods, an appointment, an authorised payment.
func voiding(t *testing.T) bundle {
	t.Helper()
	b, _ := deciding(t)
	b.view.Order.Policy.RefundFirst = true // the money does not wait for the parcel to be unpacked
	confirmed := confirming(wholeVoid, b.preview(t, wholeVoid).PlanHash)
	require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirmed}).Code)
	rec := b.send(t, request{path: verbOf + "/approve", role: "manager", body: `{"note": "看过了"}`})
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	b.submitted = nil
	return b
}

// block parks the step of a kind, as the workflow does when a call was refused for good, and returns its ID.
func (b bundle) block(t *testing.T, kind, reason string, retryAt time.Time) string {
	t.Helper()
	o := &b.view.Order
	for _, task := range o.Tasks() {
		if task.Kind == kind {
			o.Attention = append(o.Attention, orders.Attention{Task: task.Name, Reason: reason, Role: "finance", Since: noon, RetryAt: retryAt})
			return task.Step
		}
	}
	require.Fail(t, "no task "+kind)
	return ""
}

func (b bundle) verb(t *testing.T, role, path, body string) voidShown {
	t.Helper()
	rec := b.send(t, request{path: verbOf + path, role: role, body: body, key: "key of " + role + " " + path})
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	return read[voidShown](t, rec.Body.Bytes())
}

func (b bundle) refusedVerb(t *testing.T, role, path, body string) problem {
	t.Helper()
	return readProblem(t, b.send(t, request{path: verbOf + path, role: role, body: body, key: "another key of " + role + " " + path}))
}

func TestAVoidIsApprovedByASecondPersonWithinTheirLimit(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	confirmed := confirming(wholeVoid, b.preview(t, wholeVoid).PlanHash)
	require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirmed}).Code)
	for range 2 {
		rec := b.send(t, request{path: verbOf + "/approve", role: "manager", body: `{"note": "看过了"}`})
		require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
		v := read[voidShown](t, rec.Body.Bytes())
		require.Equal(t, "running", v.Status)
		require.Equal(t, "staff-manager", v.DecidedBy.ID)
		require.Equal(t, "c-1", v.CommandID)
		require.Equal(t, "voiding", v.Stage)
		require.Equal(t, "http://api.test"+voids+"/"+firstVoid, v.Links.Self)
	}
	command, ok := b.submitted[1].Command.(*orders.ApprovePlan)
	require.True(t, ok)
	require.Equal(t, int64(10_000_00), command.Limit)
	require.Equal(t, known, b.submitted[1].Order)
	require.Equal(t, "看过了", b.submitted[1].NoteText)
	require.Equal(t, "not_awaiting_approval", b.refusedVerb(t, "manager", "/approve", `{}`).Code)
	require.Equal(t, "not_cooling_off", b.refusedVerb(t, "manager", "/revoke", `{}`).Code)
}

func TestNobodyApprovesTheirOwnVoidOrMoreThanTheyMay(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"en": "Ask a colleague", "zh-CN": "其他同事"} {
		b, _ := deciding(t)
		b.view.Order.Policy.VoidApproval = true
		rec := b.send(t, request{path: plans, role: "manager", body: wholeVoid})
		confirmed := confirming(wholeVoid, read[previewed](t, rec.Body.Bytes()).PlanHash)
		require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, role: "manager", body: confirmed}).Code)
		rec = b.send(t, request{path: verbOf + "/approve", role: "manager", body: `{}`, language: language})
		require.Equal(t, http.StatusForbidden, rec.Code, rec.Body.String())
		p := readProblem(t, rec)
		require.Equal(t, "own_request", p.Code)
		require.Contains(t, p.Detail, want)
		require.Equal(t, "awaiting_approval", string(b.view.Order.Amendments[0].Status))
	}
	b := setup(t)
	b.view.Order.Amendments = []orders.Amendment{{ID: firstVoid, Kind: orders.KindVoid, Status: orders.AwaitingApproval}}
	b.answer = refusedWith(orders.Problem{Code: orders.CodeAboveLimit, Params: []string{"596.00"}})
	rec := b.send(t, request{path: verbOf + "/approve", role: "finance", body: `{}`})
	require.Equal(t, http.StatusForbidden, rec.Code, rec.Body.String())
}

func TestAVoidThatWaitsIsDeclinedOrRevoked(t *testing.T) {
	t.Parallel()
	for verb, tt := range map[string]struct {
		cooling time.Duration
		body    string
		status  string
		want    orders.Command
	}{
		"decline": {0, `{"reason": "客户改变主意", "expected_version": 4}`, "declined", &orders.DeclinePlan{ID: firstVoid}},
		"revoke":  {time.Hour, `{}`, "revoked", &orders.Revoke{ID: firstVoid}},
	} {
		b, _ := deciding(t)
		b.view.Order.Policy.CoolingOff = tt.cooling
		body := wholeVoid
		if tt.cooling > 0 {
			body = `{"reason_code": "duplicate", "lines": [{"line_id": "L1", "quantity": 1}]}`
		}
		require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirming(body, b.preview(t, body).PlanHash)}).Code)
		v := b.verb(t, "manager", "/"+verb, tt.body)
		require.Equal(t, tt.status, v.Status)
		require.Equal(t, "fulfilling", v.Stage)
		require.IsType(t, tt.want, b.submitted[1].Command)
	}
}

func TestABlockedStepSaysWhyAndWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{
		"en":    "The other side refused this. Find out why, then retry.",
		"zh-CN": "对方拒绝了此操作，请查明原因后重试。",
	} {
		b := voiding(t)
		retryAt := noon.Add(time.Hour)
		id := b.block(t, orders.StepReleasePayment, orders.RefusedRefused, retryAt)
		read1 := func(role string) stepShown {
			rec := b.send(t, request{method: "GET", path: voids + "/" + firstVoid, role: role, language: language})
			require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
			v := read[voidShown](t, rec.Body.Bytes())
			require.Equal(t, "blocked", v.Money[0].ReleaseState)
			return v.step(t, orders.StepReleasePayment)
		}
		s := read1("manager")
		require.Equal(t, id, s.ID)
		require.Equal(t, "blocked", s.State)
		require.Equal(t, "refused", s.LastError)
		require.Equal(t, want, s.Message)
		require.True(t, retryAt.Equal(*s.NextAttemptAt))
		require.Equal(t, []string{"retry", "complete", "waive"}, s.Verbs)
		require.Empty(t, read1("auditor").Verbs, "the auditor writes nothing")
		whole := b.send(t, request{method: "GET", path: posted + "/" + known, role: "manager", language: language})
		require.Equal(t, http.StatusOK, whole.Code)
		require.NotRegexp(t, `\(code |代码`, whole.Body.String(), "every action that is not allowed has a reason")
	}
}

func TestABlockedStepIsRetried(t *testing.T) {
	t.Parallel()
	b := voiding(t)
	id := b.block(t, orders.StepReleasePayment, orders.RefusedRefused, time.Time{})
	v := b.verb(t, "manager", "/steps/"+id+"/retry", `{"reason": "渠道已恢复"}`)
	require.Equal(t, "running", v.step(t, orders.StepReleasePayment).State)
	require.Equal(t, "渠道已恢复", b.submitted[0].NoteText)
	require.Equal(t, &orders.StepRef{ID: firstVoid, StepID: id}, &b.submitted[0].Command.(*orders.RetryStep).StepRef)
}

func TestAStepIsCompletedByHandWithEvidence(t *testing.T) {
	t.Parallel()
	b := voiding(t)
	id := b.block(t, orders.StepReleasePayment, orders.RefusedRefused, time.Time{})
	v := b.verb(t, "manager", "/steps/"+id+"/complete", `{"evidence": "SLIP-7", "reason": "called the bank"}`)
	require.Equal(t, "SLIP-7", v.step(t, orders.StepReleasePayment).Evidence)
	require.Equal(t, "not_taken", b.refusedVerb(t, "manager", "/steps/"+putBack(t, v)+"/complete", `{"evidence": "x", "outcome": "good"}`).Errors[0].Code)
}

func putBack(t *testing.T, v voidShown) string {
	t.Helper()
	return v.step(t, orders.StepPutBack).ID
}

func TestDeliveredGoodsComeBackDamaged(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	o := &b.view.Order
	o.Shipments[0].Status, o.Shipments[0].Tracking, o.Shipments[0].StockMoved = orders.Delivered, "SF1", true
	o.Shipments[0].HandedOverAt, o.Shipments[0].DeliveredAt = noon, noon
	o.Lines[0].Shipped, o.Lines[0].Delivered, o.Lines[0].Reserved, o.Reservations[0].Quantity = 1, 1, 2, 2
	body := `{"reason_code": "delivery_refused", "lines": [{"line_id": "L1", "quantity": 3}]}`
	p := b.preview(t, body)
	require.Equal(t, int64(1), p.Plan.Takes[0].Shipped)
	require.Contains(t, p.Plan.Approvals, orders.ApprovalGoodsLeft)
	require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirming(body, p.PlanHash)}).Code)
	v := b.verb(t, "manager", "/approve", `{}`)
	inspect := "/steps/" + v.step(t, orders.StepInspect).ID + "/complete"
	require.Equal(t, "step_not_blocked", b.refusedVerb(t, "manager", inspect, `{"evidence": "x", "outcome": "good"}`).Code, "its turn has not come")
	for _, step := range []struct{ kind, body string }{
		{orders.StepApproveReturn, `{"evidence": "RMA-1"}`},
		{orders.StepReceive, `{"evidence": "DOCK-7"}`},
	} {
		v = b.verb(t, "manager", "/steps/"+v.step(t, step.kind).ID+"/complete", step.body)
		require.Equal(t, "done", v.step(t, step.kind).State)
		require.Equal(t, orders.EndCompleted, v.step(t, step.kind).End)
	}
	for body, field := range map[string]string{
		`{"evidence": "QC-1"}`:                     "outcome required",
		`{"evidence": "QC-1", "outcome": "eaten"}`: "outcome unknown_value",
		`{"evidence": "QC-1", "outcome": "damaged", "damaged": [{"line_id": "L1", "quantity": 2}]}`:             "damaged[0].quantity out_of_range",
		`{"evidence": "QC-1", "outcome": "good", "damaged": [{"line_id": "L1", "quantity": 1}]}`:                "damaged not_taken",
		`{"evidence": "QC-1", "outcome": "damaged", "damaged": [{"line_id": "SVC-INSTALL", "quantity": 1}]}`:    "damaged[0].line_id unknown_line",
		`{"evidence": "QC-1", "outcome": "damaged", "damaged": [{"line_id": "L1", "quantity": 1}], "extra": 1}`: "extra unknown_field",
	} {
		require.Contains(t, fieldsOf(b.refusedVerb(t, "manager", inspect, body)), field)
	}
	v = b.verb(t, "manager", inspect, `{"evidence": "QC-1", "outcome": "damaged", "damaged": [{"line_id": "L1", "quantity": 1}]}`)
	require.Equal(t, "damaged", v.step(t, orders.StepInspect).Outcome)
	require.Equal(t, []struct{ Quantity int64 }{{1}}, v.step(t, orders.StepInspect).Damaged)
	require.Equal(t, "running", v.step(t, orders.StepRestock).State, "scrapping is the book's own work")
	require.Equal(t, int64(1), b.view.Order.Lines[0].Returned)
}

func TestAStepIsWaivedByTwoPeople(t *testing.T) {
	t.Parallel()
	b := voiding(t)
	id := b.block(t, orders.StepReleasePayment, orders.RefusedRefused, time.Time{})
	path, body := "/steps/"+id+"/waive", `{"reason": "渠道承诺过期释放"}`
	v := b.verb(t, "manager", path, body)
	s := v.step(t, orders.StepReleasePayment)
	require.Equal(t, "blocked", s.State)
	require.Equal(t, "staff-manager", s.WaiveAskedBy.ID)
	require.NotContains(t, s.Verbs, "waive", "the same person is no second one")
	rec := b.send(t, request{path: verbOf + path, role: "manager", body: body, key: "another-key-1234"})
	require.Equal(t, http.StatusForbidden, rec.Code, rec.Body.String())
	require.Equal(t, "own_request", readProblem(t, rec).Code)
	s = b.verb(t, "finance", path, body).step(t, orders.StepReleasePayment)
	require.Equal(t, "waived", s.State)
	require.Equal(t, http.StatusConflict, b.refusedVerb(t, "manager", path, body).Status, "it has ended")
}

func TestVerbsOfStepsThatAreNotBlockedAreRefused(t *testing.T) {
	t.Parallel()
	b := voiding(t)
	rec := b.send(t, request{method: "GET", path: voids + "/" + firstVoid})
	v := read[voidShown](t, rec.Body.Bytes())
	release, tell := v.step(t, orders.StepRelease).ID, v.step(t, orders.StepTell).ID
	b.block(t, orders.StepReleasePayment, orders.RefusedRefused, time.Time{}) // another step would take every verb
	for path, code := range map[string]string{
		"/steps/" + tell + "/retry":       orders.CodeStepNotBlocked,
		"/steps/" + release + "/complete": orders.CodeStepNotByHand,
		"/steps/" + release + "/waive":    orders.CodeStepNotWaivable,
	} {
		before := b.view.Order.Seq
		p := b.refusedVerb(t, "manager", path, bodyOf(path))
		require.Equal(t, http.StatusConflict, p.Status)
		require.Equal(t, code, p.Code)
		require.Equal(t, before, b.view.Order.Seq)
	}
}

// bodyOf is a body that a verb takes.
func bodyOf(path string) string {
	switch path[len(path)-5:] {
	case "plete":
		return `{"evidence": "SLIP-7"}`
	case "prove":
		return `{"note": "n"}`
	}
	return `{"reason": "r"}`
}

func TestGoodsAreAskedOfTheSupplierAndInvoicesRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := int64(3)
	for path, tt := range map[string]struct {
		body    string
		status  int
		command orders.Command
	}{
		"/purchases": {
			`{"expected_version": 3, "line_id": "L1", "quantity": 2}`, http.StatusCreated,
			&orders.RequestPurchase{Header: orders.Header{ExpectedVersion: &version}, LineID: "L1", Quantity: 2},
		},
		"/invoice": {
			`{"expected_version": 3, "number": "031002100311", "medium": "paper"}`, http.StatusOK,
			&orders.IssueInvoice{Header: orders.Header{ExpectedVersion: &version}, Number: "031002100311", Paper: true},
		},
	} {
		b.submitted = nil
		rec := b.send(t, request{path: posted + "/" + known + path, role: "manager", body: tt.body})
		require.Equal(t, tt.status, rec.Code, rec.Body.String())
		require.Equal(t, tt.command, b.submitted[0].Command)
	}
	b.view.Order.Purchases = []orders.Purchase{{ID: "B1", LineID: "L1", SKU: "TEA-001", Quantity: 2, Status: orders.PurchaseRequested, Reference: "PO-9"}}
	b.view.Order.Invoiced = &orders.IssuedInvoice{Number: "031002100311", Paper: true, At: noon}
	o := read[struct {
		Purchases []struct{ ID, Status, Reference string }
		Invoice   struct {
			Kind, Number, Medium string
			IssuedAt             time.Time `json:"issued_at"`
		}
	}](t, b.send(t, request{method: "GET", path: posted + "/" + known}).Body.Bytes())
	require.Equal(t, "requested", o.Purchases[0].Status)
	require.Equal(t, "031002100311", o.Invoice.Number)
	require.Equal(t, "paper", o.Invoice.Medium)
	require.True(t, noon.Equal(o.Invoice.IssuedAt))
}

func TestOnlyWhoMayDecidesAboutVoids(t *testing.T) {
	t.Parallel()
	verbs := map[string]string{
		"/approve": orders.CmdApprovePlan, "/decline": orders.CmdDeclinePlan, "/revoke": orders.CmdRevoke,
		"/steps/1/retry": orders.CmdRetryStep, "/steps/1/complete": orders.CmdCompleteStep, "/steps/1/waive": orders.CmdWaiveStep,
	}
	for _, role := range orders.Roles() {
		for verb, right := range verbs {
			b := setup(t)
			rec := b.send(t, request{path: verbOf + verb, role: role, body: `{"unheard-of": 1}`})
			require.Len(t, b.audited, 1)
			require.Equal(t, right, b.audited[0].Action)
			require.Equal(t, known, b.audited[0].Order, "the void's ID has the order's number in it")
			if orders.May(role, right) {
				require.Equal(t, http.StatusBadRequest, rec.Code, "%s %s", role, right)
				continue
			}
			require.Equal(t, http.StatusForbidden, rec.Code, "%s %s", role, right)
			require.Equal(t, orders.CodeForbidden, b.audited[0].Code)
		}
		b := setup(t)
		code := b.send(t, request{method: "GET", path: voids, role: role}).Code
		require.Equal(t, orders.May(role, orders.DoReadOrder), code == http.StatusOK, role)
	}
	require.True(t, orders.May("clerk", orders.CmdVoid))
	require.False(t, orders.May("clerk", orders.CmdApprovePlan), "a clerk may not approve")
	for _, right := range slices.AppendSeq([]string{orders.CmdVoid}, maps.Values(verbs)) {
		require.False(t, orders.May("auditor", right), right)
		require.False(t, orders.May("admin", right), right)
		require.False(t, orders.May("viewer", right), right)
	}
}
