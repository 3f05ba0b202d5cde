package commands

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"amends/workflows"
)

// Numbers lists order numbers in their order, page by page: those after a number.
type Numbers func(ctx context.Context, after string, limit int) ([]string, error)

const (
	censusPage = 200
	censusAsks = 16 // at the same time
)

// Census asks Temporal for every order of a list whether its workflow runs, and returns those that are not as wanted:
// an open order has exactly one running workflow, a finished one none.
func (s *Service) Census(ctx context.Context, list Numbers, running bool) ([]string, error) {
	var odd []string
	for after := ""; ; {
		page, err := list(ctx, after, censusPage)
		if err != nil || len(page) == 0 {
			return odd, err
		}
		runs, err := s.allRun(ctx, page)
		if err != nil {
			return odd, err
		}
		for i, number := range page {
			if runs[i] != running {
				odd = append(odd, number)
			}
		}
		after = page[len(page)-1]
	}
}

// allRun tells of each order whether its workflow runs.
func (s *Service) allRun(ctx context.Context, numbers []string) ([]bool, error) {
	runs := make([]bool, len(numbers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(censusAsks)
	for i, number := range numbers {
		group.Go(func() (err error) {
			runs[i], err = s.runs(ctx, number)
			return err
		})
	}
	return runs, group.Wait()
}

func (s *Service) runs(ctx context.Context, number string) (bool, error) {
	d, err := s.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(number), "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe %s: %w", number, err)
	}
	return d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}
