package commands

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"amends/workflows"
)

// GoneBook is where orders are flagged whose workflow was ended from outside.
type GoneBook interface {
	FlagGone(ctx context.Context, numbers []string) ([]string, error)
	GoneOrders(ctx context.Context, after string, limit int) ([]string, error)
	UnflagGone(ctx context.Context, numbers []string) error
}

// Watch finds orders whose workflow somebody has ended from outside: nothing would ever happen to them again, and nothing
// but Temporal knows.
type Watch struct {
	service *Service
	book    GoneBook
	every   time.Duration
	log     *slog.Logger
	since   time.Time // when the last look that succeeded began; zero before the first
}

// NewWatch returns a watch that looks every so often, a positive duration.
func NewWatch(service *Service, book GoneBook, every time.Duration, log *slog.Logger) *Watch {
	return &Watch{service: service, book: book, every: every, log: log}
}

// Run looks until the context ends.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("the census of orders is not complete", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Look flags unfinished orders whose workflow was ended since the last look, or ever when it is the first, and takes the
// flag from those whose workflow runs again. Repeating it changes nothing.
func (w *Watch) Look(ctx context.Context) error {
	began := w.service.now()
	if err := w.unflag(ctx); err != nil {
		return err
	}
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: w.query(), PageSize: censusPage}
	for {
		page, err := w.service.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return err
		}
		var numbers []string
		for _, ended := range page.GetExecutions() {
			numbers = append(numbers, workflows.OrderNumber(ended.GetExecution().GetWorkflowId()))
		}
		if err := w.flag(ctx, numbers); err != nil {
			return err
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			w.since = began
			return nil
		}
	}
}

// slack is how much earlier than the last look the next one begins: visibility lags behind, and clocks differ.
const slack = 2 * time.Minute

// query selects runs that an order never ends with by itself.
func (w *Watch) query() string {
	query := "WorkflowType = '" + workflows.TypeOrder + "' AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')"
	if w.since.IsZero() {
		return query
	}
	return query + " AND CloseTime >= '" + w.since.Add(-slack).UTC().Format(time.RFC3339) + "'"
}

// flag flags those of the orders that have no other run: a reset ends one run and starts another.
func (w *Watch) flag(ctx context.Context, numbers []string) error {
	slices.Sort(numbers)
	gone, err := w.those(ctx, slices.Compact(numbers), false)
	if err != nil || len(gone) == 0 {
		return err
	}
	flagged, err := w.book.FlagGone(ctx, gone)
	for _, number := range flagged {
		w.log.Warn("an order that is not finished has no workflow", "order", number)
	}
	return err
}

func (w *Watch) unflag(ctx context.Context) error {
	for after := ""; ; {
		page, err := w.book.GoneOrders(ctx, after, censusPage)
		if err != nil || len(page) == 0 {
			return err
		}
		back, err := w.those(ctx, page, true)
		if err != nil {
			return err
		}
		if len(back) > 0 {
			if err := w.book.UnflagGone(ctx, back); err != nil {
				return err
			}
		}
		after = page[len(page)-1]
	}
}

// those keeps the orders whose workflow runs, or those whose workflow does not.
func (w *Watch) those(ctx context.Context, numbers []string, running bool) ([]string, error) {
	runs, err := w.service.allRun(ctx, numbers)
	var kept []string
	for i, number := range numbers {
		if runs[i] == running {
			kept = append(kept, number)
		}
	}
	return kept, err
}
