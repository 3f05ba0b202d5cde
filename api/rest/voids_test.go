package rest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

const (
	plans  = posted + "/" + known + "/void-plans"
	voids  = posted + "/" + known + "/voids"
	verbOf = "/api/v1/voids/" + firstVoid
)

// decides has the domain itself answer commands, on the order that is read afterwards. The clock of its workflow is at.
func (b bundle) decides(t *testing.T, at *time.Time) {
	t.Helper()
	answered := map[string]orders.Receipt{}
	b.answer = func(s orders.Submission) (orders.Receipt, error) {
		id := s.Actor.ID + " " + s.Route + " " + s.Key
		if earlier, ok := answered[id]; ok {
			earlier.Replayed = true
			return earlier, nil
		}
		receipt := orders.Receipt{CommandID: "c-1", Order: s.Order}
		decision, err := orders.Decide(b.view.Order, delivered(t, s, id), *at)
		if err != nil {
			problem := orders.AsProblem(err)
			receipt.Outcome.Problem = &problem
			return receipt, nil
		}
		o := decision.Order
		b.view.Order = o
		receipt.Outcome = orders.Outcome{Accepted: true, Answer: &orders.Answer{
			Number: o.Number, Version: o.Version, Stage: o.Stage, Subject: decision.Subject,
		}}
		answered[id] = receipt
		return receipt, nil
	}
}

// delivered is the command as the order gets it: by way of JSON.
func delivered(t *testing.T, s orders.Submission, id string) orders.Command {
	t.Helper()
	head := s.Command.Head()
	head.CommandID, head.Actor = id, s.Actor
	if s.NoteText != "" {
		head.NoteID = "n-1"
	}
	text, err := json.Marshal(s.Command)
	require.NoError(t, err)
	command, err := orders.DecodeCommand(s.Command.Name(), text)
	require.NoError(t, err)
	return command
}

// deciding is setup with an order that the domain answers for.
func deciding(t *testing.T) (bundle, *time.Time) {
	t.Helper()
	b, at := setup(t), noon
	b.view.Order.Hold, b.view.Order.Attention, b.view.Order.Captures = nil, nil, nil
	b.view.Order.Payments[0].Reference = "ref-1"
	b.decides(t, &at)
	return b, &at
}

type previewed struct {
	Plan struct {
		Kind  string
		Whole bool
		Takes []struct{ Quantity, Shipped int64 }
		Steps []struct{ ID, Kind string }
		Money []struct {
			Release, Refund struct{ Amount, Currency string }
		}
		Total        struct{ Amount, Currency string }
		Approvals    []string
		Notices      []string
		Warnings     []struct{ Code, Message string }
		Alternatives []struct{ Code, Message string }
	}
	PlanHash     string    `json:"plan_hash"`
	OrderVersion int64     `json:"order_version"`
	ExpiresAt    time.Time `json:"expires_at"`
}

func (b bundle) preview(t *testing.T, body string) previewed {
	t.Helper()
	rec := b.send(t, request{path: plans, body: body})
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	return read[previewed](t, rec.Body.Bytes())
}

// confirming is a body with the hash of the plan that was made for it.
func confirming(body, hash string) string {
	return strings.TrimSuffix(body, "}") + `, "plan_hash": "` + hash + `"}`
}

type stepShown struct {
	ID, Kind, State, End, Evidence, Outcome, Message string
	LastError                                        string `json:"last_error"`
	Damaged                                          []struct{ Quantity int64 }
	Verbs                                            []string
	NextAttemptAt                                    *time.Time                 `json:"next_attempt_at"`
	WaiveAskedBy                                     *struct{ ID, Role string } `json:"waive_asked_by"`
}

type voidShown struct {
	VoidID    string `json:"void_id"`
	CommandID string `json:"command_id"`
	Status    string
	Number    string
	Stage     string
	Version   int64
	Approvals []string
	DecidedBy *struct{ ID string } `json:"decided_by"`
	Money     []struct {
		PaymentID    string `json:"payment_id"`
		ReleaseState string `json:"release_state"`
		RefundState  string `json:"refund_state"`
		RefundNumber string `json:"refund_number"`
	}
	Steps []stepShown
	Links struct{ Self, Order, Command string }
}

func (v voidShown) step(t *testing.T, kind string) stepShown {
	t.Helper()
	for _, s := range v.Steps {
		if s.Kind == kind {
			return s
		}
	}
	require.Fail(t, "no step "+kind)
	return stepShown{}
}

const wholeVoid = `{"reason_code": "customer_request", "note": "客户不要了"}`

func TestAPlanIsShownAndNothingIsWrittenDown(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	before, err := json.Marshal(b.view)
	require.NoError(t, err)
	p := b.preview(t, wholeVoid)
	require.Equal(t, "void", p.Plan.Kind)
	require.True(t, p.Plan.Whole)
	require.Equal(t, int64(3), p.OrderVersion)
	require.Equal(t, "0.00", p.Plan.Total.Amount)
	require.Equal(t, "596.00", p.Plan.Money[0].Release.Amount)
	require.Contains(t, p.Plan.Approvals, orders.ApprovalAmount, "a clerk's limit is 500.00")
	require.Contains(t, p.Plan.Notices, "customer")
	require.True(t, p.ExpiresAt.After(noon))
	require.NotEmpty(t, p.PlanHash)
	after, err := json.Marshal(b.view)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.Empty(t, b.submitted)
	require.Empty(t, b.audited)
	require.Empty(t, b.notes)
	again := b.preview(t, wholeVoid)
	require.Equal(t, p, again, "the same key, or another one: it is made anew")
}

func TestAPlanSpeaksTheCallersLanguage(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	o := &b.view.Order
	o.Lines[1].Delivered, o.Appointments[0].Status = 1, orders.Performed
	for language, want := range map[string][2]string{
		"en":    {"Line L2: the service was performed and stays in the order.", "Put the order on hold instead while the customer decides."},
		"zh-CN": {"明细 L2：服务已完成，不在作废范围内。", "先挂起订单，等客户决定。"},
	} {
		rec := b.send(t, request{path: plans, body: wholeVoid, language: language})
		require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
		p := read[previewed](t, rec.Body.Bytes())
		require.Equal(t, want[0], p.Plan.Warnings[0].Message)
		require.Equal(t, want[1], p.Plan.Alternatives[0].Message)
		require.NotRegexp(t, `\(code |代码`, rec.Body.String(), "every code has a sentence")
	}
}

func TestTheConfirmedPlanIsTheOnePreviewed(t *testing.T) {
	t.Parallel()
	for _, wish := range []string{
		wholeVoid,
		`{"reason_code": "other", "note": "n", "lines": [{"line_id": "L1", "quantity": 1}]}`,
		`{"reason_code": "duplicate", "refund": {"mode": "none"}, "notify": {"customer": false, "departments": ["finance"]}}`,
		`{"reason_code": "price_error", "refund": {"mode": "original", "amount": "0.01"}, "notify": {"departments": []}}`,
		`{"reason_code": "out_of_stock", "restock": [{"line_id": "L1", "warehouse": "SZ"}], "lines": [{"line_id": "L1", "quantity": 3}]}`,
		`{"reason_code": "customer_change", "refund": {"mode": "carry_over"}, "notify": {}}`,
	} {
		b, _ := deciding(t)
		o := &b.view.Order
		o.Payments[0].AtOnce, o.Payments[0].Captured = true, o.Payments[0].Amount
		p := b.preview(t, wish)
		rec := b.send(t, request{path: voids, body: confirming(wish, p.PlanHash)})
		require.Equal(t, http.StatusAccepted, rec.Code, "%s: %s", wish, rec.Body.String())
		v := read[voidShown](t, rec.Body.Bytes())
		require.Equal(t, firstVoid, v.VoidID)
		require.Len(t, v.Steps, len(p.Plan.Steps))
		require.Equal(t, p.PlanHash, b.view.Order.Amendment(firstVoid).Hash)
	}
}

func TestAVoidIsAnsweredWithItsStepsAndARepeatLikewise(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	body := `{"reason_code": "customer_request", "note": "客户不要了", "staff_note": "VIP", "lines": [{"line_id": "L1", "quantity": 1}]}`
	confirmed := confirming(body, b.preview(t, body).PlanHash)
	for _, replayed := range []string{"", "true"} {
		rec := b.send(t, request{path: voids, body: confirmed})
		require.Equal(t, http.StatusAccepted, rec.Code, rec.Body.String())
		require.Equal(t, replayed, rec.Header().Get("Idempotency-Replayed"))
		v := read[voidShown](t, rec.Body.Bytes())
		require.Equal(t, "running", v.Status)
		require.Equal(t, known, v.Number)
		require.Equal(t, int64(4), v.Version)
		require.Equal(t, "fulfilling", v.Stage)
		require.Equal(t, "c-1", v.CommandID)
		require.Equal(t, "http://api.test"+voids+"/"+firstVoid, v.Links.Self)
		require.Equal(t, "http://api.test/api/v1/orders/"+known, v.Links.Order)
		require.Equal(t, "http://api.test/api/v1/commands/c-1", v.Links.Command)
		require.Equal(t, "running", v.step(t, orders.StepRelease).State)
	}
	command, ok := b.submitted[0].Command.(*orders.Void)
	require.True(t, ok)
	require.Equal(t, int64(500_00), command.Limit)
	require.Nil(t, command.ExpectedVersion)
	require.Equal(t, "客户不要了", b.submitted[0].NoteText)
	require.Equal(t, "POST /api/v1/orders/:number/voids", b.submitted[0].Route)
	for _, note := range b.notes {
		require.Equal(t, "VIP", note.Text)
		require.Equal(t, b.notes[0].ID, note.ID, "a repeat is the same note")
	}
	require.NotEmpty(t, b.notes)
	require.Empty(t, b.audited, "the command's outcome is audited with it")

	rec := b.send(t, request{method: "GET", path: posted + "/" + known, role: "auditor"})
	o := read[struct {
		Flags []string
		Lines []struct{ Voided, Recalled, Returned int64 }
		Voids []struct {
			VoidID string `json:"void_id"`
			Status string
			Whole  bool
			Links  struct{ Self string }
		}
	}](t, rec.Body.Bytes())
	require.Contains(t, o.Flags, "voiding")
	require.Equal(t, int64(1), o.Lines[0].Voided)
	require.Equal(t, firstVoid, o.Voids[0].VoidID)
	require.Equal(t, "running", o.Voids[0].Status)
	require.False(t, o.Voids[0].Whole)
}

func TestAVoidWhoseAnswerWasLostIsFoundByItsAuthor(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	hash := b.preview(t, wholeVoid).PlanHash
	decide := b.answer
	b.answer = func(s orders.Submission) (orders.Receipt, error) {
		receipt, err := decide(s)
		receipt.Outcome.Answer.Subject = ""
		return receipt, err
	}
	rec := b.send(t, request{path: voids, body: confirming(wholeVoid, hash)})
	require.Equal(t, http.StatusAccepted, rec.Code, rec.Body.String())
	require.Equal(t, firstVoid, read[voidShown](t, rec.Body.Bytes()).VoidID)
	b.view.Order.Amendments = nil
	rec = b.send(t, request{path: voids, body: confirming(wholeVoid, hash)})
	require.Equal(t, http.StatusAccepted, rec.Code, "what was accepted is never an error")
	require.Equal(t, "accepted", read[voidShown](t, rec.Body.Bytes()).Status)
}

func TestAPendingVoidIsAnswered202(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	b.answer = func(orders.Submission) (orders.Receipt, error) {
		return orders.Receipt{CommandID: "c-1", Order: known, Pending: true}, nil
	}
	for _, path := range []string{voids, posted + "/" + known + "/purchases"} {
		body, role := confirming(wholeVoid, "x"), "clerk"
		if path != voids {
			body, role = `{"expected_version": 3, "line_id": "L1"}`, "manager"
		}
		rec := b.send(t, request{path: path, body: body, role: role})
		require.Equal(t, http.StatusAccepted, rec.Code, rec.Body.String())
		require.Equal(t, "pending", read[answer](t, rec.Body.Bytes()).Status)
	}
}

func TestAMovedOrderAnswersWithTheFreshPlan(t *testing.T) {
	t.Parallel()
	for code, move := range map[string]func(b bundle, at *time.Time){
		orders.CodePlanStale:   func(b bundle, _ *time.Time) { b.view.Order.Payments[0].Amount = money.New(99900, "CNY") },
		orders.CodePlanExpired: func(_ bundle, at *time.Time) { *at = at.Add(48 * time.Hour) },
	} {
		b, at := deciding(t)
		old := b.preview(t, wholeVoid).PlanHash
		move(b, at)
		rec := b.send(t, request{path: voids, body: confirming(wholeVoid, old)})
		require.Equal(t, http.StatusConflict, rec.Code, rec.Body.String())
		require.Equal(t, code, readProblem(t, rec).Code)
		fresh := read[previewed](t, rec.Body.Bytes())
		require.Equal(t, int64(3), fresh.OrderVersion)
		require.NotEqual(t, old, fresh.PlanHash)
		require.NotEmpty(t, fresh.Plan.Steps)
		require.Equal(t, int64(3), readProblem(t, rec).CurrentVersion)
		rec = b.send(t, request{path: voids, body: confirming(wholeVoid, fresh.PlanHash), key: "another-key-1234"})
		require.Equal(t, http.StatusAccepted, rec.Code, rec.Body.String())
	}
}

func TestASecondVoidIsToldOfTheFirst(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	confirmed := confirming(wholeVoid, b.preview(t, wholeVoid).PlanHash)
	require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirmed}).Code)
	refusedWith := func(code string) {
		t.Helper()
		for _, r := range []request{{path: voids, body: confirmed, key: "another-key-1234"}, {path: plans, body: wholeVoid}} {
			rec := b.send(t, r)
			require.Equal(t, http.StatusConflict, rec.Code, rec.Body.String())
			p := readProblem(t, rec)
			require.Equal(t, code, p.Code)
			require.Contains(t, p.Detail, firstVoid)
			require.Positive(t, p.CurrentVersion)
		}
	}
	refusedWith(orders.CodePlanOpen)
	require.Equal(t, http.StatusOK, b.send(t, request{path: verbOf + "/approve", role: "manager", body: `{}`}).Code)
	refusedWith(orders.CodeAlreadyVoided)
	refused := 0
	for _, row := range b.audited {
		require.Equal(t, orders.CmdVoid, row.Action)
		require.Equal(t, known, row.Order)
		require.Equal(t, "refused", row.Outcome)
		refused++
	}
	require.Equal(t, 2, refused, "the refused previews; a refused void has its row with the command's outcome")
}

func TestVoidsAreReadOneByOneAndTogether(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	require.JSONEq(t, `{"items": []}`, b.send(t, request{method: "GET", path: voids}).Body.String())
	confirmed := confirming(wholeVoid, b.preview(t, wholeVoid).PlanHash)
	require.Equal(t, http.StatusAccepted, b.send(t, request{path: voids, body: confirmed}).Code)
	one := b.send(t, request{method: "GET", path: voids + "/" + firstVoid, role: "viewer"})
	require.Equal(t, http.StatusOK, one.Code, one.Body.String())
	v := read[voidShown](t, one.Body.Bytes())
	require.Equal(t, "awaiting_approval", v.Status)
	require.Equal(t, "P1", v.Money[0].PaymentID)
	require.Equal(t, "pending", v.Money[0].ReleaseState)
	require.Empty(t, v.CommandID)
	for _, s := range v.Steps {
		require.Empty(t, s.Verbs, "a viewer does nothing")
	}
	all := read[struct{ Items []json.RawMessage }](t, b.send(t, request{method: "GET", path: voids, role: "viewer"}).Body.Bytes())
	require.Len(t, all.Items, 1)
	require.JSONEq(t, one.Body.String(), string(all.Items[0]))
	for _, path := range []string{
		voids + "/ZF20261122-000001002", voids + "/x", posted + "/DD20261122-000009/voids/" + firstVoid,
		posted + "/DD20261122-999999/voids", posted + "/x/voids",
	} {
		require.Equal(t, http.StatusNotFound, b.send(t, request{method: "GET", path: path}).Code, path)
	}
	require.Equal(t, http.StatusBadRequest, b.send(t, request{method: "GET", path: voids + "?colour=red"}).Code)
}

func TestACommandNamesWhatItMade(t *testing.T) {
	t.Parallel()
	b, _ := deciding(t)
	command := func(id string) []byte {
		return b.send(t, request{method: "GET", path: "/api/v1/commands/" + id}).Body.Bytes()
	}
	type made struct {
		Answer struct {
			VoidID     string `json:"void_id"`
			PurchaseID string `json:"purchase_id"`
		}
		Problem previewed
	}
	require.Equal(t, firstVoid, read[made](t, command("voided")).Answer.VoidID)
	require.Equal(t, "B1", read[made](t, command("bought")).Answer.PurchaseID)
	require.NotEmpty(t, read[made](t, command("stale")).Problem.PlanHash)
}
