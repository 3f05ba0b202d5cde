package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"amends/money"
	"amends/orders"
	"amends/workflows"
)

// inspect looks at everything that the scenarios left behind: the rules of the domain over the whole database, every
// workflow beside its order, and the outside world's books beside ours.
func (h *house) inspect(ctx context.Context) error {
	if err := h.rest(ctx); err != nil {
		return err
	}
	// The rules for orders at rest pass over those that changed within the last minute; by now all are at rest.
	if _, err := h.db.Exec(ctx, `UPDATE orders SET updated_at = updated_at - interval '2 minutes'`); err != nil {
		return fmt.Errorf("age the orders: %w", err)
	}
	_, err := h.Starter(ctx, "invariants")
	return errors.Join(err, h.inspectWorkflows(ctx), h.inspectBooks(ctx), h.inspectVoided(ctx))
}

// rest waits until nothing is under way any more.
func (h *house) rest(ctx context.Context) error {
	const busy = `
		SELECT (SELECT count(*) FROM commands WHERE status = 'pending')
		     + (SELECT count(*) FROM effects WHERE outcome IS NULL)
		     + (SELECT count(*) FROM outbox WHERE status = 'pending')`
	for deadline := time.Now().Add(patience); ; <-time.After(pollPace) {
		var left int
		err := h.db.QueryRow(ctx, busy).Scan(&left)
		if err == nil && left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d commands, effects or messages are still under way: %w", left, err)
		}
	}
}

// inspectWorkflows requires that an open order has one running workflow, a finished one none, and that each says what
// Postgres says. Asking them replays every history.
func (h *house) inspectWorkflows(ctx context.Context) error {
	rows, err := h.db.Query(ctx, `SELECT number, stage FROM orders ORDER BY number`)
	if err != nil {
		return fmt.Errorf("list the orders: %w", err)
	}
	type row struct {
		Number string
		Stage  orders.Stage
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return fmt.Errorf("list the orders: %w", err)
	}
	var problems []error
	for _, o := range all {
		want := enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		if o.Stage.Finished() {
			want = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		}
		described, err := h.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(o.Number), "")
		if err != nil {
			problems = append(problems, fmt.Errorf("describe the workflow of %s: %w", o.Number, err))
			continue
		}
		if status := described.GetWorkflowExecutionInfo().GetStatus(); status != want {
			problems = append(problems, fmt.Errorf("order %s is %s and its workflow %s", o.Number, o.Stage, status))
		}
		if difference, err := h.compare(ctx, o.Number); err != nil || difference != "" {
			problems = append(problems, errors.Join(err, errors.New(difference)))
		}
	}
	return errors.Join(append(problems, h.countWorkflows(ctx, len(all)))...)
}

// countWorkflows requires that there is not one workflow more than orders. Visibility follows after a moment.
func (h *house) countWorkflows(ctx context.Context, want int) error {
	for deadline := time.Now().Add(patience); ; <-time.After(pollPace) {
		counted, err := h.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: "WorkflowType = '" + workflows.TypeOrder + "'",
		})
		if err == nil && counted.GetCount() == int64(want) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("there are %d runs for %d orders: %w", counted.GetCount(), want, err)
		}
	}
}

// compare tells where the order's row differs from what its workflow answers: "" where it does not.
func (h *house) compare(ctx context.Context, number string) (string, error) {
	answered, err := h.temporal.QueryWorkflow(ctx, workflows.WorkflowID(number), "", workflows.QueryOrder)
	if err != nil {
		return "", fmt.Errorf("ask the workflow of %s: %w", number, err)
	}
	var told orders.Order
	if err := answered.Get(&told); err != nil {
		return "", fmt.Errorf("read what the workflow of %s says: %w", number, err)
	}
	var state []byte
	var seq int64
	var chain, last string
	err = h.db.QueryRow(ctx, `
		SELECT o.state, o.seq, o.chain, (SELECT e.chain FROM events e WHERE e.order_number = o.number ORDER BY seq DESC LIMIT 1)
		FROM orders o
		WHERE o.number = $1`, number).Scan(&state, &seq, &chain, &last)
	if err != nil {
		return "", fmt.Errorf("read the row of %s: %w", number, err)
	}
	var kept orders.Order
	if err := json.Unmarshal(state, &kept); err != nil {
		return "", fmt.Errorf("read the state of %s: %w", number, err)
	}
	one, _ := json.Marshal(told)
	other, _ := json.Marshal(kept)
	if string(one) == string(other) && seq == told.Seq && chain == told.Chain && last == chain {
		return "", nil
	}
	return fmt.Sprintf("%s: the workflow says\n%s\nand Postgres, at %d %s, last event %s,\n%s", number, one, seq, chain, last, other), nil
}

// inspectBooks compares the payment provider's book with ours, payment by payment.
func (h *house) inspectBooks(ctx context.Context) error {
	theirs, err := h.theirBook(ctx)
	if err != nil {
		return err
	}
	ours, err := h.ourBook(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for reference, sum := range theirs {
		if ours[reference] != sum {
			problems = append(problems, fmt.Errorf("payment %s: to the provider %v, to us %v", reference, sum, ours[reference]))
		}
	}
	if len(ours) != len(theirs) {
		problems = append(problems, fmt.Errorf("we know %d payments, the provider %d", len(ours), len(theirs)))
	}
	return errors.Join(problems...)
}

// moved is what was captured and refunded of a payment, in minor units.
type moved struct{ Captured, Refunded int64 }

func (h *house) theirBook(ctx context.Context) (map[string]moved, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.SandboxURL()+"/books/payments", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the provider's book: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var whole struct{ Items []entry }
	if err := json.NewDecoder(response.Body).Decode(&whole); err != nil {
		return nil, fmt.Errorf("read the provider's book: %w", err)
	}
	all := map[string]moved{}
	for _, e := range whole.Items {
		amount, err := money.Parse(e.Amount, "CNY")
		if err != nil {
			return nil, fmt.Errorf("read the provider's book: %w", err)
		}
		sum := all[e.PaymentRef]
		switch e.Kind {
		case "captured":
			sum.Captured += amount.Minor
		case "refunded":
			sum.Refunded += amount.Minor
		case "declined":
			continue
		}
		all[e.PaymentRef] = sum
	}
	return all, nil
}

func (h *house) ourBook(ctx context.Context) (map[string]moved, error) {
	rows, err := h.db.Query(ctx, `
		SELECT reference,
		       captured,
		       refunded - coalesce((SELECT sum(amount)
		                            FROM effects e
		                            WHERE e.order_number = p.order_number
		                              AND e.payment_id = p.payment_id
		                              AND e.kind = 'refund'
		                              AND (e.outcome ->> 'by_hand')::boolean
		                              AND (e.outcome ->> 'twice')::boolean IS NOT TRUE), 0)::bigint
		FROM payments p
		WHERE reference <> ''`)
	if err != nil {
		return nil, fmt.Errorf("read our book: %w", err)
	}
	all := map[string]moved{}
	for rows.Next() {
		var reference string
		var sum moved
		if err := rows.Scan(&reference, &sum.Captured, &sum.Refunded); err != nil {
			return nil, fmt.Errorf("read our book: %w", err)
		}
		all[reference] = sum
	}
	return all, rows.Err()
}
