package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"amends/internal/failpoint"
	"amends/internal/stack"
	"amends/workflows"
)

// The tests of this file stop parts of the stack and so run one after the other, before all that run side by side.

// arm makes whoever comes to the point with such a key stop there. The function it returns waits until somebody has.
func arm(t *testing.T, mode, point, key string) (reached func()) {
	t.Helper()
	require.NoError(t, removed(running.points+".hit"))
	require.NoError(t, os.WriteFile(running.points+".new", []byte(mode+" "+point+" "+key+"\n"), 0o600))
	require.NoError(t, os.Rename(running.points+".new", running.points))
	t.Cleanup(func() { disarm(t) })
	return func() {
		t.Helper()
		eventually(t, mode+" at "+point+" of "+key+" (the binaries are those of make race?)", func() (any, bool) {
			hits, err := os.ReadFile(running.points + ".hit")
			return err, strings.Contains(string(hits), point)
		})
		disarm(t)
	}
}

func disarm(t *testing.T) {
	t.Helper()
	require.NoError(t, removed(running.points))
}

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func kill(t *testing.T, part stack.Part) {
	t.Helper()
	require.NoError(t, running.KillPart(part))
}

func start(t *testing.T, part stack.Part) {
	t.Helper()
	require.NoError(t, running.StartPart(t.Context(), part))
}

// revive waits until a process that kills itself is gone, and starts it again.
func revive(t *testing.T, part stack.Part) {
	t.Helper()
	<-running.Process(part).Done()
	start(t, part)
}

// insist repeats a request with its key until there is a final answer. Until then the API may only say that the answer
// is pending or that somebody it depends on is away.
func (o *order) insist(r request) answer {
	o.Helper()
	var a answer
	eventually(o, "the answer to "+r.path, func() (any, bool) {
		var err error
		if a, err = try(o, r); err != nil {
			return err, false
		}
		if a.status == http.StatusServiceUnavailable {
			a.refused(http.StatusServiceUnavailable, "unavailable")
			return a, false
		}
		return a, !a.pending()
	})
	return a
}

// tells has a command on its way, and returns where its final answer will be.
func (o *order) tells(role, path string, body object) (answered func() answer) {
	o.Helper()
	r := o.telling(role, path, body)
	r.key = newKey()
	first := make(chan struct{})
	go func() {
		defer close(first)
		_, _ = try(o, r)
	}()
	return func() answer {
		o.Helper()
		<-first
		return o.insist(r)
	}
}

// awaitSignal waits until a signal stands in the history. While a task is under way it waits outside: for the end of the
// task, or of the time that the task has.
func (o *order) awaitSignal(name string) {
	o.Helper()
	eventually(o, "signal "+name+" in the history", func() (any, bool) {
		events := running.temporal.GetWorkflowHistory(context.Background(), workflows.WorkflowID(o.number), "", false,
			enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				return err, false
			}
			if event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == name {
				return nil, true
			}
		}
		return "not there", false
	})
}

// awaitTask waits until the workflow task is over whose recording has just been read.
func (o *order) awaitTask() {
	o.Helper()
	eventually(o, "the end of the task of "+o.number, func() (any, bool) {
		described, err := running.temporal.DescribeWorkflowExecution(context.Background(), workflows.WorkflowID(o.number), "")
		return fmt.Sprint(described, err), err == nil && described.GetPendingWorkflowTask() == nil
	})
}

// heldFor is how many units the stock book holds for an order.
func heldFor(t testing.TB, number string) int64 {
	t.Helper()
	return scalar[int64](t, `
		SELECT coalesce(sum(held - released - consumed), 0)::bigint FROM reservations WHERE order_number = $1`, number)
}

func TestAWithheldCaptureIsTakenOnceThoughTheWorkerDies(t *testing.T) {
	o := place(t, typed(line("TEA-001", 3, "128.00")))
	o.awaitReady()
	shipment, label := o.pack(object{"line_id": "L1", "quantity": 1})
	misbehave(t, "payments", "capture", "withhold", o.number, 1)
	misbehave(t, "payments", "capture", "forget_key", o.number, -1) // so only who looks up first is safe
	o.handOver(shipment, label).want(http.StatusOK)
	eventually(t, "the provider to withhold its answer", func() (any, bool) {
		a := outside(t, http.MethodGet, running.SandboxURL()+"/behaviour", nil)
		return a, strings.Contains(string(a.body), o.number+"/capture")
	})
	kill(t, stack.Worker)
	require.Equal(t, []string{"authorised 396.00", "captured 140.00"}, paid(t, o.number))
	start(t, stack.Worker)
	v := o.await("captured", func(v view) bool { return v.Captures[0].Done })
	require.Equal(t, yuan("140.00"), v.Payments[0].Captured)
	require.Equal(t, []string{"authorised 396.00", "captured 140.00"}, paid(t, o.number))
	o.reported(label, "delivered", object{"proof": true})
	o.sendAll()
	o.closes()
	require.Equal(t, []string{"authorised 396.00", "captured 140.00", "captured 256.00"}, paid(t, o.number))
}

func TestAnEffectHappensOnceWhereverTheWorkerDies(t *testing.T) {
	points := []string{failpoint.BeforeClaim, failpoint.AfterClaim, failpoint.AfterCall, failpoint.AfterSettle}
	var all []*order
	for _, point := range points {
		o := place(t, typed(line("TEA-001", 1, "128.00")))
		o.awaitReady()
		shipment, label := o.pack()
		reached := arm(t, failpoint.Kill, point, o.number+"/capture")
		o.handOver(shipment, label).want(http.StatusOK)
		reached()
		revive(t, stack.Worker)
		o.reported(label, "delivered", object{"proof": true})
		all = append(all, o)
	}
	for _, o := range all {
		o.closes()
		require.Equal(t, []string{"authorised 140.00", "captured 140.00"}, paid(t, o.number))
	}
}

func TestASignalThatOvertakesARecordingReplacesWhatWasRecorded(t *testing.T) {
	o := inReview(t)
	o.awaitTask()
	reached := arm(t, failpoint.Freeze, failpoint.AfterRecord, o.number)
	approved := o.tells("reviewer", "approve", nil)
	reached()
	require.Equal(t, "fulfilling", o.view().Stage) // Postgres has it, history does not
	o.signal("send-back", object{"reason": "price"})
	kill(t, stack.Worker)
	start(t, stack.Worker)
	approved().refused(http.StatusConflict, "wrong_stage")
	require.Equal(t, "sent_back", o.view().Stage)
	o.agrees()
	require.NotContains(t, o.kinds(), "approved")
	require.Empty(t, paid(t, o.number))
	// The goods that the forgotten approval took must not stand in the way of other goods.
	f := typed(line("TEA-004", 2, "188.00"))
	o.tell("clerk", "resubmit", object{"order": f}).want(http.StatusOK)
	o.awaitReady()
	require.EqualValues(t, 2, heldFor(t, o.number))
	o.sendAll()
	o.closes()
	require.Zero(t, heldFor(t, o.number))
	require.Equal(t, []string{"authorised 388.00", "captured 388.00"}, paid(t, o.number))
}

func TestARejectionThatOvertakesAnApprovalGivesBackTheGoods(t *testing.T) {
	reached := arm(t, failpoint.Freeze, failpoint.AfterRecord, "DD")
	o := place(t, typed(line("TEA-001", 5, "128.00")))
	reached()
	require.Equal(t, "fulfilling", o.view().Stage)
	require.EqualValues(t, 5, heldFor(t, o.number))
	o.signal("reject", object{"reason_code": "customer_request"})
	kill(t, stack.Worker)
	start(t, stack.Worker)
	o.ends("rejected")
	require.Empty(t, paid(t, o.number))
	require.Zero(t, heldFor(t, o.number))
}

func TestAKilledServerAndAThawedWorkerLeaveOneTruth(t *testing.T) {
	o := inReview(t)
	o.awaitTask()
	reached := arm(t, failpoint.Freeze, failpoint.AfterRecord, o.number)
	approved := o.tells("reviewer", "approve", nil)
	reached()
	require.Equal(t, "fulfilling", o.view().Stage)
	kill(t, stack.Temporal)
	start(t, stack.Temporal)
	eventually(t, "the server to take a signal", func() (any, bool) {
		err := running.temporal.SignalWorkflow(context.Background(), workflows.WorkflowID(o.number), "", "send-back", object{})
		return err, err == nil
	})
	o.awaitSignal("send-back")
	running.Process(stack.Worker).Thaw()
	approved().refused(http.StatusConflict, "wrong_stage")
	require.Equal(t, "sent_back", o.view().Stage)
	o.agrees()
	require.NotContains(t, o.kinds(), "approved")
	require.Empty(t, paid(t, o.number))
	o.tell("manager", "reject", object{"reason_code": "customer_request"}).want(http.StatusOK)
	o.ends("rejected")
	require.Zero(t, heldFor(t, o.number))
}

func TestAnOrderPlacedWhileNoWorkerRunsIsListedAtOnceAndLivesOn(t *testing.T) {
	waiting := inReview(t)
	kill(t, stack.Worker)
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	require.Equal(t, "created", o.view().Stage)
	list := send(t, request{role: "clerk", method: http.MethodGet, path: "/orders?q=" + o.number}).want(http.StatusOK)
	require.Equal(t, o.number, into[struct{ Items []view }](list).Items[0].Number)
	r := waiting.telling("reviewer", "approve", nil)
	r.key = newKey()
	pending := into[struct {
		Status    string
		CommandID string `json:"command_id"`
	}](send(t, r).want(http.StatusAccepted))
	require.Equal(t, "pending", pending.Status)
	status := func() string {
		a := send(t, request{role: "clerk", method: http.MethodGet, path: "/commands/" + pending.CommandID}).want(http.StatusOK)
		return into[struct{ Status string }](a).Status
	}
	require.Equal(t, "pending", status())
	start(t, stack.Worker)
	o.awaitReady()
	waiting.awaitReady()
	eventually(t, "the outcome to be written", func() (any, bool) { return status(), status() == "accepted" })
	o.sendAll()
	o.closes()
}

func TestALifeGoesOnAfterPostgresWasKilled(t *testing.T) {
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	shipment, label := o.pack()
	r := o.telling("warehouse", "shipments/"+shipment+"/hand-over", object{"tracking_number": label, "handed_over_at": time.Now()})
	r.key = newKey()
	kill(t, stack.Postgres)
	send(t, r).refused(http.StatusServiceUnavailable, "unavailable")
	start(t, stack.Postgres)
	o.insist(r).want(http.StatusOK)
	o.reported(label, "delivered", object{"proof": true})
	o.closes()
	require.Equal(t, []string{"authorised 140.00", "captured 140.00"}, paid(t, o.number))
	require.Equal(t, 1, o.times("handed_over"))
}

func TestALifeGoesOnAfterTemporalWasKilled(t *testing.T) {
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	r := o.telling("warehouse", "shipments", object{"carrier": "SF"})
	r.key = newKey()
	kill(t, stack.Temporal)
	accepted := send(t, request{role: "clerk", path: "/orders", body: typed(line("TEA-001", 1, "128.00"))}).want(http.StatusAccepted)
	other := follow(t, into[view](accepted).Number)
	require.Equal(t, "created", other.view().Stage)
	send(t, r).want(http.StatusAccepted)
	start(t, stack.Temporal)
	o.insist(r).want(http.StatusCreated)
	label := o.await("booked", func(v view) bool { return v.Shipments[0].Booking == "booked" }).Shipments[0].Label
	o.insist(o.telling("warehouse", "shipments/S1/hand-over", object{"tracking_number": label, "handed_over_at": time.Now()})).want(http.StatusOK)
	o.reported(label, "delivered", object{"proof": true})
	o.closes()
	other.awaitReady()
}

func TestWhatTheAPITookInIsNotLostWhereverItDies(t *testing.T) {
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	// dies has the API killed at a point of a request, and returns the answer that it gives afterwards.
	dies := func(point, number string, r request) answer {
		r.key = newKey()
		reached := arm(t, failpoint.Kill, point, number)
		_, err := try(t, r)
		require.Error(t, err)
		reached()
		revive(t, stack.API)
		a := o.insist(r)
		require.Equal(t, "true", a.header.Get("Idempotency-Replayed"))
		return a
	}
	dies(failpoint.CommandAccepted, o.number, o.telling("clerk", "hold", object{"reason": "等"})).want(http.StatusOK)
	require.True(t, o.view().has("on_hold"))
	dies(failpoint.CommandAnswered, o.number, o.telling("clerk", "resume", nil)).want(http.StatusOK)
	require.Equal(t, 1, o.times("held"))
	require.Equal(t, 1, o.times("resumed"))
	require.Equal(t, []string{"create accepted", "hold accepted", "resume accepted"}, auditRows(t, o.number, ""))
	placed := dies(failpoint.CommandAccepted, "DD", request{role: "clerk", path: "/orders", body: typed(line("TEA-001", 1, "128.00"))})
	follow(t, into[view](placed.want(http.StatusCreated)).Number).awaitReady()
}
