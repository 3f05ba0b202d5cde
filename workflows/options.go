package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// Priorities of activities: what gives something back to a customer comes first.
const (
	priorityCompensation = 1
	priorityOrdinary     = 3
	priorityNotice       = 5
)

// quick are the options for asking others: six attempts in about a quarter of a minute, then the task is parked and
// tried again later with the same key.
func quick(t orders.Task) workflow.ActivityOptions {
	priority := priorityOrdinary
	switch {
	case t.Kind == orders.StepTell || t.Kind == orders.StepTellMoney || t.Kind == orders.StepTellDepts:
		priority = priorityNotice
	case t.Step != "" || t.Kind == orders.TaskRelease || t.Kind == orders.TaskRefund || t.Kind == orders.TaskCancelLabel:
		priority = priorityCompensation
	}
	return workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		Summary:             t.Name,
		Priority:            temporal.Priority{PriorityKey: priority},
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 8 * time.Second, MaximumAttempts: 6,
		},
	}
}

// patient are the options for our own database when it stays away: as long as it takes.
func patient(name string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		Summary:             name,
		Priority:            temporal.Priority{PriorityKey: priorityOrdinary},
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 1.5, MaximumInterval: 10 * time.Second},
	}
}

// local runs a local activity: three attempts, over in a moment.
func local(ctx workflow.Context, name string, activity, result any, input ...any) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 5 * time.Second,
		StartToCloseTimeout:    3 * time.Second,
		Summary:                name,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 3, MaximumAttempts: 3},
	})
	return workflow.ExecuteLocalActivity(ctx, activity, input...).Get(ctx, result)
}

func regular(ctx workflow.Context, options workflow.ActivityOptions, activity, result any, input ...any) error {
	ctx = workflow.WithActivityOptions(ctx, options)
	return workflow.ExecuteActivity(ctx, activity, input...).Get(ctx, result)
}
