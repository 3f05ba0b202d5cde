package commands_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"

	"amends/commands"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/store"
	"amends/workflows"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var (
	clerk = orders.Actor{ID: "staff-clerk", Role: "manager", Verified: true}
	away  = serviceerror.NewUnavailable("no connection")
)

// bench is a service on a real database, with a Temporal that answers what the test says.
type bench struct {
	*testing.T
	db       *store.Store
	sql      *pgxpool.Pool
	temporal *mocks.Client
	service  *commands.Service
}

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	ctx := context.Background()
	url := testdb.New(t)
	_, err := store.Migrate(ctx, url)
	require.NoError(t, err)
	require.NoError(t, store.Seed(ctx, url, nil))
	b := &bench{T: t, temporal: mocks.NewClient(t)}
	b.db, err = store.Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(b.db.Close)
	b.sql, err = pgxpool.New(ctx, url)
	require.NoError(t, err)
	t.Cleanup(b.sql.Close)
	b.service = b.another()
	return b
}

// another is a second process on the same database.
func (b *bench) another() *commands.Service {
	return commands.New(b.db, b.temporal, commands.Settings{Policy: orders.DefaultPolicy()})
}

func yuan(n int64) money.Amount { return money.New(n*100, "CNY") }

// creation asks for an order of tea.
func creation() orders.Submission {
	n := uuid.NewString()
	draft := &orders.Draft{
		Contact: orders.ContactFacts{Locale: "zh-CN", HasPhone: true}, Currency: "CNY",
		Lines: []orders.Line{{
			ID: "L1", Kind: orders.Goods, SKU: "TEA-001", Ordered: 1, UnitPrice: yuan(128), ListPrice: yuan(128), Discount: yuan(0),
		}},
		Delivery: orders.Delivery{Method: "express", Fee: yuan(0)},
		Terms:    orders.Terms{Payment: orders.Prepaid, Deposit: yuan(0)},
	}
	return orders.Submission{
		Actor: clerk, Key: n, Route: "POST /orders", Fingerprint: "body of " + n, Draft: draft,
		Contact:     &orders.Contact{ID: uuid.NewString(), Name: "李雷", Phone: "+8613800138000", Locale: "zh-CN"},
		NewCustomer: &orders.Customer{ID: uuid.NewString(), Name: "李雷", Phone: "+8613800138000", Locale: "zh-CN"},
	}
}

// hold asks for a hold of an order, under a key of its own.
func hold(order string) orders.Submission {
	n := uuid.NewString()
	return orders.Submission{
		Actor: clerk, Key: n, Route: "POST /orders/{number}/hold", Fingerprint: "body of " + n, Order: order, Command: &orders.PutOnHold{},
	}
}

func (b *bench) submit(sub orders.Submission) orders.Receipt {
	b.Helper()
	receipt, err := b.service.Submit(context.Background(), sub)
	require.NoError(b, err)
	return receipt
}

// order creates an order whose workflow has started.
func (b *bench) order() string {
	b.Helper()
	b.starts(nil).Once()
	receipt := b.submit(creation())
	require.False(b, receipt.Pending)
	return receipt.Order
}

func (b *bench) starts(err error) *mock.Call {
	return b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, workflows.TypeOrder, mock.Anything).Return(mocks.NewWorkflowRun(b), err)
}

// answers makes the next update end in an answer or an error.
func (b *bench) answers(answer orders.Answer, err error) *mock.Call {
	handle := mocks.NewWorkflowUpdateHandle(b)
	handle.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		*args.Get(1).(*orders.Answer) = answer
	}).Return(err).Maybe()
	return b.temporal.On("UpdateWorkflow", mock.Anything, mock.Anything).Return(handle, nil).Once()
}

// fails makes the next update fail before there is a handle.
func (b *bench) fails(err error) *mock.Call {
	return b.temporal.On("UpdateWorkflow", mock.Anything, mock.Anything).Return(nil, err).Once()
}

func refusal(problem orders.Problem) error {
	return temporal.NewApplicationErrorWithOptions(problem.Code, workflows.TypeRefused, temporal.ApplicationErrorOptions{Details: []any{problem}})
}

// finish makes Postgres believe that the order ended as rejected, by the commands.
func (b *bench) finish(order string, processed ...string) {
	b.Helper()
	view, err := b.db.Order(context.Background(), order)
	require.NoError(b, err)
	o := view.Order
	o.Stage, o.Processed = orders.Rejected, append(o.Processed, processed...)
	_, err = b.sql.Exec(context.Background(), `UPDATE orders SET state = $2, stage = $3 WHERE number = $1`, order, o, string(o.Stage))
	require.NoError(b, err)
}

func (b *bench) audits(command string) (outcomes []string) {
	b.Helper()
	rows, err := b.sql.Query(context.Background(), `SELECT trim(outcome || ' ' || code) FROM audit WHERE command_id = $1`, command)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var outcome string
		require.NoError(b, rows.Scan(&outcome))
		outcomes = append(outcomes, outcome)
	}
	require.NoError(b, rows.Err())
	return outcomes
}

// expire ends all leases.
func (b *bench) expire() {
	b.Helper()
	_, err := b.sql.Exec(context.Background(), `UPDATE commands SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL`)
	require.NoError(b, err)
}

// expireOf ends the lease of an order's pending commands.
func (b *bench) expireOf(order string) {
	b.Helper()
	_, err := b.sql.Exec(context.Background(), `
		UPDATE commands
		SET lease_until = now() - interval '1 second'
		WHERE order_number = $1 AND status = 'pending'`, order)
	require.NoError(b, err)
}

// relay runs a relay of another process until the condition holds.
func (b *bench) relay(until func() bool) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	wake := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		commands.NewRelay(b.another(), wake, slog.New(slog.DiscardHandler)).Run(ctx)
	}()
	require.Eventually(b, func() bool {
		select {
		case wake <- struct{}{}:
		default:
		}
		return until()
	}, 20*time.Second, 10*time.Millisecond)
	cancel()
	<-done
}

func (b *bench) settled(command string) func() bool {
	return func() bool {
		receipt, err := b.service.Command(context.Background(), command, clerk)
		return err == nil && !receipt.Pending
	}
}

func TestAnOrderIsListedBeforeItsWorkflowStarts(t *testing.T) {
	b := setup(t)
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, workflows.TypeOrder, mock.Anything).
		Run(func(args mock.Arguments) {
			options := args.Get(1).(client.StartWorkflowOptions)
			start := args.Get(3).(orders.Start)
			require.Equal(t, start.Order.Number, options.ID)
			require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, options.WorkflowIDReusePolicy)
			require.True(t, options.WorkflowExecutionErrorWhenAlreadyStarted)
			require.Zero(t, options.WorkflowExecutionTimeout+options.WorkflowRunTimeout)
			view, err := b.db.Order(context.Background(), options.ID)
			require.NoError(t, err)
			require.Equal(t, orders.Created, view.Order.Stage)
		}).Return(mocks.NewWorkflowRun(t), nil).Once()
	receipt := b.submit(creation())
	require.True(t, receipt.Outcome.Accepted)
	require.Equal(t, receipt.Order, receipt.Outcome.Answer.Number)
	require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
}

func TestAWorkflowThatHasStartedAlreadyIsSuccess(t *testing.T) {
	b := setup(t)
	b.starts(serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "")).Once()
	require.True(t, b.submit(creation()).Outcome.Accepted, "by ourselves, before an answer was lost")
}

func TestAnOrderThatCannotBeStartedIsPendingAndStartedByTheRelay(t *testing.T) {
	b := setup(t)
	b.starts(away).Once()
	sub := creation()
	receipt := b.submit(sub)
	require.True(t, receipt.Pending)
	b.expire()
	b.starts(nil).Once()
	b.relay(b.settled(receipt.CommandID))
	replayed := b.submit(sub)
	require.True(t, replayed.Replayed)
	require.True(t, replayed.Outcome.Accepted)
	require.Equal(t, receipt.Order, replayed.Order, "one number for one key")
	require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
}

func TestAnAcceptedUpdateIsAnswered(t *testing.T) {
	b := setup(t)
	order := b.order()
	want := orders.Answer{Number: order, Version: 2, Stage: orders.Fulfilling}
	var sent client.UpdateWorkflowOptions
	b.answers(want, nil).Run(func(args mock.Arguments) { sent = args.Get(1).(client.UpdateWorkflowOptions) })
	receipt := b.submit(hold(order))
	require.Equal(t, want, *receipt.Outcome.Answer)
	require.Equal(t, receipt.CommandID, sent.UpdateID, "the update's ID is the command's")
	require.Equal(t, order, sent.WorkflowID)
	require.Equal(t, client.WorkflowUpdateStageCompleted, sent.WaitForStage)
	require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
}

func TestARefusedUpdateTellsWhy(t *testing.T) {
	b := setup(t)
	order := b.order()
	problem := orders.Problem{
		Code: orders.CodeInvalid, Params: []string{"1"}, Fields: []orders.FieldProblem{{Field: "at", Code: "in_the_future"}},
	}
	b.answers(orders.Answer{}, refusal(problem))
	sub := hold(order)
	receipt := b.submit(sub)
	require.False(t, receipt.Outcome.Accepted)
	require.Equal(t, problem, *receipt.Outcome.Problem)
	require.Equal(t, []string{"refused invalid"}, b.audits(receipt.CommandID), "a refusal leaves no other trace")
	again := b.submit(sub)
	require.True(t, again.Replayed)
	require.Equal(t, receipt.Outcome, again.Outcome, "Temporal is not asked again")
}

func TestErrorsThatAreNoAnswerLeaveACommandPending(t *testing.T) {
	for name, err := range map[string]error{
		"no connection":          away,
		"a deadline":             context.DeadlineExceeded,
		"the server's deadline":  client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded),
		"too many at once":       serviceerror.NewResourceExhausted(enums.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT, "ten"),
		"a failure of our own":   temporal.NewApplicationError("broken", "SomethingElse"),
		"a workflow not started": serviceerror.NewNotFound("workflow not found"),
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			order := b.order()
			b.fails(err)
			sub := hold(order)
			receipt := b.submit(sub)
			require.True(t, receipt.Pending)
			require.Empty(t, b.audits(receipt.CommandID))
			replayed := b.submit(sub)
			require.True(t, replayed.Pending, "whoever asks again does not deliver again")
			require.True(t, replayed.Replayed)

			b.expire()
			b.answers(orders.Answer{Version: 2}, nil)
			b.relay(b.settled(receipt.CommandID))
			require.True(t, b.submit(sub).Outcome.Accepted)
			require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
		})
	}
}

func TestALateCommandIsRefusedByTheStateInPostgres(t *testing.T) {
	b := setup(t)
	order := b.order()
	b.finish(order)
	b.fails(serviceerror.NewNotFound("workflow execution already completed"))
	receipt := b.submit(hold(order))
	require.False(t, receipt.Pending)
	require.Equal(t, orders.CodeWrongStage, receipt.Outcome.Problem.Code)
	require.Equal(t, []string{"refused wrong_stage"}, b.audits(receipt.CommandID))
}

func TestACommandThatEndedItsOrderIsAcceptedThoughItsAnswerWasLost(t *testing.T) {
	b := setup(t)
	order := b.order()
	b.fails(away)
	receipt := b.submit(hold(order))
	require.True(t, receipt.Pending)
	b.finish(order, receipt.CommandID)
	b.expire()
	b.fails(serviceerror.NewNotFound("workflow execution already completed"))
	b.relay(b.settled(receipt.CommandID))
	settled, err := b.service.Command(context.Background(), receipt.CommandID, clerk)
	require.NoError(t, err)
	require.True(t, settled.Outcome.Accepted)
}

func TestACommandBehindAnOlderOneWaitsItsTurn(t *testing.T) {
	b := setup(t)
	order := b.order()
	b.fails(away)
	first := b.submit(hold(order))
	second := b.submit(hold(order)) // Temporal is not asked
	require.True(t, first.Pending)
	require.True(t, second.Pending)

	b.expire()
	var mu sync.Mutex
	var delivered []string
	note := func(args mock.Arguments) {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, args.Get(1).(client.UpdateWorkflowOptions).UpdateID)
	}
	b.answers(orders.Answer{Version: 2}, nil).Run(note)
	b.answers(orders.Answer{}, refusal(orders.Problem{Code: orders.CodeOnHold})).Run(note)
	b.relay(b.settled(second.CommandID))
	require.Equal(t, []string{first.CommandID, second.CommandID}, delivered)
	require.Equal(t, []string{"refused on_hold"}, b.audits(second.CommandID))
}

func TestAnOrderThatDoesNotAnswerHoldsUpNobodyElse(t *testing.T) {
	b := setup(t)
	stuck, lively := b.order(), b.order()
	b.fails(away).Twice()
	first, second := b.submit(hold(stuck)), b.submit(hold(lively))
	require.True(t, first.Pending && second.Pending)
	to := func(order string) any {
		return mock.MatchedBy(func(o client.UpdateWorkflowOptions) bool { return o.WorkflowID == order })
	}
	var begun, ended, inTime atomic.Bool
	var due sync.Once
	b.temporal.On("UpdateWorkflow", mock.Anything, to(stuck)).Run(func(args mock.Arguments) {
		begun.Store(true)
		<-args.Get(0).(context.Context).Done()
		ended.Store(true)
	}).Return(nil, away)
	handle := mocks.NewWorkflowUpdateHandle(t)
	handle.On("Get", mock.Anything, mock.Anything).Return(nil)
	b.temporal.On("UpdateWorkflow", mock.Anything, to(lively)).Return(handle, nil).Once()
	b.expireOf(stuck)
	b.relay(func() bool {
		if !begun.Load() {
			return false
		}
		due.Do(func() { b.expireOf(lively) }) // only now, while the other is being delivered
		inTime.Store(!ended.Load() && b.settled(second.CommandID)())
		return inTime.Load() || ended.Load()
	})
	require.True(t, inTime.Load(), "answered while the other order still does not answer")
}

func TestFactsGoAsSignals(t *testing.T) {
	b := setup(t)
	order := b.order()
	sub := hold(order)
	sub.Command = &orders.CarrierEvent{Tracking: "SF1", Status: "lost"}
	b.temporal.On("SignalWorkflow", mock.Anything, order, "", orders.CmdCarrierEvent, mock.Anything).Return(nil).Once()
	require.True(t, b.submit(sub).Outcome.Accepted)

	b.finish(order)
	late := hold(order)
	late.Command = &orders.CarrierEvent{Tracking: "SF1", Status: "lost"}
	b.temporal.On("SignalWorkflow", mock.Anything, order, "", orders.CmdCarrierEvent, mock.Anything).
		Return(serviceerror.NewNotFound("workflow execution already completed")).Once()
	require.Equal(t, orders.CodeWrongStage, b.submit(late).Outcome.Problem.Code)
}

func TestTwoDeliverersOfOneCommandGiveOneAnswer(t *testing.T) {
	b := setup(t)
	order := b.order()
	delivered, relayed := make(chan struct{}), make(chan struct{})
	// The first owner is so slow that its lease ends. Temporal remembers no refusals: meanwhile the answer has changed.
	b.answers(orders.Answer{Version: 2}, nil).Run(func(mock.Arguments) {
		close(delivered)
		<-relayed
	})
	sub := hold(order)
	var slow orders.Receipt
	done := make(chan struct{})
	go func() {
		defer close(done)
		slow, _ = b.service.Submit(context.Background(), sub)
	}()
	<-delivered
	b.expire()
	b.answers(orders.Answer{}, refusal(orders.Problem{Code: orders.CodeOnHold}))
	replay, err := b.service.Replay(context.Background(), sub)
	require.NoError(t, err)
	require.True(t, replay.Pending)
	b.relay(b.settled(replay.CommandID))
	close(relayed)
	<-done
	require.False(t, slow.Pending)
	require.Equal(t, orders.CodeOnHold, slow.Outcome.Problem.Code, "the outcome that was written is the answer to all")
	require.Equal(t, []string{"refused on_hold"}, b.audits(slow.CommandID))
}

func TestTheSameKeyTwentyTimesAtOnceIsOneDelivery(t *testing.T) {
	b := setup(t)
	order := b.order()
	b.answers(orders.Answer{Version: 2}, nil)
	sub := hold(order)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			again := sub
			again.Command = &orders.PutOnHold{}
			_, err := b.service.Submit(context.Background(), again)
			require.NoError(t, err)
		})
	}
	group.Wait()
	receipt := b.submit(sub)
	require.True(t, receipt.Outcome.Accepted)
	require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
}

func TestAKeyWithAnotherBodyIsRefused(t *testing.T) {
	b := setup(t)
	order := b.order()
	b.answers(orders.Answer{Version: 2}, nil)
	sub := hold(order)
	b.submit(sub)
	sub.Fingerprint = "another body"
	_, err := b.service.Submit(context.Background(), sub)
	require.ErrorIs(t, err, orders.ErrKeyReused)
	_, err = b.service.Replay(context.Background(), sub)
	require.ErrorIs(t, err, orders.ErrKeyReused)
}

func TestWhatIsUnknownIsNotFoundAndNothingIsWritten(t *testing.T) {
	b := setup(t)
	_, err := b.service.Submit(context.Background(), hold("DD20260101-000001"))
	require.ErrorIs(t, err, orders.ErrNotFound)
	_, err = b.service.Replay(context.Background(), hold("DD20260101-000001"))
	require.ErrorIs(t, err, orders.ErrNotFound)
	_, err = b.service.Command(context.Background(), uuid.NewString(), clerk)
	require.ErrorIs(t, err, orders.ErrNotFound)
}

func TestTheTextOfANoteStaysInPostgres(t *testing.T) {
	b := setup(t)
	order := b.order()
	var payload string
	b.answers(orders.Answer{Version: 2}, nil).Run(func(args mock.Arguments) {
		raw, err := args.Get(1).(client.UpdateWorkflowOptions).Args[0].(interface{ MarshalJSON() ([]byte, error) }).MarshalJSON()
		require.NoError(t, err)
		payload = string(raw)
	})
	sub := hold(order)
	sub.NoteText = "李雷 does not answer his telephone"
	b.submit(sub)
	require.NotContains(t, payload, "李雷")
	require.Contains(t, payload, "note_id")
	var text string
	require.NoError(t, b.sql.QueryRow(context.Background(), `SELECT text FROM notes WHERE order_number = $1`, order).Scan(&text))
	require.Equal(t, sub.NoteText, text)
}

func TestACallerWhoGoesAwayChangesNothing(t *testing.T) {
	b := setup(t)
	order := b.order()
	ctx, cancel := context.WithCancel(context.Background())
	b.answers(orders.Answer{Version: 2}, nil).Run(func(args mock.Arguments) {
		cancel()
		require.NoError(t, args.Get(0).(context.Context).Err(), "the delivery goes on")
	})
	receipt, err := b.service.Submit(ctx, hold(order))
	require.NoError(t, err)
	require.True(t, receipt.Outcome.Accepted)
	require.Equal(t, []string{"accepted"}, b.audits(receipt.CommandID))
}

func TestTheCensusNamesOrdersThatDoNotRunAsTheyShould(t *testing.T) {
	b := setup(t)
	lost := errors.New("no answer")
	describe := func(number string, err error) {
		b.temporal.On("DescribeWorkflowExecution", mock.Anything, number, "").Return(nil, err).Once()
	}
	one := b.order()
	describe(one, serviceerror.NewNotFound("workflow not found"))
	odd, err := b.service.Census(context.Background(), b.db.OpenOrders, true)
	require.NoError(t, err)
	require.Equal(t, []string{one}, odd)
	describe(one, lost)
	_, err = b.service.Census(context.Background(), b.db.OpenOrders, true)
	require.ErrorIs(t, err, lost)
}
