package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"amends/orders"
	"amends/workflows"
)

// deliver brings a command to its order: as a start, a signal or an update with the command's ID. An error means that
// there is no answer yet, never that the answer is no.
func (s *Service) deliver(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	switch {
	case row.Name == orders.CmdCreate:
		return s.start(ctx, row)
	case orders.IsReport(row.Name):
		return s.signal(ctx, row)
	}
	return s.update(ctx, row)
}

func (s *Service) start(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	var start orders.Start
	if err := json.Unmarshal(row.Payload, &start); err != nil {
		return orders.Outcome{}, fmt.Errorf("read the start of %s: %w", row.Order, err)
	}
	_, err := s.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       workflows.WorkflowID(row.Order),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            workflows.Summary(start.Order),
		StaticDetails:                            s.link(row.Order),
		TypedSearchAttributes:                    workflows.StartAttributes(start.Order),
	}, workflows.TypeOrder, start)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) { // already started with this number: by ourselves, before an answer was lost
		return orders.Outcome{}, fmt.Errorf("start %s: %w", row.Order, err)
	}
	o := start.Order
	return accepted(orders.Answer{Number: o.Number, Version: o.Version, Stage: o.Stage}), nil
}

// link leads from the Temporal Web UI to the order.
func (s *Service) link(number string) string {
	if s.settings.PublicURL == "" {
		return ""
	}
	url := s.settings.PublicURL + "/api/v1/orders/" + number
	return fmt.Sprintf("Order 订单 [%s](%s)", number, url)
}

func (s *Service) signal(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	err := s.temporal.SignalWorkflow(ctx, workflows.WorkflowID(row.Order), "", row.Name, row.Payload)
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return s.late(ctx, row)
	case err != nil:
		return orders.Outcome{}, fmt.Errorf("signal %s: %w", row.Order, err)
	}
	return accepted(orders.Answer{Number: row.Order}), nil
}

func (s *Service) update(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	body, err := json.Marshal(row.Payload) // as the data converter writes it
	if err != nil {
		return orders.Outcome{}, fmt.Errorf("read the payload of %s: %w", row.ID, err)
	}
	seal := orders.Seal(s.settings.Key, row.ID, row.Name, body)
	handle, err := s.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		UpdateID: row.ID, WorkflowID: workflows.WorkflowID(row.Order), UpdateName: row.Name,
		Args: []any{row.Payload, seal}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	var answer orders.Answer
	if err == nil {
		err = handle.Get(ctx, &answer)
	}
	var refusal *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		return accepted(answer), nil
	case errors.As(err, &refusal) && refusal.Type() == workflows.TypeRefused:
		var problem orders.Problem
		if err := refusal.Details(&problem); err != nil {
			return orders.Outcome{}, fmt.Errorf("read the refusal of %s: %w", row.ID, err)
		}
		return refused(problem), nil
	case errors.As(err, &gone):
		return s.late(ctx, row)
	}
	return orders.Outcome{}, fmt.Errorf("update %s: %w", row.Order, err)
}

// late answers for an order whose workflow does not run: it has ended, and Postgres tells how; or it has not started yet.
func (s *Service) late(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	view, err := s.store.Order(ctx, row.Order)
	if err != nil {
		return orders.Outcome{}, fmt.Errorf("look up %s: %w", row.Order, err)
	}
	if !view.Order.Stage.Finished() {
		return orders.Outcome{}, errNotStarted
	}
	o := view.Order
	if slices.Contains(o.Processed, row.ID) { // decided before the end; its answer was lost
		return accepted(orders.Answer{Number: o.Number, Version: o.Version, Stage: o.Stage}), nil
	}
	problem := orders.Problem{Code: orders.CodeUnreadable}
	if c, err := orders.DecodeCommand(row.Name, row.Payload); err == nil {
		problem = s.judgeLate(o, c)
	}
	return refused(problem), nil
}

// judgeLate decides on the state that the order ended with; nothing can be accepted any more.
func (s *Service) judgeLate(o orders.Order, c orders.Command) orders.Problem {
	if _, err := orders.Decide(o, c, s.now()); err != nil {
		return orders.AsProblem(err)
	}
	return orders.Problem{Code: orders.CodeWrongStage, Params: []string{c.Name(), string(o.Stage), ""}}
}
