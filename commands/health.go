package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"amends/workflows"
)

// ErrNoWorker says that nobody polls the task queue.
var ErrNoWorker = errors.New("no worker polls the task queue")

// Healthy returns nil when Temporal answers and a worker has polled within the last minute or so.
func (s *Service) Healthy(ctx context.Context) error {
	if _, err := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	queue, err := s.temporal.DescribeTaskQueue(ctx, workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return fmt.Errorf("describe the task queue: %w", err)
	}
	for _, p := range queue.GetPollers() {
		if time.Since(p.GetLastAccessTime().AsTime()) < 70*time.Second {
			return nil
		}
	}
	return ErrNoWorker
}
