package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// refuses lets an order be taken money of at once, and voided, and the refund not be made.
func (b *bench) refuses(misdeed string, times int) {
	b.create(goods())
	b.misbehave("payments", "authorise", "immediate", 1)
	b.when("everything to pack", ready, func() {
		b.misbehave("payments", "refund", misdeed, times)
		b.misbehave("payments", "find", "error_before", times)
		b.void(wish())
	})
}

// blockedFor waits for the last void's first step of a kind to be blocked.
func blockedFor(kind, reason string) func(orders.Order) bool {
	return func(o orders.Order) bool {
		if len(o.Amendments) == 0 {
			return false
		}
		blocked := o.StepBlocked(o.Amendments[len(o.Amendments)-1], stepOf(o, kind))
		return blocked != nil && blocked.Reason == reason && len(o.Tasks()) == 0
	}
}

// showsBlocked holds what the Web UI shows against a blocked step.
func (b *bench) showsBlocked(kind, reason, role string) {
	b.Helper()
	require.Equal(b, true, b.attribute("NeedsAttention"))
	require.Equal(b, kind, b.attribute("BlockedStep"))
	require.Equal(b, reason, b.attribute("BlockedReason"))
	require.Equal(b, role, b.attribute("AssignedTo"))
	require.Equal(b, b.lastSeen.Attention[0].Since, b.attribute("BlockedSince"))
	require.Regexp(b, kind+".* is blocked .*"+reason+".*"+role+".*`retry-step`, `complete-step`, `waive-step`", b.details())
}

func TestABlockedStepIsTriedAgainByItselfEveryHourWithTheSameKey(t *testing.T) {
	b := setup(t)
	b.refuses("error_before", 12)
	var first time.Time
	b.when("six attempts to fail", blockedFor(orders.StepRefund, orders.ReasonUnreachable), func() {
		first = b.lastSeen.Attention[0].Since
		require.Equal(t, first.Add(time.Hour), b.lastSeen.Attention[0].RetryAt)
		require.Equal(t, orders.Voiding, b.lastSeen.Stage)
		b.showsBlocked(orders.StepRefund, orders.ReasonUnreachable, "finance")
	})
	b.when("six more", func(o orders.Order) bool {
		return blockedFor(orders.StepRefund, orders.ReasonUnreachable)(o) && o.Attention[0].Since.After(first)
	}, func() {
		require.False(t, b.lastSeen.Attention[0].Since.Before(first.Add(time.Hour)))
	})
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, 2, b.times("retried"))
	require.Equal(t, b.order.Number+"/"+b.stored().Amendments[0].ID+"/refund/P1/1", b.book("payments")[1].Key)
	require.Equal(t, false, b.attribute("NeedsAttention"))
	require.Nil(t, b.attribute("BlockedStep"))
}

func TestAPersonRetriesABlockedStepThroughWhicheverDoor(t *testing.T) {
	for name, retry := range map[string]func(b *bench){
		"an update": func(b *bench) {
			b.update("retry-step", &orders.RetryStep{StepRef: orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: "2"}})
		},
		"a bare signal":             func(b *bench) { b.signal("retry-step", map[string]any{}) },
		"a signal for all refunds":  func(b *bench) { b.signal("retry-step", map[string]any{"kind": "refund"}) },
		"the verb for whole orders": func(b *bench) { b.signal("retry", nil) },
	} {
		for reason, misdeed := range map[string]string{orders.ReasonUnreachable: "error_after", orders.RefusedRefused: "refuse"} {
			t.Run(name+", "+reason, func(t *testing.T) {
				b := setup(t)
				b.refuses(misdeed, -1)
				b.when("the refund to be blocked", blockedFor(orders.StepRefund, reason), func() {
					b.behave()
					retry(b)
				})
				b.run()
				b.nothingLeaks(0)
				key := "/1"
				if reason == orders.RefusedRefused {
					key = "/2"
				}
				require.Equal(t, b.order.Number+"/"+b.stored().Amendments[0].ID+"/refund/P1"+key, b.book("payments")[1].Key)
				if name != "an update" {
					require.Len(t, b.audits(), 1)
					require.Contains(t, b.audits()[0], "operator operator f accepted")
				}
			})
		}
	}
}

// settledByHand holds our books against a refund that a person made.
func (b *bench) settledByHand(evidence string) {
	b.Helper()
	o := b.stored()
	require.Equal(b, orders.Voided, o.Stage)
	step := stepOf(o, orders.StepRefund)
	require.Equal(b, orders.EndCompleted, step.End)
	require.Equal(b, evidence, step.Evidence)
	require.Equal(b, o.Payments[0].Captured, o.Payments[0].Refunded)
	require.Equal(b, 39600, b.count(`SELECT refunded FROM payments WHERE order_number = $1`))
	require.Equal(b, 1, b.count(`SELECT count(*) FROM ledger_transactions WHERE order_number = $1 AND kind = 'refund'`))
	require.Equal(b, 1, b.count(`SELECT count(*) FROM effects WHERE order_number = $1 AND kind = 'refund'
		AND (outcome ->> 'done')::boolean AND (outcome ->> 'by_hand')::boolean AND outcome ->> 'reference' = '`+evidence+`'`))
	require.Zero(b, b.count(`SELECT count(*) FROM effects WHERE order_number = $1 AND outcome IS NULL`))
	require.Equal(b, []string{"captured"}, b.entries("payments"))
	b.accounts(0, 0, 0)
	b.keepsTheRules()
	b.everybodyWasToldOnce(o)
}

func TestARefundMadeByHandIsBookedThroughWhicheverDoor(t *testing.T) {
	for name, complete := range map[string]func(b *bench){
		"an update": func(b *bench) {
			b.update("complete-step", &orders.CompleteStep{
				StepRef: orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: "2"}, Evidence: "ICBC-4711",
			})
		},
		"a signal": func(b *bench) {
			b.signal("complete-step", map[string]any{"kind": "refund", "evidence": "ICBC-4711"})
		},
	} {
		for reason, misdeed := range map[string]string{orders.ReasonUnreachable: "error_before", orders.RefusedRefused: "refuse"} {
			t.Run(name+", "+reason, func(t *testing.T) {
				b := setup(t)
				b.byHand = 39600
				b.refuses(misdeed, -1)
				b.when("the refund to be blocked", blockedFor(orders.StepRefund, reason), func() { complete(b) })
				b.run()
				b.settledByHand("ICBC-4711")
			})
		}
	}
}

func TestARefundMadeByHandAndByTheProviderIsFlagged(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "immediate", 1)
	b.when("everything to pack", ready, func() {
		b.misbehave("payments", "refund", "error_after", -1)
		b.misbehave("payments", "find", "error_before", -1)
		b.void(wish())
	})
	b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.ReasonUnreachable), func() {
		b.behave()
		b.signal("complete-step", map[string]any{"evidence": "ICBC-4711"})
	})
	b.run()
	require.Equal(t, []string{"refunded_twice"}, incidentCodes(b.stored()))
	require.Equal(t, []string{"captured", "refunded"}, b.entries("payments"))
	require.Equal(t, true, b.attribute("NeedsAttention"), "somebody has to get the money back")
	b.accounts(0, 0, 0)
}

func TestAStepIsWaivedByTwoPeople(t *testing.T) {
	b := setup(t)
	b.refuses("refuse", -1)
	finance := orders.Actor{ID: "staff-finance", Role: "finance", Verified: true}
	var same, bare, granted *answer
	waive := func(actor orders.Actor, reason string) *answer {
		return b.update("waive-step", &orders.WaiveStep{
			Header:  orders.Header{Actor: actor, Reason: reason},
			StepRef: orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: "2"},
		})
	}
	b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.RefusedRefused), func() {
		b.signal("waive-step", map[string]any{"kind": "refund"})
		b.signal("waive-step", map[string]any{"kind": "refund", "reason": "paid in cash", "actor": finance})
	})
	b.when("somebody to have asked", func(o orders.Order) bool { return stepOf(o, orders.StepRefund).WaiveBy != nil }, func() {
		b.signal("waive-step", map[string]any{"kind": "refund", "reason": "paid in cash"})
		same = waive(finance, "it was me")
		bare = waive(manager, "")
	})
	b.when("the answers", func(orders.Order) bool { return same.done && bare.done }, func() {
		require.Equal(t, orders.Voiding, b.lastSeen.Stage)
		granted = waive(manager, "agreed")
	})
	b.run()
	same.refused(orders.CodeOwnRequest)
	bare.refused(orders.CodeInvalid)
	granted.agreed()
	o := b.stored()
	require.Equal(t, orders.Voided, o.Stage)
	require.Equal(t, orders.EndWaived, stepOf(o, orders.StepRefund).End)
	require.Equal(t, manager.ID, stepOf(o, orders.StepRefund).By.ID)
	require.Equal(t, yuan(39600), o.Amendments[0].Retained)
	require.Equal(t, []string{
		"waive-step operator operator f refused invalid", "waive-step staff-finance operator f accepted",
		"waive-step operator operator f refused waive_asked",
	}, b.audits())
	require.Equal(t, orders.EndMoot, stepOf(o, orders.StepTellMoney).End, "no money has moved")
	b.keepsTheRules()
}

func TestVerbsThatDoNotFitAStepAreRefused(t *testing.T) {
	b := setup(t)
	b.refuses("refuse", -1)
	var answers []*answer
	ref := func(step string) orders.StepRef { return orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: step} }
	b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.RefusedRefused), func() {
		head := orders.Header{Reason: "because"}
		answers = []*answer{
			b.update("retry-step", &orders.RetryStep{StepRef: ref("1")}),
			b.update("retry-step", &orders.RetryStep{StepRef: ref("99")}),
			b.update("retry-step", &orders.RetryStep{StepRef: orders.StepRef{ID: "ZF20200101-000001001", StepID: "1"}}),
			b.update("complete-step", &orders.CompleteStep{StepRef: ref("2")}),
			b.update("complete-step", &orders.CompleteStep{StepRef: ref("2"), Evidence: "E", Outcome: "good"}),
			b.update("complete-step", &orders.CompleteStep{StepRef: ref("1"), Evidence: "E"}),
			b.update("waive-step", &orders.WaiveStep{Header: head, StepRef: ref("5")}),
		}
		b.behave()
	})
	b.when("the answers", func(orders.Order) bool { return answers[len(answers)-1].done }, func() {
		b.signal("retry-step", nil)
	})
	b.run()
	b.nothingLeaks(0)
	for i, code := range []string{
		orders.CodeStepEnded, orders.CodeUnknownStep, orders.CodeUnknownVoid, orders.CodeInvalid, orders.CodeInvalid,
		orders.CodeStepEnded, orders.CodeStepNotBlocked,
	} {
		answers[i].refused(code)
	}
}
