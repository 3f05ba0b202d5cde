package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"amends/workflows"
)

// signal sends what an engineer would from Temporal's Web UI.
func (o *order) signal(name string, body any) {
	o.Helper()
	require.NoError(o, running.temporal.SignalWorkflow(context.Background(), workflows.WorkflowID(o.number), "", name, body))
}

func TestAnOrderLivesOnRawSignalsAlone(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 2, "128.00")))
	o.awaitReady()
	o.signal("hold", object{"reason": "customer_asked", "actor": object{"id": "staff-manager", "role": "manager", "verified": true}})
	o.await("on hold", func(v view) bool { return v.has("on_hold") })
	o.signal("ship", object{"carrier": "SF"}) // refused: it is on hold
	eventually(t, "the refusal to be audited", func() (any, bool) {
		rows := auditRows(t, o.number, "signal")
		return rows, len(rows) == 2
	})
	o.signal("resume", object{})
	o.await("at work again", func(v view) bool { return !v.has("on_hold") })
	o.signal("ship", object{"carrier": "SF"})
	v := o.await("packed and booked", func(v view) bool { return len(v.Shipments) == 1 && v.Shipments[0].Booking == "booked" })
	label := v.Shipments[0].Label
	o.signal("hand-over", object{"shipment_id": "S1", "tracking_number": label})
	o.reaches("signing_off")
	o.signal("carrier-event", object{"tracking_number": label, "status": "delivered"})
	o.await("delivered", func(v view) bool { return v.Shipments[0].Status == "delivered" })
	o.signal("sign-off", object{})
	o.closes()
	require.Equal(t, []string{"authorised 268.00", "captured 268.00"}, paid(t, o.number))
	require.Equal(t, []string{
		"hold accepted", "ship refused on_hold", "resume accepted", "ship accepted", "hand-over accepted",
		"carrier-event accepted", "sign-off accepted",
	}, auditRows(t, o.number, "signal"))
	for _, h := range o.timeline() {
		require.False(t, h.Actor.Role == "operator" && h.Actor.Verified, "whoever signals is never verified")
		require.NotEqual(t, "manager", h.Actor.Role, "a signal cannot take a role")
	}
}

func TestOddSignalsAreRefusedAuditedAndSeen(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	before := o.view().Version
	o.signal("approve", object{"actor": object{"id": "staff-manager", "role": "manager", "verified": true}})
	o.signal("send-back", object{"reason": "price", "phone": "13800138000"})
	o.signal("hold", converter.NewRawValue(&common.Payload{
		Metadata: map[string][]byte{"encoding": []byte("binary/plain")}, Data: []byte{0xff, 0x00},
	}))
	o.signal("resume", []int{1, 2})
	o.signal("void-everything", object{})
	v := o.await("flagged", func(v view) bool { return len(v.Incidents) == 4 })
	require.True(t, v.has("needs_attention"))
	require.Equal(t, "in_review", v.Stage)
	require.Equal(t, before, v.Version)
	require.Equal(t, []struct{ Code string }{
		{"personal_data_in_signal"}, {"unreadable"}, {"unreadable"}, {"unreadable"},
	}, v.Incidents)
	eventually(t, "all refusals to be audited", func() (any, bool) {
		rows := auditRows(t, o.number, "signal")
		return rows, len(rows) == 5
	})
	require.ElementsMatch(t, []string{
		"approve refused forbidden", "send-back refused personal_data_in_signal", "hold refused unreadable",
		"resume refused unreadable", "void-everything refused unreadable",
	}, auditRows(t, o.number, "signal"))
	o.tell("manager", "retry", nil).want(http.StatusOK)
	require.False(t, o.view().has("needs_attention"))
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	o.awaitReady()
	o.sendAll()
	o.closes()
}

// The signal only has the stock book asked again, which decides what there is.
func TestASignalCannotAllotGoods(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("KTL-001", 20_010, "399.00")))
	o.reaches("in_review")
	o.tell("manager", "approve", nil).want(http.StatusOK)
	require.EqualValues(t, 20_000, o.awaitParked("reserve", "short_stock").Lines[0].Reserved)
	o.signal("stock-allotted", object{})
	o.await("asked again", func(view) bool { return o.times("stock_reserved") == 2 })
	require.EqualValues(t, 20_000, o.awaitParked("reserve", "short_stock").Lines[0].Reserved)
	o.tell("manager", "reject", object{"reason_code": "out_of_stock"}).want(http.StatusOK)
	o.ends("rejected")
	_, reserved := level(t, "KTL-001")
	require.Zero(t, reserved)
}

func TestAHoldStopsWorkAndMovesTheDeadlines(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	misbehave(t, "payments", "authorise", "decline", o.number, 1)
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	o.awaitParked("authorise/P1", "declined")
	before := o.view().due("fulfil")
	o.tell("clerk", "hold", object{"reason": "客户出差"}).want(http.StatusOK)
	require.True(t, o.view().Deadlines[0].Paused)
	o.tell("clerk", "retry", nil).refused(http.StatusConflict, "on_hold")
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).refused(http.StatusConflict, "on_hold")
	o.tell("clerk", "hold", object{"reason": "再停一次"}).refused(http.StatusConflict, "on_hold")
	o.tell("clerk", "resume", nil).want(http.StatusOK)
	o.tell("clerk", "resume", nil).refused(http.StatusConflict, "not_on_hold")
	var held time.Duration
	for _, h := range o.timeline() {
		switch h.Kind {
		case "held":
			held -= time.Duration(h.At.UnixMicro())
		case "resumed":
			held += time.Duration(h.At.UnixMicro())
		}
	}
	require.Positive(t, held)
	require.WithinDuration(t, before.Add(held*time.Microsecond), o.view().due("fulfil"), time.Millisecond)
	o.tell("clerk", "retry", nil).want(http.StatusOK)
	o.awaitReady()
	o.sendAll()
	o.closes()
}

func TestCommandsOnAClosedOrderAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	o.sendAll()
	o.closes()
	for path, body := range map[string]object{
		"approve": nil, "send-back": {"reason": "价格"}, "reject": {"reason_code": "invalid"}, "hold": {"reason": "等"},
		"shipments": {"carrier": "SF"}, "resume": nil,
	} {
		p := o.tell("manager", path, body).refused(http.StatusConflict, "wrong_stage")
		require.NotContains(t, p.Detail, "wrong_stage")
	}
	o.tell("manager", "retry", nil).refused(http.StatusConflict, "nothing_to_retry")
	chinese := o.telling("manager", "approve", nil)
	chinese.header = http.Header{"Accept-Language": {"zh-CN"}}
	require.Regexp(t, `\p{Han}`, send(t, chinese).refused(http.StatusConflict, "wrong_stage").Detail)
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, o.workflowStatus())
}

func TestAnUnknownOrderIsNotFound(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"DD20200101-000001", "nonsense", "DD20261122-99999999999999999999"} {
		send(t, request{role: "clerk", method: http.MethodGet, path: "/orders/" + number}).refused(http.StatusNotFound, "not_found")
		send(t, request{role: "manager", path: "/orders/" + number + "/approve", body: object{"expected_version": 1}}).
			refused(http.StatusNotFound, "not_found")
	}
}
