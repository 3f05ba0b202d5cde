package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"amends/workflows"
)

// Names of what the bare worker knows.
const (
	bareQueue     = "bench"
	typeNoop      = "Noop"
	typeImitation = "Imitation"
)

// bare runs the bare workflows in a worker of this process, which polls as the product's worker does.
type bare struct {
	temporal client.Client
	worker   worker.Worker
	serial   atomic.Int64
	told     sync.Map // workflow ID → chan string: what a driver hears without asking
}

func startBare(temporal client.Client) (*bare, error) {
	b := &bare{temporal: temporal, worker: worker.New(temporal, bareQueue, workflows.WorkerOptions())}
	b.worker.RegisterWorkflowWithOptions(noop, workflow.RegisterOptions{Name: typeNoop})
	b.worker.RegisterWorkflowWithOptions(imitation, workflow.RegisterOptions{Name: typeImitation})
	b.worker.RegisterActivityWithOptions(nothing, activity.RegisterOptions{Name: "Nothing"})
	b.worker.RegisterActivityWithOptions(b.tell, activity.RegisterOptions{Name: "Tell"})
	if err := b.worker.Start(); err != nil {
		return nil, fmt.Errorf("start polling: %w", err)
	}
	return b, nil
}

// nothing is an activity without work.
func nothing(context.Context) error { return nil }

// tell stands for a recording: it does nothing but wake the driver of the workflow, who reads an order's state over
// HTTP where this is a life.
func (b *bare) tell(ctx context.Context, what string) error {
	if heard, ok := b.told.Load(activity.GetInfo(ctx).WorkflowExecution.ID); ok {
		heard.(chan string) <- what
	}
	return nil
}

func (b *bare) options(kind string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: fmt.Sprintf("%s-%d", kind, b.serial.Add(1)), TaskQueue: bareQueue}
}

// noop runs one workflow of five local activities and waits for its end.
func (b *bare) noop(ctx context.Context) error {
	started, err := b.temporal.ExecuteWorkflow(ctx, b.options(typeNoop), typeNoop)
	if err != nil {
		return during("start a no-op", err)
	}
	return during("wait for a no-op", started.Get(ctx, nil))
}

// imitate drives one imitation as a life is driven: start, two updates, a signal, each when the one before has shown.
func (b *bare) imitate(ctx context.Context) error {
	options := b.options(typeImitation)
	heard := make(chan string, 16)
	b.told.Store(options.ID, heard)
	defer b.told.Delete(options.ID)
	options.StaticSummary = options.ID
	options.TypedSearchAttributes = stageIs("created")
	if _, err := b.temporal.ExecuteWorkflow(ctx, options, typeImitation); err != nil {
		return during("start an imitation", err)
	}
	for _, step := range []struct {
		after string
		do    func() error
	}{
		{sayPaid, func() error { return b.update(ctx, options.ID, updateShip) }},
		{sayLabelled, func() error { return b.update(ctx, options.ID, updateHandOver) }},
		{sayHandedOver, func() error { return b.temporal.SignalWorkflow(ctx, options.ID, "", signalEvent, nil) }},
		{sayClosed, func() error { return nil }},
	} {
		if err := await(ctx, heard, step.after); err != nil {
			return during("wait for "+step.after, err)
		}
		if err := step.do(); err != nil {
			return during("after "+step.after, err)
		}
	}
	return nil
}

func (b *bare) update(ctx context.Context, id, name string) error {
	handle, err := b.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: name, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

func await(ctx context.Context, heard <-chan string, wanted string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		select {
		case what := <-heard:
			if what == wanted {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
