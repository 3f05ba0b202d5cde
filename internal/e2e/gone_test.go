package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"amends/workflows"
)

func TestATerminatedOrderIsFoundFlaggedAndSetGoingAgain(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	o.awaitReady()
	ended := o.run()
	require.NoError(t, running.temporal.TerminateWorkflow(context.Background(), ended.GetWorkflowId(), ended.GetRunId(), "by mistake"))
	v := o.await("flagged", func(v view) bool { return v.has("workflow_gone") })
	require.Equal(t, []string{"needs_attention", "workflow_gone"}, v.Flags)
	require.Equal(t, "fulfilling", v.Stage)
	for _, flag := range v.Flags {
		require.Contains(t, listedBy(t, flag), o.number)
	}

	hold := o.telling("clerk", "hold", object{"reason": "客户出差"})
	hold.key = newKey()
	send(t, hold).want(http.StatusAccepted) // kept until there is somebody to take it
	o.reset(ended)
	v = o.await("on hold and no longer flagged", func(v view) bool { return v.has("on_hold") && !v.has("workflow_gone") })
	require.Equal(t, []string{"on_hold"}, v.Flags)
	require.NotContains(t, listedBy(t, "workflow_gone"), o.number)
	o.settle(hold).want(http.StatusOK)
	o.tell("clerk", "resume", nil).want(http.StatusOK)
	o.sendAll()
	require.Empty(t, o.closes().Flags)
	require.Equal(t, []string{"authorised 140.00", "captured 140.00"}, paid(t, o.number))

	// After all scenarios there must be one run for each order.
	_, err := running.temporal.WorkflowService().DeleteWorkflowExecution(context.Background(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: ended,
	})
	require.NoError(t, err)
}

// run is the order's latest run.
func (o *order) run() *common.WorkflowExecution {
	o.Helper()
	described, err := running.temporal.DescribeWorkflowExecution(context.Background(), workflows.WorkflowID(o.number), "")
	require.NoError(o, err)
	return described.GetWorkflowExecutionInfo().GetExecution()
}

// reset sets an ended run going again from its last workflow task, as the runbook says.
func (o *order) reset(ended *common.WorkflowExecution) {
	o.Helper()
	var last int64
	events := running.temporal.GetWorkflowHistory(context.Background(), ended.GetWorkflowId(), ended.GetRunId(), false,
		enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(o, err)
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			last = event.GetEventId()
		}
	}
	_, err := running.temporal.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: ended, WorkflowTaskFinishEventId: last,
		Reason: "terminated by mistake", RequestId: newKey(),
	})
	require.NoError(o, err)
}

// listedBy returns the numbers of the newest orders with a flag.
func listedBy(t testing.TB, flag string) (numbers []string) {
	t.Helper()
	a := send(t, request{role: "clerk", method: http.MethodGet, path: "/orders?limit=100&flag=" + flag}).want(http.StatusOK)
	for _, item := range into[struct{ Items []view }](a).Items {
		numbers = append(numbers, item.Number)
	}
	return numbers
}
