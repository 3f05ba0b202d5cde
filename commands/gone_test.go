package commands_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"amends/commands"
	"amends/orders"
)

// watch is a watch that writes its log into a buffer.
func (b *bench) watch() (*commands.Watch, *bytes.Buffer) {
	var log bytes.Buffer
	return commands.NewWatch(b.service, b.db, time.Minute, slog.New(slog.NewTextHandler(&log, nil))), &log
}

// lists makes Temporal's list answer ended runs of these orders once, for a query that contains the text.
func (b *bench) lists(query, token, next string, numbers ...string) {
	page := &workflowservice.ListWorkflowExecutionsResponse{NextPageToken: []byte(next)}
	for _, number := range numbers {
		page.Executions = append(page.Executions, &workflow.WorkflowExecutionInfo{
			Execution: &common.WorkflowExecution{WorkflowId: number},
		})
	}
	b.temporal.On("ListWorkflow", mock.Anything, mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
		return strings.Contains(r.GetQuery(), query) && string(r.GetNextPageToken()) == token
	})).Return(page, nil).Once()
}

// has makes the last run of an order stand so.
func (b *bench) has(number string, status enums.WorkflowExecutionStatus) {
	b.temporal.On("DescribeWorkflowExecution", mock.Anything, number, "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{Status: status},
	}, nil).Once()
}

func (b *bench) flags(number string) []string {
	b.Helper()
	view, err := b.db.Order(context.Background(), number)
	require.NoError(b, err)
	page, err := b.db.Orders(context.Background(), orders.OrderQuery{Q: number, Limit: 1})
	require.NoError(b, err)
	require.Equal(b, view.Flags(), page.Items[0].Flags, "the order and the list say the same")
	return page.Items[0].Flags
}

const (
	terminated = enums.WORKFLOW_EXECUTION_STATUS_TERMINATED
	runs       = enums.WORKFLOW_EXECUTION_STATUS_RUNNING
)

var gone = []string{orders.FlagAttention, orders.FlagGone}

func TestAnOrderWhoseWorkflowWasEndedFromOutsideIsFlaggedOnce(t *testing.T) {
	b := setup(t)
	first, second, finished := b.order(), b.order(), b.order()
	b.finish(finished)
	watch, log := b.watch()
	b.lists("'Terminated'", "", "more", first, finished, first)
	b.lists("'Canceled'", "more", "", second)
	for _, number := range []string{first, second, finished} {
		b.has(number, terminated)
	}
	require.NoError(t, watch.Look(context.Background()))
	require.Equal(t, gone, b.flags(first))
	require.Equal(t, gone, b.flags(second))
	require.Empty(t, b.flags(finished))

	b.has(first, terminated)
	b.has(second, terminated)
	b.lists(" AND CloseTime >= '20", "", "", first)
	b.has(first, terminated)
	require.NoError(t, watch.Look(context.Background()))
	require.Equal(t, 2, strings.Count(log.String(), "level=WARN"), log.String())
	require.Contains(t, log.String(), "order="+first)
}

func TestAnOrderWithAnotherRunIsNotFlagged(t *testing.T) {
	b := setup(t)
	reset := b.order()
	watch, log := b.watch()
	b.lists("", "", "", reset)
	b.has(reset, runs)
	require.NoError(t, watch.Look(context.Background()))
	require.Empty(t, b.flags(reset))
	require.Empty(t, log.String())
}

func TestTheFlagGoesWhenTheWorkflowRunsAgain(t *testing.T) {
	b := setup(t)
	order := b.order()
	_, err := b.db.FlagGone(context.Background(), []string{order})
	require.NoError(t, err)
	watch, _ := b.watch()
	b.has(order, runs)
	b.lists("", "", "")
	require.NoError(t, watch.Look(context.Background()))
	require.Empty(t, b.flags(order))
}

func TestAfterALookThatFailedTheNextOneGoesAsFarBack(t *testing.T) {
	b := setup(t)
	watch, _ := b.watch()
	whole := mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
		return !strings.Contains(r.GetQuery(), "CloseTime")
	})
	b.temporal.On("ListWorkflow", mock.Anything, whole).Return(nil, away).Once()
	require.ErrorIs(t, watch.Look(context.Background()), away)

	order := b.order()
	b.temporal.On("ListWorkflow", mock.Anything, whole).Return(&workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflow.WorkflowExecutionInfo{{Execution: &common.WorkflowExecution{WorkflowId: order}}},
	}, nil).Once()
	b.temporal.On("DescribeWorkflowExecution", mock.Anything, order, "").Return(nil, away).Once()
	require.ErrorIs(t, watch.Look(context.Background()), away)
	require.Empty(t, b.flags(order), "what cannot be asked is not flagged")

	b.temporal.On("ListWorkflow", mock.Anything, whole).Return(&workflowservice.ListWorkflowExecutionsResponse{}, nil).Once()
	require.NoError(t, watch.Look(context.Background()))
}
