package bench

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// history sums up the histories of a sample of lives.
type history struct {
	sampled, events, tasks, actions, bytes int
}

func (h *history) per(sum int) float64 {
	if h.sampled == 0 {
		return 0
	}
	return float64(sum) / float64(h.sampled)
}

// count reads the histories of the orders.
func (h *history) count(ctx context.Context, temporal client.Client, numbers []string) error {
	for _, number := range numbers {
		if err := h.add(ctx, temporal, number); err != nil {
			return fmt.Errorf("read the history of %s: %w", number, err)
		}
	}
	return nil
}

func (h *history) add(ctx context.Context, temporal client.Client, number string) error {
	described, err := temporal.DescribeWorkflowExecution(ctx, number, "")
	if err != nil {
		return err
	}
	h.bytes += int(described.GetWorkflowExecutionInfo().GetHistorySizeBytes())
	markers := map[int64]bool{} // workflow tasks with markers
	events := temporal.GetWorkflowHistory(ctx, number, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return err
		}
		h.events++
		switch e.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			h.tasks++
			h.actions += int(e.GetWorkflowTaskCompletedEventAttributes().GetMeteringMetadata().GetNonfirstLocalActivityExecutionAttempts())
		case enums.EVENT_TYPE_MARKER_RECORDED:
			markers[e.GetMarkerRecordedEventAttributes().GetWorkflowTaskCompletedEventId()] = true
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED: // attempts beyond the first; the first is the schedule's
			h.actions += int(e.GetActivityTaskStartedEventAttributes().GetAttempt()) - 1
		default:
			h.actions += billable[e.GetEventType()]
		}
	}
	h.actions += len(markers)
	h.sampled++
	return nil
}

// billable are the events that Temporal Cloud bills as one action each: docs/benchmarks.md names the source. All
// markers of one workflow task are one action together, and each further attempt of an activity is one.
var billable = map[enums.EventType]int{
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:                   1,
	enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:            1,
	enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:                      1,
	enums.EVENT_TYPE_TIMER_STARTED:                                1,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:                  1,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:           1,
	enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:     2,
	enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:           1,
}
