package orders_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// decided is the answer to every command in every situation: ok, or the code of the refusal. Packed and shipped are both
// fulfilling: in the first nothing has left the house. So are awaiting and cooling, where a void waits for a second person
// or may be taken back, and blocked, where a part is being voided and the customer cannot be told.
const decided = `
                 created               in_review             sent_back             packed                shipped               signing_off           after_sales           closed                voiding               voided                rejected              awaiting         cooling               blocked
approve          wrong_stage           ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage      wrong_stage           wrong_stage
send-back        wrong_stage           ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage      wrong_stage           wrong_stage
resubmit         wrong_stage           wrong_stage           ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage      wrong_stage           wrong_stage
reject           ok                    ok                    ok                    ok                    already_shipped       wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           plan_open        plan_open             plan_open
hold             ok                    ok                    ok                    ok                    ok                    ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           plan_open        plan_open             ok
resume           not_on_hold           not_on_hold           not_on_hold           not_on_hold           not_on_hold           not_on_hold           not_on_hold           wrong_stage           wrong_stage           wrong_stage           wrong_stage           not_on_hold      not_on_hold           not_on_hold
retry            nothing_to_retry      nothing_to_retry      nothing_to_retry      nothing_to_retry      ok                    ok                    nothing_to_retry      nothing_to_retry      nothing_to_retry      nothing_to_retry      nothing_to_retry      nothing_to_retry nothing_to_retry      ok
ship             wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           plan_open        plan_open             ok
hand-over        wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage           wrong_stage           ok                    wrong_stage           wrong_stage           ok               ok                    ok
perform          wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           ok               ok                    ok
reschedule       wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           plan_open        plan_open             ok
sign-off         wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage      wrong_stage           wrong_stage
refuse-delivery  wrong_stage           wrong_stage           wrong_stage           not_handed_over       ok                    ok                    wrong_stage           wrong_stage           ok                    wrong_stage           wrong_stage           not_handed_over  not_handed_over       not_handed_over
receive-payment  prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts
request-purchase wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           plan_open        plan_open             ok
issue-invoice    wrong_stage           wrong_stage           wrong_stage           ok                    ok                    ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           ok               ok                    ok
carrier-event    ok                    ok                    ok                    ok                    ok                    ok                    ok                    wrong_stage           ok                    wrong_stage           ok                    ok               ok                    ok
stock-allotted   ok                    ok                    ok                    ok                    ok                    wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           ok               ok                    ok
message-failed   ok                    ok                    ok                    ok                    ok                    ok                    ok                    wrong_stage           ok                    wrong_stage           wrong_stage           ok               ok                    ok
void             ok                    ok                    ok                    ok                    ok                    ok                    ok                    order_closed          already_voided        already_voided        order_rejected        plan_open        plan_open             ok
approve-plan     not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval ok               not_awaiting_approval not_awaiting_approval
decline-plan     not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval ok               not_awaiting_approval not_awaiting_approval
revoke           not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off  ok                    not_cooling_off
retry-step       step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked step_not_blocked      ok
complete-step    step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      ok                    step_not_blocked      step_not_blocked      step_not_blocked step_not_blocked      ok
waive-step       step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked step_not_blocked      ok
carried-over     step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended       step_ended            step_ended
`

// decidedOnHold is the same for orders on hold: only resume, reject and facts pass.
const decidedOnHold = `
                 created               in_review             sent_back             packed                shipped               signing_off           after_sales
approve          wrong_stage           on_hold               wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage
send-back        wrong_stage           on_hold               wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage
resubmit         wrong_stage           wrong_stage           on_hold               wrong_stage           wrong_stage           wrong_stage           wrong_stage
reject           ok                    ok                    ok                    ok                    already_shipped       wrong_stage           wrong_stage
hold             on_hold               on_hold               on_hold               on_hold               on_hold               on_hold               on_hold
resume           ok                    ok                    ok                    ok                    ok                    ok                    ok
retry            on_hold               on_hold               on_hold               on_hold               on_hold               on_hold               on_hold
ship             wrong_stage           wrong_stage           wrong_stage           on_hold               on_hold               wrong_stage           wrong_stage
hand-over        wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage
perform          wrong_stage           wrong_stage           wrong_stage           ok                    ok                    wrong_stage           wrong_stage
reschedule       wrong_stage           wrong_stage           wrong_stage           on_hold               on_hold               wrong_stage           wrong_stage
sign-off         wrong_stage           wrong_stage           wrong_stage           wrong_stage           wrong_stage           on_hold               wrong_stage
refuse-delivery  wrong_stage           wrong_stage           wrong_stage           not_handed_over       ok                    ok                    wrong_stage
receive-payment  prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts prepaid_takes_no_receipts
request-purchase wrong_stage           wrong_stage           wrong_stage           on_hold               on_hold               wrong_stage           wrong_stage
issue-invoice    wrong_stage           wrong_stage           wrong_stage           ok                    ok                    ok                    ok
carrier-event    ok                    ok                    ok                    ok                    ok                    ok                    ok
stock-allotted   ok                    ok                    ok                    ok                    ok                    wrong_stage           wrong_stage
message-failed   ok                    ok                    ok                    ok                    ok                    ok                    ok
void             ok                    ok                    ok                    ok                    ok                    ok                    ok
approve-plan     not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval
decline-plan     not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval not_awaiting_approval
revoke           not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off       not_cooling_off
retry-step       step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked
complete-step    step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked
waive-step       step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked      step_not_blocked
carried-over     step_ended            step_ended            step_ended            step_ended            step_ended            step_ended            step_ended
`

// copied gives each use its own copy of a situation that is made once.
func copied(t *testing.T, made map[string]house, where string, build func(*testing.T, string) *house) *house {
	t.Helper()
	if _, there := made[where]; !there {
		made[where] = *build(t, where)
	}
	h := made[where]
	h.log = slices.Clip(h.log)
	return &h
}

// situation brings an order to where a command of every kind has something to work on, if it has a place there at all.
func situation(t *testing.T, name string) *house {
	t.Helper()
	d := draft(tea("L1", 6), tea("L2", 4), install("L3"))
	d.Invoice.Kind = "normal"
	policy := orders.DefaultPolicy()
	if name == "cooling" {
		policy.CoolingOff = time.Hour
	}
	h := placeWith(t, d, policy)
	switch name {
	case "created":
		return h
	case "in_review", "sent_back":
		h.facts = orders.ReviewFacts{SoftDuplicates: []string{"DD20261130-000009"}}
		h.work()
		if name == "sent_back" {
			h.do(&orders.SendBack{})
		}
		return h
	}
	h.short = 1
	h.done(orders.TaskCheck)
	if name == "rejected" {
		h.do(&orders.Reject{ReasonCode: "customer_request"})
		h.work()
		return h
	}
	h.done(orders.TaskReserve)
	h.done(orders.TaskAuthorise + "/P1")
	h.do(&orders.Retry{}) // short stock is asked for again, so that nothing is parked
	h.do(&orders.Ship{Lines: []orders.ShipLine{{LineID: "L1", Quantity: 2}}, Carrier: "SF"})
	switch name {
	case "packed":
		return h
	case "awaiting":
		h.signal(wish())
		return h
	case "cooling":
		h.void()
		return h
	case "blocked":
		h.void(units("L2", 1))
		h.failed(h.stepTask(orders.StepTell), orders.RefusedRecipient)
		return h
	}
	h.done(orders.TaskBook + "/S1")
	h.do(report("ref-1", "in_transit"))
	h.do(&orders.Ship{Lines: []orders.ShipLine{{LineID: "L1", Quantity: 1}}, Carrier: "SF"})
	h.failed(orders.TaskBook+"/S2", orders.RefusedRefused)
	if name == "shipped" {
		return h
	}
	return onwards(h, name)
}

func onwards(h *house, name string) *house {
	switch name {
	case "voiding", "voided":
		h.agreed()
		if name == "voided" {
			h.carryThrough()
		}
		return h
	}
	h.do(&orders.HandOver{ShipmentID: "S2", TrackingNumber: "SF-2"})
	h.goodsIn()
	h.ship("SF-3")
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.do(report("SF-2", "lost"))
	if name == "signing_off" {
		return h
	}
	h.do(&orders.SignOff{})
	if name == "closed" {
		h.work()
		h.later(8 * 24 * time.Hour)
	}
	return h
}

// prepared is a command of the name that the situation leaves nothing to say against.
func prepared(h *house, name string) orders.Command {
	switch name {
	case orders.CmdReject:
		return &orders.Reject{ReasonCode: "customer_request"}
	case orders.CmdShip:
		return &orders.Ship{Lines: []orders.ShipLine{{LineID: "L2", Quantity: 1}}, Carrier: "SF"}
	case orders.CmdHandOver:
		packed := "S1"
		for _, s := range h.order.Shipments {
			if s.Status == orders.Packed {
				packed = s.ID
			}
		}
		return &orders.HandOver{ShipmentID: packed, TrackingNumber: "SF-9"}
	case orders.CmdPerform:
		return &orders.Perform{AppointmentID: "A1"}
	case orders.CmdReschedule:
		return &orders.Reschedule{AppointmentID: "A1", Slot: slot("slot-new", "L3", 72*time.Hour)}
	case orders.CmdRefuseDelivery:
		return &orders.RefuseDelivery{ShipmentID: "S1"}
	case orders.CmdCarrierEvent:
		return report("SF-404", "delivered")
	case orders.CmdStockAllotted:
		return &orders.StockAllotted{}
	case orders.CmdRequestPurchase:
		return &orders.RequestPurchase{LineID: "L1"}
	case orders.CmdIssueInvoice:
		return &orders.IssueInvoice{Number: "FP-1"}
	}
	return preparedVoid(h, name)
}

func preparedVoid(h *house, name string) orders.Command {
	id := ""
	if len(h.order.Amendments) > 0 {
		id = h.last().ID
	}
	switch name {
	case orders.CmdVoid:
		request := orders.VoidRequest{Actor: clerk, Limit: enough, VoidWish: wish()}
		plan, _ := orders.PlanVoid(h.order, request, h.now)
		return &orders.Void{VoidWish: wish(), PlanHash: plan.Hash, Limit: enough}
	case orders.CmdApprovePlan:
		return &orders.ApprovePlan{ID: id, Limit: enough}
	case orders.CmdDeclinePlan:
		return &orders.DeclinePlan{ID: id}
	case orders.CmdRevoke:
		return &orders.Revoke{ID: id}
	case orders.CmdCompleteStep:
		kind, who := orders.StepTell, clerk
		if h.order.Stage == orders.Voiding {
			kind, who = orders.StepPutBack, warehouse
		}
		return &orders.CompleteStep{Header: as(who), StepRef: orders.StepRef{Kind: kind}, Evidence: "slip-7"}
	case orders.CmdWaiveStep:
		return &orders.WaiveStep{Header: orders.Header{NoteID: "note-1"}}
	}
	return orders.EmptyCommand(name)
}

// answers reads a table and gives each cell to the function.
func answers(t *testing.T, table string, each func(situation, command, want string)) {
	t.Helper()
	rows := strings.Split(strings.TrimSpace(table), "\n")
	situations, commands := strings.Fields(rows[0]), []string{}
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		require.Len(t, cells, len(situations)+1, row)
		commands = append(commands, cells[0])
		for i, want := range cells[1:] {
			each(situations[i], cells[0], want)
		}
	}
	require.Equal(t, orders.CommandNames(), commands, "every command has its row")
}

func stageOf(situation string) orders.Stage {
	if slices.Contains([]string{"packed", "shipped", "awaiting", "cooling", "blocked"}, situation) {
		return orders.Fulfilling
	}
	return orders.Stage(situation)
}

func TestEveryStageAnswersEveryCommand(t *testing.T) {
	t.Parallel()
	seen, made := map[orders.Stage]bool{}, map[string]house{}
	answers(t, decided, func(where, command, want string) {
		h := copied(t, made, where, situation)
		require.Equal(t, stageOf(where), h.order.Stage)
		require.Nil(t, h.order.Hold)
		seen[h.order.Stage] = true
		answersAs(t, h, command, want)
	})
	for _, stage := range orders.Stages() {
		require.True(t, seen[stage], "%s has its column", stage)
	}
}

func TestEveryStageAnswersEveryCommandOnHold(t *testing.T) {
	t.Parallel()
	seen, made := map[orders.Stage]bool{}, map[string]house{}
	answers(t, decidedOnHold, func(where, command, want string) {
		h := copied(t, made, where, held)
		seen[h.order.Stage] = true
		answersAs(t, h, command, want)
	})
	require.Len(t, seen, 6, "every stage that can be held has its column")
}

func answersAs(t *testing.T, h *house, command, want string) {
	t.Helper()
	where := h.order.Stage
	if want == "ok" {
		require.NotEmpty(t, h.do(prepared(h, command)).Events, "%s in %s", command, where)
		return
	}
	problem := h.refuse(prepared(h, command))
	require.Equal(t, want, problem.Code, "%s in %s", command, where)
	if want == orders.CodeWrongStage {
		require.Equal(t, []string{command, string(where)}, problem.Params[:2])
	}
}

func TestARefusalNamesWhatIsPossibleInstead(t *testing.T) {
	t.Parallel()
	for where, possible := range map[string]string{
		"created":     "reject,hold,void",
		"in_review":   "approve,send-back,reject,hold,void",
		"sent_back":   "resubmit,reject,hold,void",
		"packed":      "reject,hold,ship,hand-over,perform,reschedule,request-purchase,issue-invoice,void",
		"awaiting":    "hand-over,perform,issue-invoice,approve-plan,decline-plan",
		"cooling":     "hand-over,perform,issue-invoice,revoke",
		"after_sales": "hold,issue-invoice,void",
		"closed":      "",
		"voiding":     "hand-over,refuse-delivery,complete-step",
		"voided":      "",
		"rejected":    "",
	} {
		problem := situation(t, where).refuse(&orders.SignOff{})
		require.Equal(t, []string{orders.CmdSignOff, string(stageOf(where)), possible}, problem.Params)
	}
	require.Equal(t, "reject,resume,void", held(t, "created").refuse(&orders.SignOff{}).Params[2])
	require.Equal(t, []string{orders.CmdShip}, held(t, "packed").refuse(prepared(nil, orders.CmdShip)).Params)
}

func held(t *testing.T, where string) *house {
	t.Helper()
	h := situation(t, where)
	h.do(&orders.PutOnHold{})
	return h
}

func TestAllowedActionsAreWhatDecideAllows(t *testing.T) {
	t.Parallel()
	working, waiting := map[string]house{}, map[string]house{}
	for _, role := range orders.Roles() {
		answers(t, decided, func(where, command, want string) {
			agrees(t, copied(t, working, where, situation), role, command, want)
		})
		answers(t, decidedOnHold, func(where, command, want string) {
			agrees(t, copied(t, waiting, where, held), role, command, want)
		})
	}
}

func agrees(t *testing.T, h *house, role, command, want string) {
	t.Helper()
	for _, action := range orders.AllowedActions(h.order, orders.Actor{ID: "someone", Role: role, Verified: true}) {
		if action.Action != command {
			continue
		}
		require.Equal(t, action.Allowed, action.Reason == nil)
		switch {
		case !orders.May(role, command):
			require.Equal(t, orders.CodeForbidden, action.Reason.Code, "%s by %s", command, role)
		case want == "ok":
			require.True(t, action.Allowed, "%s by %s in %s", command, role, h.order.Stage)
		default:
			require.Equal(t, want, action.Reason.Code, "%s by %s in %s", command, role, h.order.Stage)
		}
		return
	}
	require.True(t, orders.IsReport(command), "only reports are no actions: %s", command)
}

func TestEveryNameHasItsCommand(t *testing.T) {
	t.Parallel()
	for _, name := range orders.CommandNames() {
		require.Equal(t, name, orders.EmptyCommand(name).Name())
		c, err := orders.DecodeCommand(name, []byte(`{"command_id":"c-1","actor":{"id":"chen","role":"clerk"},"expected_version":3}`))
		require.NoError(t, err)
		require.Equal(t, "c-1", c.Head().CommandID)
		require.Equal(t, int64(3), *c.Head().ExpectedVersion)
		_, err = orders.DecodeCommand(name, []byte(`{"no_such_field":1}`))
		require.Error(t, err, "unknown fields are refused")
	}
	require.Nil(t, orders.EmptyCommand("no-such-command"))
}
