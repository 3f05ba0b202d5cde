package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// signalled is a void as a bare signal says it.
func signalled(more map[string]any) map[string]any {
	void := map[string]any{"reason_code": "customer_request"}
	for name, value := range more {
		void[name] = value
	}
	return void
}

func TestAVoidBySignalWaitsForASecondPersonWhereMoneyIsGivenBack(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var poor, approved *answer
	b.when("everything to pack", ready, func() { b.signal("void", signalled(nil)) })
	b.when("the void to wait", waits, func() {
		a := b.lastSeen.Amendments[0]
		require.Equal(t, []string{orders.ApprovalUnverified}, a.Approvals)
		require.Equal(t, orders.OperatorActor, a.Request.Actor)
		require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
		require.Equal(t, "manager", b.attribute("AssignedTo"))
		require.Contains(t, b.details(), "needs a second person")
		b.signal("approve-plan", map[string]any{"id": a.ID, "limit": 1_000_000})
		b.signal("approve-plan", map[string]any{"id": a.ID, "actor": map[string]any{"id": manager.ID, "role": "manager", "verified": true}})
		b.at(0, func() {
			require.True(t, waits(b.queried()), "nobody unverified approves")
			poor, approved = b.approvesPlan(manager, 39599), b.approvesPlan(manager, 39600)
		})
	})
	b.run()
	poor.refused(orders.CodeAboveLimit) // only one person has looked
	approved.agreed()
	b.nothingLeaks(0)
	require.Equal(t, []string{
		"void operator operator f accepted", "approve-plan operator operator f refused forbidden",
		"approve-plan staff-manager operator f refused forbidden",
	}, b.audits())
	require.Equal(t, manager, *b.stored().Amendments[0].DecidedBy)
}

func TestAVoidBySignalRunsAtOnceWhereNoMoneyIs(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() { b.signal("void", signalled(map[string]any{"reason": "typed twice"})) })
	b.run()
	b.nothingLeaks(0)
	require.Empty(t, b.stored().Amendments[0].Approvals)
	require.Equal(t, []string{"void operator operator f accepted"}, b.audits())
}

func TestAVoidBySignalRunsAtOnceUpToTheLimitOfThePolicy(t *testing.T) {
	for name, limit := range map[string]int64{"below": 39600, "above": 39599} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			policy := orders.DefaultPolicy()
			policy.UnverifiedLimit = limit
			b.createUnder(goods(), policy)
			b.when("everything to pack", ready, func() { b.signal("void", signalled(nil)) })
			if name == "above" {
				b.tends(care{})
			}
			b.run()
			b.nothingLeaks(0)
			require.Equal(t, name == "above", b.stored().Amendments[0].DecidedBy != nil)
		})
	}
}

func TestASignalMayConfirmThePlanThatItsActorSaw(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() {
		of := func(actor orders.Actor) string {
			plan, err := orders.PlanVoid(b.lastSeen, orders.VoidRequest{Actor: actor, VoidWish: wish()}, b.env.Now())
			require.NoError(t, err)
			return plan.Hash
		}
		b.signal("void", signalled(map[string]any{"plan_hash": of(clerk), "actor": clerk}))
		b.signal("void", signalled(map[string]any{"plan_hash": "nonsense"}))
		b.signal("void", signalled(map[string]any{"plan_hash": of(operator), "actor": operator}))
	})
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, []string{
		"void staff-clerk operator f refused plan_stale", "void operator operator f refused plan_stale", "void eve operator f accepted",
	}, b.audits())
}

func TestASignalThatVoidsSaysNothingPersonalAndNothingUnknown(t *testing.T) {
	for name, given := range map[string]struct {
		void map[string]any
		code string
	}{
		"a name":              {signalled(map[string]any{"name": "李雷"}), orders.CodePersonalData},
		"a note":              {signalled(map[string]any{"note": "李雷 called"}), orders.CodePersonalData},
		"a telephone number":  {signalled(map[string]any{"Phone": "13800138000"}), orders.CodePersonalData},
		"an unknown field":    {signalled(map[string]any{"urgent": true}), orders.CodeUnreadable},
		"no reason code":      {map[string]any{}, orders.CodeInvalid},
		"an unknown reason":   {map[string]any{"reason_code": "because"}, orders.CodeInvalid},
		"other, and no words": {map[string]any{"reason_code": "other"}, orders.CodeInvalid},
		"an unknown line":     {signalled(map[string]any{"lines": []any{map[string]any{"line_id": "L9", "quantity": 1}}}), orders.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(waiting())
			b.when("the review", in(orders.InReview), func() {
				b.signal("void", given.void)
				b.at(0, func() { b.update("reject", &orders.Reject{ReasonCode: "invalid"}) })
			})
			b.run()
			require.Equal(t, orders.Rejected, b.stored().Stage)
			require.Empty(t, b.stored().Amendments)
			require.Equal(t, []string{"void operator operator f refused " + given.code}, b.audits())
			require.NotContains(t, text(t, b.events()), "李雷")
		})
	}
}

func TestANativeCancellationOfAnOrderThatIsBeingVoidedIsOnlyFlagged(t *testing.T) {
	b := setup(t)
	b.refuses("refuse", -1)
	b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.RefusedRefused), b.env.CancelWorkflow)
	b.when("the flag", func(o orders.Order) bool { return len(o.Incidents) > 0 }, func() {
		require.Equal(t, orders.EventCancelAsked, b.lastSeen.Incidents[0].Code)
		require.Len(t, b.lastSeen.Amendments, 1)
		b.behave()
		b.signal("retry-step", nil)
	})
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, []string{"void operator operator f refused already_voided", "retry-step operator operator f accepted"}, b.audits())
}

func TestANativeCancellationAfterTheSaleWantsTheGoodsBack(t *testing.T) {
	b := setup(t)
	b.create(withWindow(b))
	b.delivers(3, func() { b.update("sign-off", &orders.SignOff{}) })
	b.when("the window", func(o orders.Order) bool { return o.Revenue && quiet(o) }, b.env.CancelWorkflow)
	b.tends(care{})
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, []string{orders.ApprovalUnverified, orders.ApprovalGoodsLeft}, b.stored().Amendments[0].Approvals)
}

func TestAVoidOfAFinishedStageIsRefusedWithTheWayThatIsOpen(t *testing.T) {
	b := setup(t)
	b.refuses("refuse", -1)
	b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.RefusedRefused), func() {
		again := b.raw("void", "typed-by-hand", signalled(nil))
		hold := b.update("hold", &orders.PutOnHold{})
		ship := b.update("ship", &orders.Ship{Carrier: "SF"})
		b.at(0, func() {
			again.refused(orders.CodeAlreadyVoided)
			require.Equal(t, []string{b.lastSeen.Amendments[0].ID}, again.problem().Params)
			hold.refused(orders.CodeWrongStage)
			ship.refused(orders.CodeWrongStage)
			b.behave()
			b.signal("retry-step", nil)
		})
	})
	b.run()
	b.nothingLeaks(0)
}
