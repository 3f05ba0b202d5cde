package workflows_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
	"amends/workflows"
)

// attributes follows the search attributes that the workflow sets.
type attributes struct {
	interceptor.WorkerInterceptorBase
	sync.Mutex
	now  map[string]any
	sets int
}

func (a *attributes) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &inbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, a}
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	seen *attributes
}

func (i *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.WorkflowOutboundInterceptorBase{Next: next}, i.seen})
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	seen *attributes
}

// UpsertTypedSearchAttributes notes what is set after the updates.
//
//workflowcheck:ignore
func (o *outbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	err := o.Next.UpsertTypedSearchAttributes(ctx, updates...)
	o.seen.Lock()
	defer o.seen.Unlock()
	o.seen.sets++
	o.seen.now = map[string]any{}
	for key, value := range workflow.GetTypedSearchAttributes(ctx).GetUntypedValues() {
		o.seen.now[key.GetName()] = value
	}
	return err
}

// attribute reads back one search attribute; nil when it is unset.
func (b *bench) attribute(name string) any {
	b.seen.Lock()
	defer b.seen.Unlock()
	return b.seen.now[name]
}

// details reads what the Web UI shows of where the order stands.
func (b *bench) details() string {
	b.Helper()
	answer, err := b.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(b, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(b, answer.Get(&metadata))
	return metadata.GetCurrentDetails()
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

func TestTheWebUIShowsEachStageAndWhoCanAct(t *testing.T) {
	b := setup(t)
	draft := waiting()
	draft.Terms.AfterSalesDays = 1
	b.create(draft)
	shows := func(stage orders.Stage, deadline string, words ...string) {
		require.Equal(t, string(stage), b.attribute("OrderStage"))
		require.NotEqual(t, true, b.attribute("NeedsAttention"))
		require.Equal(t, b.lastSeen.Deadlines[0].DueAt, b.attribute("StageDeadline"))
		require.Equal(t, deadline, b.lastSeen.Deadlines[0].Kind)
		for _, word := range append(words, string(stage), deadline) {
			require.Contains(t, b.details(), word)
		}
	}
	b.when("the review", func(o orders.Order) bool { return o.Stage == orders.InReview && quiet(o) }, func() {
		shows(orders.InReview, orders.DeadlineReview, orders.FindingLargeAmount, "reviewer", "`approve`")
		b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
	b.when("everything to pack", ready, func() {
		shows(orders.Fulfilling, orders.DeadlineFulfil)
		b.update("ship", &orders.Ship{Carrier: "SF"})
	})
	b.handsOver()
	b.when("the parcel on its way", func(o orders.Order) bool { return o.Stage == orders.SigningOff && quiet(o) }, func() {
		shows(orders.SigningOff, orders.DeadlineReminder)
		b.update("sign-off", &orders.SignOff{})
	})
	b.when("the window", func(o orders.Order) bool { return o.Stage == orders.AfterSales && quiet(o) }, func() {
		shows(orders.AfterSales, orders.DeadlineAfterSales)
	})
	b.run()
	require.Equal(t, "closed", b.attribute("OrderStage"))
	require.Nil(t, b.attribute("StageDeadline"), "nothing is due any more")
}

func TestWhatTheStartShowsIsNotSetAgain(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	start := map[string]any{}
	for key, value := range workflows.StartAttributes(b.order).GetUntypedValues() {
		start[key.GetName()] = value
	}
	require.Equal(t, "created", start["OrderStage"])
	require.Equal(t, b.order.CustomerID, start["OrderCustomer"])
	require.Equal(t, int64(5121200), start["OrderAmount"])
	require.Equal(t, false, start["NeedsAttention"])
	b.when("the review", in(orders.InReview), func() {
		require.Nil(t, b.attribute("OrderCustomer"), "set at the start and never changed")
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
}

func TestNothingPersonalStandsInWhatTheWebUIShows(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() {
		shown := b.details() + workflows.Summary(b.order)
		for _, word := range []string{"李雷", "139", "科技园路"} {
			require.NotContains(t, shown, word)
		}
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
}
