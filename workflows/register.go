package workflows

import (
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"amends/activities"
)

// Registry is what workers, the test environment and the replayer have in common.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// ActivityRegistry takes activities too: workers and the test environment do.
type ActivityRegistry interface {
	Registry
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// Activities are the collaborators that a worker brings.
type Activities struct {
	CommandKey []byte // see orders.Seal; none: updates are believed

	Records   *activities.Records
	Stock     *activities.Stock
	Calendar  *activities.Calendar
	Ledger    *activities.Ledger
	Payments  *activities.Payments
	Carriers  *activities.Carriers
	Suppliers *activities.Suppliers
	Messages  *activities.Messages
}

// Register lists everything that runs on the task queue.
func Register(r ActivityRegistry, a Activities) {
	RegisterWorkflows(r, a.CommandKey)
	for _, collaborator := range []any{
		a.Records, a.Stock, a.Calendar, a.Ledger, a.Payments, a.Carriers, a.Suppliers, a.Messages,
	} {
		r.RegisterActivityWithOptions(collaborator, activity.RegisterOptions{})
	}
}

// RegisterWorkflows lists the workflows alone. Replaying histories needs no key.
func RegisterWorkflows(r Registry, commandKey []byte) {
	r.RegisterWorkflowWithOptions(Order(commandKey), workflow.RegisterOptions{Name: TypeOrder})
}

// WorkerOptions say how a worker polls: the product's and the one that the bench compares it with.
func WorkerOptions() worker.Options {
	return worker.Options{
		MaxConcurrentWorkflowTaskPollers: 8,
		MaxConcurrentActivityTaskPollers: 8,
		WorkerStopTimeout:                10 * time.Second,
	}
}
