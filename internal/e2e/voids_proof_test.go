package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/batch/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"amends/orders"
	"amends/workflows"
)

func TestOfTwentyVoidsOfSixtyPerCentOneIsAcceptedAndOneRefundMoves(t *testing.T) {
	t.Parallel()
	const n = 20
	o := immediate(t, 5) // 362.00 with the delivery
	plans := together(t, n, func(int) request { return o.asking("clerk", some("L1", 3)) })
	first := make([]request, n)
	for i, plan := range plans {
		first[i] = o.confirming("clerk", some("L1", 3), into[preview](plan.want(http.StatusOK)).PlanHash)
	}
	together(t, n, func(i int) request { return first[i] })
	var verdicts []string
	for _, r := range first {
		verdicts = append(verdicts, verdict(o.settle(r)))
	}
	o.await("voided in part", func(v view) bool { return len(v.Voids) == 1 && v.Voids[0].Status == "completed" })
	var again []string
	for _, plan := range together(t, n, func(int) request { return o.asking("clerk", some("L1", 3)) }) {
		again = append(again, verdict(plan))
	}
	fresh := o.preview("clerk", some("L1", 2)).PlanHash
	for _, a := range together(t, n, func(int) request { return o.confirming("clerk", some("L1", 3), fresh) }) {
		again = append(again, verdict(a))
	}
	t.Logf("%d voids of 60 %%: %sagain: %sin the provider's book: %s", n, counted(verdicts), counted(again), strings.Join(paid(t, o.number), ", "))
	require.Equal(t, 1, len(slices.DeleteFunc(verdicts, func(v string) bool { return v != "accepted" })))
	require.NotContains(t, again, "accepted")
	require.Equal(t, []string{"captured 362.00", "refunded 210.00"}, paid(t, o.number))
	o.sendAll()
	require.Equal(t, yuan("152.00"), o.closes().Total)
}

// database digests every table of the business database, and every sequence.
func database(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	tables, err := running.db.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, names)
	digests := map[string]string{}
	for _, name := range names {
		digests[name] = scalar[string](t, fmt.Sprintf(
			`SELECT count(*) || ' rows ' || coalesce(md5(string_agg(r::text, E'\n' ORDER BY r::text)), '') FROM %s r`, pgx.Identifier{name}.Sanitize()))
	}
	digests["sequences"] = scalar[string](t, `
		SELECT coalesce(string_agg(sequencename || ' ' || coalesce(last_value, 0), ',' ORDER BY sequencename), '')
		FROM pg_sequences
		WHERE schemaname = 'public'`)
	return digests
}

// historyLength is how many events the workflow's history has.
func (o *order) historyLength() int64 {
	o.Helper()
	described, err := running.temporal.DescribeWorkflowExecution(context.Background(), workflows.WorkflowID(o.number), "")
	require.NoError(o, err)
	return described.GetWorkflowExecutionInfo().GetHistoryLength()
}

// It runs alone, so that whatever changes is its own doing.
func TestFiftyPlansChangeNothingAtAll(t *testing.T) {
	const n = 50
	packed := place(t, typed(line("TEA-001", 3, "128.00"), visit("SVC-INSTALL", "200.00")))
	packed.awaitReady()
	packed.pack(object{"line_id": "L1", "quantity": 2})
	gone, _ := onItsWay(t, 2)
	stages := []*order{inReview(t), packed, gone}
	require.NoError(t, running.rest(t.Context()))
	for _, o := range stages {
		o.awaitTask()
	}
	before := database(t)
	var lengths []int64
	for _, o := range stages {
		lengths = append(lengths, o.historyLength())
	}
	for i := range n {
		o := stages[i%len(stages)]
		w := wish()
		if i%2 == 1 {
			w = some("L1", 1)
		}
		send(t, o.asking([]string{"clerk", "finance", "manager"}[i%3], w)).want(http.StatusOK)
	}
	after := database(t)
	for i, o := range stages {
		require.Equal(t, lengths[i], o.historyLength(), o.number)
	}
	require.Equal(t, before, after)
	t.Logf("%d plans over %d orders: %d tables and all sequences are the same, and so are the histories", n, len(stages), len(after)-1)
}

// ending is an order's state without what differs from order to order: IDs, times, and who acted.
func ending(t *testing.T, o *order) string {
	t.Helper()
	var tree map[string]any
	text, err := json.Marshal(o.state())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &tree))
	for _, field := range []string{"chain", "processed", "customer_id", "contact_id"} {
		delete(tree, field)
	}
	forget(tree)
	text, err = json.MarshalIndent(tree, "", " ")
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), strings.TrimPrefix(o.number, "DD"), "N")
}

// differing are fields in which the same void over HTTP and by signal may differ.
var differing = regexp.MustCompile(`(_at|_since|since|_note)$|^(at|actor|by|decided_by|limit|hash|approvals|reference|evidence|key)$`)

func forget(tree any) {
	switch node := tree.(type) {
	case []any:
		for _, child := range node {
			forget(child)
		}
	case map[string]any:
		for field, value := range node {
			if differing.MatchString(field) {
				delete(node, field)
			} else {
				forget(value)
			}
		}
	}
}

func TestTheSameVoidAsASignalEndsTheSame(t *testing.T) {
	t.Parallel()
	lives := []struct {
		name string
		ask  func(o *order) string
	}{
		{"over HTTP", func(o *order) string { return o.void("clerk", wish()).ID }},
		{"as a signal", func(o *order) string {
			o.signal("void", object{"reason_code": "customer_request"})
			return o.await("asked to be voided", func(v view) bool { return len(v.Voids) == 1 }).Voids[0].ID
		}},
	}
	ends := map[string]string{}
	for _, life := range lives {
		o, label := onItsWay(t, 2)
		id := life.ask(o)
		require.Equal(t, "awaiting_approval", o.readVoid(id).Status, life.name)
		o.onVoid("manager", id, "approve", nil).want(http.StatusOK)
		o.awaitStep(id, "intercept", "waiting")
		o.reported(label, "intercept_refused", nil)
		o.reported(label, "delivered", nil)
		o.complete("manager", id, "approve_return", nil)
		o.takesBack(id, "damaged")
		o.isVoided()
		require.Equal(t, []string{"authorised 268.00", "captured 268.00", "refunded 268.00"}, paid(t, o.number), life.name)
		ends[life.name] = strings.ReplaceAll(ending(t, o), label, "LABEL")
	}
	require.Equal(t, ends["over HTTP"], ends["as a signal"])
}

func TestASignalThatNamesNoHashButWaivesOnlyAsks(t *testing.T) {
	t.Parallel()
	o, v, s := blocked(t)
	o.signal("waive-step", object{"kind": "refund", "reason": "no answer"})
	o.signal("waive-step", object{"kind": "refund", "reason": "no answer"})
	eventually(t, "both signals to be audited", func() (any, bool) {
		rows := auditRows(t, o.number, "signal")
		return rows, len(rows) == 2
	})
	require.Equal(t, []string{"waive-step accepted", "waive-step refused waive_asked"}, auditRows(t, o.number, "signal"))
	require.Equal(t, "blocked", o.readVoid(v.ID).step("refund").State)
	o.onVoid("finance", v.ID, "steps/"+s.ID+"/waive", object{"reason": "客户放弃退款"}).want(http.StatusOK)
	o.isVoided()
	require.Equal(t, []string{"captured 152.00"}, paid(t, o.number))
}

// It runs alone: the query finds every order of the stack on which a refund is blocked.
func TestOneSignalByQueryMendsManyOrders(t *testing.T) {
	const n = 5
	const query = `BlockedStep = 'refund'`
	var all []*order
	for range n {
		o, _, _ := blocked(t)
		all = append(all, o)
	}
	eventually(t, "the Web UI to list what is blocked", func() (any, bool) {
		found, err := running.temporal.CountWorkflow(context.Background(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return fmt.Sprint(found, err), err == nil && found.GetCount() == n
	})
	input, err := converter.GetDefaultDataConverter().ToPayloads(object{"kind": "refund"})
	require.NoError(t, err)
	_, err = running.temporal.WorkflowService().StartBatchOperation(context.Background(), &workflowservice.StartBatchOperationRequest{
		Namespace: "default", VisibilityQuery: query, JobId: uuid.NewString(), Reason: "the provider is back",
		Operation: &workflowservice.StartBatchOperationRequest_SignalOperation{SignalOperation: &batch.BatchOperationSignal{
			Signal: orders.CmdRetryStep, Input: input, Identity: "an engineer",
		}},
	})
	require.NoError(t, err)
	for _, o := range all {
		o.isVoided()
		require.Equal(t, []string{"captured 152.00", "refunded 152.00"}, paid(t, o.number))
	}
	t.Logf("%d blocked refunds mended by one signal to %s", n, query)
}
