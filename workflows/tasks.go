package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"amends/activities"
	"amends/orders"
)

// Typed nil handles: the compiler checks every call of an activity.
var (
	records  *activities.Records
	stock    *activities.Stock
	calendar *activities.Calendar
	ledger   *activities.Ledger
	payments *activities.Payments
	carriers *activities.Carriers
	supplier *activities.Suppliers
	messages *activities.Messages
)

// do runs a task's activity and returns the fact that it brought.
func (l *life) do(ctx workflow.Context, t orders.Task) orders.Command {
	done := &orders.TaskDone{Task: t}
	if t.Step != "" { // some kinds of step have the name of a task of the order
		return fact(done, l.step(ctx, t, done))
	}
	var err error
	switch t.Kind {
	case orders.TaskCheck:
		err = l.ours(ctx, t, records.ReviewFacts, &done.Facts, l.question())
	case orders.TaskReserve:
		var answer orders.StockAnswer
		err = l.ours(ctx, t, stock.ReserveStock, &answer, l.stockRequest(t))
		done.Added, done.Returned = answer.Added, answer.Returned
	case orders.TaskReleaseAll:
		err = l.ours(ctx, t, stock.ReleaseStock, nil, orders.StockMove{Key: t.Key, Order: l.order.Number})
	case orders.TaskMoveStock:
		move := orders.StockMove{Key: t.Key, Order: l.order.Number, Shipment: t.Subject, Lines: l.order.Shipment(t.Subject).Lines}
		err = l.ours(ctx, t, stock.ShipStock, nil, move)
	case orders.TaskFreeSlots:
		done.Slots = l.order.FreeSlots
		err = l.ours(ctx, t, calendar.FreeSlots, nil, l.order.Number, l.order.FreeSlots)
	case orders.TaskRevenue:
		err = l.ours(ctx, t, ledger.Post, nil, l.posting(t, "receivable", "revenue"))
	default:
		err = l.outward(ctx, t, &done.Outcome)
	}
	return fact(done, err)
}

func fact(done *orders.TaskDone, err error) orders.Command {
	if err != nil {
		return &orders.TaskFailed{Task: done.Task, Code: codeOf(err)}
	}
	return done
}

// ours does a short write to our own books: a local activity, and when the database stays away the same function as a
// regular one, for as long as it takes. An outage delays an order and never decides its fate. What gives something up
// for good is a regular activity from the start: it is scheduled together with the decision it follows from.
func (l *life) ours(ctx workflow.Context, t orders.Task, activity, result any, input ...any) error {
	if t.Final() {
		return regular(ctx, patient(t.Name), activity, result, input...)
	}
	err := local(ctx, t.Name, activity, result, input...)
	l.local-- // counted since the task was started
	if retryable(err) {
		err = regular(ctx, patient(t.Name), activity, result, input...)
	}
	return err
}

// write records transitions in the same way.
func (l *life) write(ctx workflow.Context, t orders.Transitions) error {
	const name = "record"
	err := local(ctx, name, records.RecordTransitions, nil, t)
	for pause := time.Second; retryable(err); pause = min(2*pause, time.Minute) {
		if t.Size() < maxInput {
			return regular(ctx, patient(name), records.RecordTransitions, nil, t)
		}
		if err := workflow.Sleep(ctx, pause); err != nil {
			return err
		}
		err = local(ctx, name, records.RecordTransitions, nil, t)
	}
	return err
}

// maxInput is how large the input of a regular activity may be, in bytes. The server ends a workflow that schedules one
// of over 2 MB; a larger recording waits with a timer and stays a local activity, whose input no history holds.
const maxInput = 1 << 20

// outward asks others: payment provider and carriers.
func (l *life) outward(ctx workflow.Context, t orders.Task, outcome *orders.EffectOutcome) error {
	number := l.order.Number
	call := l.paymentCall(t)
	switch t.Kind {
	case orders.TaskAuthorise:
		if carried := l.order.Carried; carried != nil {
			return regular(ctx, quick(t), payments.CarryOver, outcome, orders.CarryCall{
				Key: t.Key, Order: number, Payment: t.Payment, From: l.order.Replaces, FromPayment: carried.Payment, Amount: t.Amount,
			})
		}
		return regular(ctx, quick(t), payments.AuthorisePayment, outcome, call)
	case orders.TaskCapture:
		return regular(ctx, quick(t), payments.CapturePayment, outcome, call)
	case orders.TaskRelease, orders.StepReleasePayment:
		return regular(ctx, quick(t), payments.ReleasePayment, outcome, call)
	case orders.TaskRefund:
		return regular(ctx, quick(t), payments.RefundPayment, outcome, call)
	case orders.TaskBook:
		booking := activities.Booking{
			Key: t.Key, Order: number, Shipment: t.Subject,
			Carrier: l.order.Shipment(t.Subject).Carrier, ContactID: l.order.ContactID,
		}
		return regular(ctx, quick(t), carriers.BookParcel, outcome, booking)
	case orders.TaskCancelLabel:
		return regular(ctx, quick(t), carriers.CancelLabel, outcome, l.label(t, l.order.Shipment(t.Subject).Label))
	case orders.TaskCancelPurchase:
		return regular(ctx, quick(t), supplier.CancelPurchase, outcome, l.purchase(t))
	case orders.TaskPurchase:
		return regular(ctx, quick(t), supplier.RequestPurchase, outcome, l.purchase(t))
	}
	return errors.New("no activity for task " + t.Kind)
}

func (l *life) paymentCall(t orders.Task) orders.PaymentCall {
	call := orders.PaymentCall{Key: t.Key, Order: l.order.Number, Payment: t.Payment, Amount: t.Amount}
	if p := l.order.Payment(t.Payment); p != nil {
		call.Reference = p.Reference
	}
	return call
}

func (l *life) purchase(t orders.Task) orders.PurchaseCall {
	for _, b := range l.order.Purchases {
		if b.ID == t.Subject {
			return orders.PurchaseCall{
				Key: t.Key, Order: l.order.Number, Request: b.ID, SKU: b.SKU, Quantity: b.Quantity, Reference: b.Reference,
			}
		}
	}
	return orders.PurchaseCall{}
}

func (l *life) question() orders.ReviewQuestion {
	q := orders.ReviewQuestion{
		Number: l.order.Number, CustomerID: l.order.CustomerID, CustomerRef: l.order.CustomerRef,
		Window: l.order.Policy.DuplicateWindow, CreatedAt: l.order.CreatedAt,
		Replaces: l.order.Replaces,
	}
	for _, line := range l.order.Lines {
		q.Lines = append(q.Lines, orders.Wanted{LineID: line.ID, Kind: line.Kind, SKU: line.SKU, Quantity: line.Ordered})
	}
	return q
}

func (l *life) stockRequest(t orders.Task) orders.StockRequest {
	var without string
	if t.Kind == orders.StepPutBack {
		without = t.Subject
	}
	return orders.StockRequest{
		Key: t.Key, Order: l.order.Number, ApprovedAt: l.order.StageSince, Lines: l.order.Wanted(without),
		Holding: l.order.Holding(), Round: l.order.Stock.Epoch + 1, // 0 is not compared
	}
}

func (l *life) posting(t orders.Task, debit, credit string) orders.Posting {
	return orders.Posting{
		Key: t.Key, Order: l.order.Number, Debit: debit, Credit: credit, Minor: t.Amount.Minor, Curr: t.Amount.Currency,
	}
}

// codeOf returns the code with which a task is parked.
func codeOf(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) && application.NonRetryable() {
		return application.Type()
	}
	return orders.ReasonUnreachable
}

// retryable tells whether trying longer can help.
func retryable(err error) bool { return err != nil && codeOf(err) == orders.ReasonUnreachable }
