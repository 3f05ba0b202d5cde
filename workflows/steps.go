package workflows

import (
	"strings"

	"go.temporal.io/sdk/workflow"

	"amends/activities"
	"amends/orders"
)

// step runs the activity of a step of a void. All of them are regular ones, scheduled together with the decision that
// they follow from: a step is never done for a void that history could still forget.
func (l *life) step(ctx workflow.Context, t orders.Task, done *orders.TaskDone) error {
	switch t.Kind {
	case orders.StepRelease, orders.StepPutBack:
		return l.giveBack(ctx, t, done)
	case orders.StepRestock:
		return l.ours(ctx, t, stock.ReturnStock, nil, l.stockReturn(t))
	case orders.StepFreeSlots:
		return l.ours(ctx, t, calendar.FreeSlots, nil, l.order.Number, l.order.StepOf(t).Slots)
	case orders.StepReverse:
		return l.ours(ctx, t, ledger.Post, nil, l.posting(t, "revenue", "receivable"))
	case orders.StepInvoice:
		return nil // the decision was all of it
	case orders.StepIntercept:
		return regular(ctx, quick(t), carriers.InterceptParcel, &done.Outcome, l.label(t, l.order.Shipment(t.Subject).Tracking))
	case orders.StepCancelPurchase:
		return regular(ctx, quick(t), supplier.CancelPurchase, &done.Outcome, l.purchase(t))
	case orders.StepCarryOver:
		carry := orders.CarryCall{Key: t.Key, From: l.order.Number, FromPayment: t.Subject, Amount: t.Amount}
		return regular(ctx, quick(t), payments.CarriedTo, &done.Outcome, carry)
	case orders.StepReleasePayment, orders.StepRefund:
		return l.moneyBack(ctx, t, &done.Outcome)
	case orders.StepTell:
		return l.tell(ctx, t, done, messages.TellCustomer, orders.TemplateVoided)
	case orders.StepTellMoney:
		return l.tell(ctx, t, done, messages.TellCustomer, orders.TemplateMoneyBack)
	case orders.StepTellDepts:
		return l.tell(ctx, t, done, messages.TellDepartments, orders.TemplateDepartments)
	}
	return l.outward(ctx, t, &done.Outcome)
}

// giveBack ends what voided units hold or wait for, at once or when their parcel was unpacked.
func (l *life) giveBack(ctx workflow.Context, t orders.Task, done *orders.TaskDone) error {
	var answer orders.StockAnswer
	var err error
	if t.Kind == orders.StepRelease {
		err = l.ours(ctx, t, stock.ReserveStock, &answer, l.stockRequest(t))
	} else {
		stop := orders.ParcelStop{Shipment: t.Subject, Stock: l.stockRequest(t)}
		err = l.ours(ctx, t, stock.StopParcel, &answer, stop)
	}
	done.Added, done.Returned, done.Left = answer.Added, answer.Returned, answer.Left
	return err
}

// moneyBack gives money back through the provider, or books what a person has given back.
func (l *life) moneyBack(ctx workflow.Context, t orders.Task, outcome *orders.EffectOutcome) error {
	step := l.order.StepOf(t)
	if !step.ByHand {
		return l.outward(ctx, t, outcome)
	}
	call := activities.ByHand{PaymentCall: l.paymentCall(t), Evidence: step.Evidence}
	if t.Kind == orders.StepRefund {
		return regular(ctx, quick(t), payments.SettleRefundByHand, outcome, call)
	}
	return regular(ctx, quick(t), payments.SettleReleaseByHand, outcome, call)
}

func (l *life) label(t orders.Task, tracking string) activities.Label {
	return activities.Label{Key: t.Key, Order: l.order.Number, Shipment: t.Subject, TrackingNumber: tracking}
}

// stockReturn books what an inspection found of a parcel that came back.
func (l *life) stockReturn(t orders.Task) orders.StockReturn {
	return orders.StockReturn{Key: t.Key, Order: l.order.Number, Lines: l.order.Inspected(t)}
}

func (l *life) tell(ctx workflow.Context, t orders.Task, done *orders.TaskDone, activity any, template string) error {
	telling := activities.Telling{Key: t.Key, Order: l.order.Number, Amendment: t.Amendment, Template: template}
	if t.Kind == orders.StepTellDepts {
		telling.Departments = strings.Split(t.Subject, ",")
	}
	return regular(ctx, quick(t), activity, &done.Outcome, telling)
}
