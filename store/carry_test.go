package store_test

import (
	"testing"

	"amends/orders"
)

// setAside is a step that keeps a payment for the order that is placed again.
func setAside(payment, end string) orders.Amendment {
	amount := yuan(100)
	step := orders.Step{ID: "1", Kind: orders.StepCarryOver, Subject: payment, Amount: &amount, End: end}
	return orders.Amendment{ID: "ZF-1", Kind: orders.KindVoid, Status: orders.Running, Whole: true, Steps: []orders.Step{step}}
}

// carries is an order of which 100.00 were taken at once, in a stage and with a void, and the call that carries them over.
func (b *bundle) carries(t *testing.T, stage orders.Stage, voids ...orders.Amendment) orders.CarryCall {
	t.Helper()
	from := b.order(t, 1).Number
	at := orders.EffectOutcome{Done: true, Reference: "r", AtOnce: true}
	b.settled(t, effect(from, orders.EffectAuthorise, 1, yuan(100)), at)
	b.voided(t, from, voids...)
	b.exec(t, `UPDATE orders SET stage = $2 WHERE number = $1`, from, stage)
	to := b.order(t, 2).Number
	return orders.CarryCall{Key: to + "/authorise/P1/1", Order: to, Payment: "P1", From: from, FromPayment: "P1", Amount: yuan(100)}
}

func TestMoneyOfAVoidIsCarriedOverOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	call := db.carries(t, orders.Voiding, setAside("P1", ""))
	_, err := db.CarriedTo(ctx, call)
	equal(t, "before", refusal(err), "not_carried")
	for range 2 {
		outcome, err := db.CarryOver(ctx, call)
		check(t, err)
		equal(t, "outcome", outcome, orders.EffectOutcome{Done: true, AtOnce: true, Reference: "r"})
	}
	outcome, err := db.CarriedTo(ctx, call)
	check(t, err)
	equal(t, "the order that has it", outcome.Reference, call.Order)
	equal(t, "captured", db.count(t, `SELECT captured FROM payments WHERE order_number = $1`, call.Order), 100_00)
	equal(t, "news", db.count(t, `SELECT count(*) FROM commands WHERE order_number = $1 AND name = 'carried-over'`, call.From), 1)
	_, err = db.ClaimEffect(ctx, effect(call.From, orders.EffectRefund, 1, yuan(1)))
	equal(t, "a refund of what was carried over", refusal(err), orders.RefusedTooMuch)
	other := call
	other.Order, other.Key = db.order(t, 3).Number, "another"
	_, err = db.CarryOver(ctx, other)
	equal(t, "another order", refusal(err), orders.RefusedTooMuch)
	db.voided(t, call.From, setAside("P1", orders.EndDone))
	_, err = db.CarryOver(ctx, call)
	check(t, err) // the answer was lost, and by now the step is over
}

func TestOnlyMoneyThatAVoidHasSetAsideIsCarriedOver(t *testing.T) {
	t.Parallel()
	refund := setAside("P1", "")
	refund.Steps[0].Kind = orders.StepRefund
	for name, test := range map[string]struct {
		stage orders.Stage
		voids []orders.Amendment
	}{
		"no void":                 {orders.Fulfilling, nil},
		"a void that gives back":  {orders.Voiding, []orders.Amendment{refund}},
		"it was carried over":     {orders.Voided, []orders.Amendment{setAside("P1", orders.EndDone)}},
		"it is another payment's": {orders.Voiding, []orders.Amendment{setAside("P2", "")}},
		"the order is not voided": {orders.Fulfilling, []orders.Amendment{setAside("P1", "")}},
		"nothing was set aside":   {orders.Voided, []orders.Amendment{{ID: "ZF-1", Status: orders.Completed}}},
		"the order was rejected":  {orders.Rejected, []orders.Amendment{setAside("P1", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, ctx := setup(t)
			call := db.carries(t, test.stage, test.voids...)
			_, err := db.CarryOver(ctx, call)
			equal(t, "refusal", refusal(err), orders.RefusedTooMuch)
			equal(t, "carried", db.count(t, `SELECT count(*) FROM carried_over`), 0)
			equal(t, "payments of the new order", db.count(t, `SELECT count(*) FROM payments WHERE order_number = $1`, call.Order), 0)
			db.settled(t, effect(call.From, orders.EffectRefund, 1, yuan(100)), done) // it is free to be given back
		})
	}
}
