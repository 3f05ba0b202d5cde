package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// preview is a plan as the API shows it, with the hash that confirms it.
type preview struct {
	Plan struct {
		Whole        bool
		Steps        []step
		Approvals    []string
		Total        amount
		Retained     amount
		Money        []moneyBack
		Alternatives []struct{ Code, Message string }
		Warnings     []struct{ Code, Detail string }
	}
	PlanHash     string    `json:"plan_hash"`
	OrderVersion int64     `json:"order_version"`
	ExpiresAt    time.Time `json:"expires_at"`
}

type moneyBack struct {
	Payment         string `json:"payment_id"`
	Release, Refund amount
}

// step is a step of a void as the API shows it.
type step struct {
	ID, Kind, Subject, State, End, Outcome string

	Role      string `json:"owner_role"`
	LastError string `json:"last_error"`
	Attempts  int
	Amount    *amount
	Verbs     []string
}

// void is a void as the API shows it.
type void struct {
	ID        string `json:"void_id"`
	Status    string
	Stage     string
	Version   int64
	Approvals []string
	Steps     []step
}

// kindsOf lists the kinds of steps.
func kindsOf(steps []step) []string {
	var kinds []string
	for _, s := range steps {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}

// step returns the first step of the kind, or an empty one.
func (v void) step(kind string) step {
	for _, s := range v.Steps {
		if s.Kind == kind {
			return s
		}
	}
	return step{}
}

// wish is what a void of the whole order asks for.
func wish() object { return object{"reason_code": "customer_request"} }

// some is what a void of some units of one line asks for.
func some(line string, quantity int) object {
	return object{"reason_code": "customer_change", "lines": []object{{"line_id": line, "quantity": quantity}}}
}

// asking asks what a void would do.
func (o *order) asking(role string, wish object) request {
	return request{role: role, path: "/orders/" + o.number + "/void-plans", body: wish}
}

func (o *order) preview(role string, wish object) preview {
	o.Helper()
	return into[preview](send(o, o.asking(role, wish)).want(http.StatusOK))
}

// confirming sends a plan's hash back.
func (o *order) confirming(role string, wish object, hash string) request {
	body := object{"plan_hash": hash, "note": "客户改了主意"}
	for field, value := range wish {
		body[field] = value
	}
	return request{role: role, path: "/orders/" + o.number + "/voids", body: body, key: newKey()}
}

// void has a void planned and confirmed.
func (o *order) void(role string, wish object) void {
	o.Helper()
	a := o.settle(o.confirming(role, wish, o.preview(role, wish).PlanHash))
	v := into[void](a.want(http.StatusAccepted))
	require.NotEmpty(o, v.ID)
	return o.readVoid(v.ID)
}

func (o *order) readVoid(id string) void {
	o.Helper()
	return into[void](o.get("/voids/" + id).want(http.StatusOK))
}

// onVoid says something about a void: approve, decline, revoke, steps/3/retry.
func (o *order) onVoid(role, id, verb string, body object) answer {
	o.Helper()
	if body == nil {
		body = object{}
	}
	return o.settle(request{role: role, path: "/voids/" + id + "/" + verb, body: body})
}

// awaitStep waits until the void's first step of the kind is in the state.
func (o *order) awaitStep(id, kind, state string) step {
	o.Helper()
	var s step
	eventually(o, fmt.Sprintf("%s of %s to be %s", kind, id, state), func() (any, bool) {
		v := o.readVoid(id)
		s = v.step(kind)
		return v, s.State == state
	})
	return s
}

// complete waits for a person's step and says that it is done.
func (o *order) complete(role, id, kind string, more object) {
	o.Helper()
	s := o.awaitStep(id, kind, "waiting")
	body := object{"evidence": "SLIP-" + s.ID}
	for field, value := range more {
		body[field] = value
	}
	o.onVoid(role, id, "steps/"+s.ID+"/complete", body).want(http.StatusOK)
}

// takesBack plays the warehouse and the clerk who get goods of one parcel back.
func (o *order) takesBack(id, found string) {
	o.Helper()
	o.complete("warehouse", id, "receive_return", nil)
	o.complete("warehouse", id, "inspect_return", object{"outcome": found})
}

// isVoided waits for the end of a voided order's life, and requires that everything about it agrees.
func (o *order) isVoided() view {
	o.Helper()
	v := o.ends("voided")
	o.owesNothing()
	return v
}

// state is the order as it is stored.
func (o *order) state() orders.Order {
	o.Helper()
	text := scalar[[]byte](o, `SELECT state FROM orders WHERE number = $1`, o.number)
	var s orders.Order
	require.NoError(o, json.Unmarshal(text, &s))
	return s
}

// owesNothing requires that the outside world holds nothing of a voided order: what was authorised is released, what was
// captured is refunded unless people decided otherwise, every label is cancelled, stopped, or its goods are back.
func (o *order) owesNothing() {
	o.Helper()
	difference, err := outsideOf(context.Background(), running, o.state())
	require.NoError(o, err)
	require.Empty(o, difference, o.number)
	require.Zero(o, heldFor(o, o.number))
	require.Zero(o, scalar[int](o, `SELECT count(*) FROM backorders WHERE order_number = $1 AND waiting > 0`, o.number))
	require.Zero(o, scalar[int](o, `SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`, o.number))
}

// immediate places an order whose payment is captured at once.
func immediate(t *testing.T, quantity int) *order {
	t.Helper()
	f := typed(line("CUP-001", quantity, "70.00"))
	o := place(t, f)
	require.Contains(t, o.reaches("in_review").found(), "price_deviation")
	misbehave(t, "payments", "authorise", "immediate", o.number, 1)
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	o.awaitReady()
	return o
}

// counted says how often each word comes up, in the order of the words.
func counted(words []string) string {
	slices.Sort(words)
	var text string
	for i := 0; i < len(words); {
		n := 1
		for i+n < len(words) && words[i+n] == words[i] {
			n++
		}
		text += fmt.Sprintf("%d × %s, ", n, words[i])
		i += n
	}
	return text
}

// verdict is an answer in a word: accepted, or the code of the refusal.
func verdict(a answer) string {
	if a.status < http.StatusMultipleChoices {
		return "accepted"
	}
	var p problem
	_ = json.Unmarshal(a.body, &p)
	return fmt.Sprintf("%d %s", a.status, p.Code)
}
