package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// refundRefused is a void whose refund the provider has refused.
func refundRefused(t *testing.T) *house {
	t.Helper()
	h := taken(t, orders.DefaultPolicy())
	h.void()
	h.failed(h.stepTask(orders.StepRefund), orders.RefusedRefused)
	require.Equal(t, orders.StepBlocked, h.state(orders.StepRefund))
	require.Equal(t, []string{"refund/1.2 refused finance"}, h.attention())
	return h
}

func TestABlockedRefundIsRetriedUnderANewKeyOnlyAfterAFinalRefusal(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	id := h.void()
	require.Equal(t, "DD20261201-000001/"+id+"/refund/P1/1", h.task(h.stepTask(orders.StepRefund)).Key)
	for _, fault := range []string{orders.ReasonUnreachable, orders.ReasonInvalid, orders.CodeInternal} {
		h.failed(h.stepTask(orders.StepRefund), fault)
		require.Equal(t, []string{"refund/1.2 " + fault + " " + map[bool]string{true: "finance", false: "manager"}[fault == orders.ReasonUnreachable]}, h.attention())
		h.do(&orders.RetryStep{Header: as(finance), StepRef: h.ref(orders.StepRefund)})
		require.Equal(t, "DD20261201-000001/"+id+"/refund/P1/1", h.task(h.stepTask(orders.StepRefund)).Key, "nobody knows what became of it")
	}
	h.failed(h.stepTask(orders.StepRefund), orders.RefusedRefused)
	h.do(&orders.RetryStep{StepRef: orders.StepRef{Kind: orders.StepRefund}})
	require.Equal(t, "DD20261201-000001/"+id+"/refund/P1/2", h.task(h.stepTask(orders.StepRefund)).Key)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestAnUnreachableProviderIsAskedAgainByTheClock(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.do(&orders.PutOnHold{})
	h.void(units("L1", 1))
	h.failed(h.stepTask(orders.StepRefund), orders.ReasonUnreachable)
	h.later(time.Hour)
	require.Empty(t, h.attention(), "steps go on during a hold")
	h.failed(h.stepTask(orders.StepRefund), orders.ReasonUnreachable)
	again := h.order.Attention[0].RetryAt
	h.now = h.now.Add(time.Minute)
	h.do(&orders.Resume{})
	require.Equal(t, again, h.order.Attention[0].RetryAt, "and so do their clocks")
}

func TestARefundCompletedByHandIsBookedWithItsEvidence(t *testing.T) {
	t.Parallel()
	h := refundRefused(t)
	c := &orders.CompleteStep{Header: as(finance), StepRef: h.ref(orders.StepRefund)}
	require.Equal(t, "evidence", h.refuse(c).Fields[0].Field)
	c.Evidence = "bank slip 12"
	h.do(c)
	require.Equal(t, "396.00", h.kept(), "the books follow")
	task := h.task(h.stepTask(orders.StepRefund))
	require.Equal(t, "DD20261201-000001/"+h.last().ID+"/refund/P1/2", task.Key)
	require.True(t, h.order.StepOf(task).ByHand)
	h.do(&orders.TaskDone{Task: task, Outcome: orders.EffectOutcome{Done: true, ByHand: true, Twice: true}})
	require.Equal(t, orders.EndCompleted, h.the(orders.StepRefund).End)
	require.Equal(t, "bank slip 12", h.the(orders.StepRefund).Evidence)
	require.Equal(t, "0.00", h.kept())
	require.Equal(t, "refunded_twice", h.order.Incidents[0].Code)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestAStepIsWaivedByTwoPeopleWithAReason(t *testing.T) {
	t.Parallel()
	waive := func(h *house, actor orders.Actor) *orders.WaiveStep {
		return &orders.WaiveStep{Header: orders.Header{Actor: actor, Reason: "paid in cash"}, StepRef: h.ref(orders.StepRefund)}
	}
	h := refundRefused(t)
	require.Equal(t, "reason", h.refuse(&orders.WaiveStep{StepRef: h.ref(orders.StepRefund)}).Fields[0].Field)
	h.do(waive(h, finance))
	require.Equal(t, orders.StepBlocked, h.state(orders.StepRefund), "one person only asks")
	require.Equal(t, orders.CodeOwnRequest, h.refuse(waive(h, finance)).Code)
	require.Equal(t, orders.CodeWaiveAsked, h.refuse(waive(h, orders.OperatorActor)).Code, "a signal is no person")
	require.Equal(t, orders.CodeForbidden, h.refuse(waive(h, warehouse)).Code, "who answers for money grants it")
	h.do(waive(h, manager))
	require.Equal(t, orders.StepWaived, h.state(orders.StepRefund))
	require.Equal(t, "396.00", h.last().Retained.Decimal())
	require.Equal(t, orders.StepDone, h.state(orders.StepTellMoney), "no money has moved")
	require.Equal(t, orders.EndMoot, h.the(orders.StepTellMoney).End)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
	require.Equal(t, "396.00", h.kept())
	h = refundRefused(t)
	h.do(waive(h, orders.OperatorActor))
	require.Equal(t, orders.StepBlocked, h.state(orders.StepRefund), "a signal only asks")
	h.do(waive(h, finance))
	require.Equal(t, orders.StepWaived, h.state(orders.StepRefund))
}

func TestAStepIsCompletedByWhoAnswersForItOrAManager(t *testing.T) {
	t.Parallel()
	for _, role := range orders.Roles() {
		h := refundRefused(t)
		c := h.completion(orders.StepRefund)
		c.Actor = orders.Actor{ID: "somebody", Role: role, Verified: true}
		if role == "finance" || role == "manager" {
			h.do(c)
			continue
		}
		require.Equal(t, orders.CodeForbidden, h.refuse(c).Code, role)
		c.Actor.Verified = false
		h.do(c) // nobody knows who it is: the audit log has their word
	}
}

func TestAStepKeepsWhyItWasParkedAndWhatWasTried(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.void()
	tried := func(reason string, attempts int) {
		s := h.the(orders.StepRefund)
		require.Equal(t, reason, s.LastError)
		require.Equal(t, attempts, s.Attempts)
		require.Equal(t, h.now, s.At)
	}
	h.failed(h.stepTask(orders.StepRefund), orders.ReasonUnreachable)
	tried(orders.ReasonUnreachable, 6)
	h.do(&orders.WaiveStep{Header: orders.Header{Actor: manager, NoteID: "note-1"}, StepRef: h.ref(orders.StepRefund)})
	require.Equal(t, &manager, h.the(orders.StepRefund).WaiveBy)
	h.do(&orders.RetryStep{StepRef: h.ref(orders.StepRefund)})
	require.Nil(t, h.the(orders.StepRefund).WaiveBy, "whoever asked to go without it asked before this try")
	h.now = h.now.Add(time.Minute)
	h.failed(h.stepTask(orders.StepRefund), orders.RefusedRefused)
	tried(orders.RefusedRefused, 7)
	h.do(&orders.RetryStep{StepRef: h.ref(orders.StepRefund)})
	h.done(h.stepTask(orders.StepRefund))
	require.Equal(t, 8, h.the(orders.StepRefund).Attempts)
	h = silent(t)
	require.Equal(t, orders.ReasonCarrierSilent, h.the(orders.StepIntercept).LastError)
	require.Equal(t, 1, h.the(orders.StepIntercept).Attempts, "it was asked once")
	h = packedParcel(t)
	h.void()
	h.later(72 * time.Hour)
	require.Equal(t, orders.ReasonOverdue, h.the(orders.StepPutBack).LastError)
	require.Zero(t, h.the(orders.StepPutBack).Attempts, "nothing was called")
}

func TestAVerbOnAStepThatDoesNotTakeItIsRefused(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	step := func(kind string) orders.StepRef { return h.ref(kind) }
	no := func(c orders.Command) string { c.Head().Reason = "x"; return h.refuse(c).Code }
	require.Equal(t, orders.CodeStepNotByHand, no(&orders.CompleteStep{StepRef: step(orders.StepRelease), Evidence: "x"}))
	require.Equal(t, orders.CodeStepNotWaivable, no(&orders.WaiveStep{StepRef: step(orders.StepPutBack)}), "goods would stay held")
	require.Equal(t, orders.CodeStepNotBlocked, no(&orders.RetryStep{StepRef: step(orders.StepPutBack)}))
	require.Equal(t, orders.CodeStepNotBlocked, no(&orders.CompleteStep{StepRef: step(orders.StepTell), Evidence: "x"}))
	require.Equal(t, orders.CodeStepNotBlocked, no(&orders.CompleteStep{Evidence: "x"}), "without a name only what is blocked is meant")
	require.Equal(t, orders.CodeUnknownStep, no(&orders.RetryStep{StepRef: orders.StepRef{ID: h.last().ID, StepID: "99"}}))
	require.Equal(t, orders.CodeUnknownVoid, no(&orders.RetryStep{StepRef: orders.StepRef{ID: "ZF9", StepID: "1"}}))
	require.Equal(t, "outcome", h.refuse(&orders.CompleteStep{StepRef: step(orders.StepPutBack), Evidence: "x", Outcome: "good"}).Fields[0].Field)
	require.Equal(t, "damaged", h.refuse(&orders.CompleteStep{StepRef: step(orders.StepPutBack), Evidence: "x", Damaged: []orders.ShipLine{units("L1", 1)}}).Fields[0].Field)
	h.failed(h.stepTask(orders.StepRelease), orders.ReasonInvalid)
	require.Equal(t, orders.CodeStepNotByHand, no(&orders.CompleteStep{StepRef: step(orders.StepRelease), Evidence: "x"}), "not even when it is blocked")
	require.Equal(t, orders.CodeStepNotWaivable, no(&orders.WaiveStep{StepRef: step(orders.StepRelease)}))
	h.done(h.stepTask(orders.StepTell))
	require.Equal(t, orders.CodeStepEnded, no(&orders.RetryStep{StepRef: step(orders.StepTell)}))
}

func TestAPersonWhoDoesNotDoTheirPartInTimeIsRemindedAndMayStillDoIt(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.later(72 * time.Hour)
	require.Equal(t, []string{"put_back/1.2 overdue warehouse"}, h.attention())
	h.complete(orders.StepPutBack)
	require.Equal(t, 1, h.the(orders.StepPutBack).Try, "it was not refused")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestOneWordMendsAllStepsThatAreBlocked(t *testing.T) {
	t.Parallel()
	h := refundRefused(t)
	h.failed(h.stepTask(orders.StepTell), orders.RefusedRecipient)
	h.do(&orders.RetryStep{Header: as(orders.OperatorActor), StepRef: orders.StepRef{Kind: orders.StepTell}})
	require.Equal(t, []string{"refund/1.2 refused finance"}, h.attention())
	h.failed(h.stepTask(orders.StepTell), orders.RefusedRecipient)
	h.do(&orders.RetryStep{Header: as(orders.OperatorActor)})
	require.Empty(t, h.attention())
}

func TestALabelThatIsWaivedIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.complete(orders.StepPutBack)
	h.done(h.stepTask(orders.StepPutBack))
	h.failed(h.stepTask(orders.StepCancelLabel), orders.ReasonUnreachable)
	h.waive(orders.StepCancelLabel)
	require.NotContains(t, h.names(), "cancel_label/S1")
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestWhatTheOutsideKnowsAlreadyIsDone(t *testing.T) {
	t.Parallel()
	h := packedParcel(t)
	h.void()
	h.complete(orders.StepPutBack)
	h.done(h.stepTask(orders.StepPutBack))
	h.failed(h.stepTask(orders.StepReleasePayment), "already_released")
	require.Equal(t, orders.PaymentReleased, h.order.Payments[0].Status)
	h.failed(h.stepTask(orders.StepCancelLabel), orders.RefusedUnknownParcel)
	require.Equal(t, orders.EndDone, h.the(orders.StepCancelLabel).End)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

func TestWhatTheSupplierDoesNotCancelArrives(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(h *house)
		status orders.PurchaseStatus
	}{
		"cancelled": {func(h *house) { h.done("purchase/B1"); h.done(h.stepTask(orders.StepCancelPurchase)) }, orders.PurchaseCancelled},
		"too late": {func(h *house) {
			h.done("purchase/B1")
			h.failed(h.stepTask(orders.StepCancelPurchase), orders.RefusedTooLate)
		}, orders.PurchaseArrives},
		"never ordered": {func(h *house) { h.failed("purchase/B1", orders.RefusedRefused) }, orders.PurchaseRefused},
		"nobody was asked": {func(h *house) {
			h.done("purchase/B1")
			h.failed(h.stepTask(orders.StepCancelPurchase), orders.ReasonUnreachable)
			h.waive(orders.StepCancelPurchase)
		}, orders.PurchaseRequested},
	} {
		h := place(t, draft(tea("L1", 2)))
		h.short = 2
		h.work()
		h.do(&orders.RequestPurchase{Header: as(manager), LineID: "L1"})
		h.void()
		test.answer(h)
		h.carryThrough()
		h.ended(orders.Completed, orders.Voided)
		require.Equal(t, test.status, h.order.Purchases[0].Status, name)
	}
}

func TestARefusedPurchaseOfWhatIsVoidIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2), tea("L2", 1)))
	h.done(orders.TaskCheck)
	h.done("authorise/P1")
	h.short = 1
	h.done(orders.TaskReserve)
	h.do(&orders.RequestPurchase{Header: as(manager), LineID: "L1"})
	h.failed("purchase/B1", orders.RefusedRefused)
	h.void(units("L1", 1))
	require.NotContains(t, h.attention(), "purchase/B1 refused buyer")
}

func TestRevenueIsRecognisedBeforeItIsTakenBack(t *testing.T) {
	t.Parallel()
	h := onItsWay(t)
	h.do(&orders.SignOff{})
	require.Equal(t, yuan("268.00"), h.task(orders.TaskRevenue).Amount)
	h.agreed(units("L1", 1))
	require.Equal(t, yuan("268.00"), h.task(orders.TaskRevenue).Amount, "what was earned, and then taken back")
	require.Equal(t, orders.StepPending, h.state(orders.StepReverse))
	h.done(orders.TaskRevenue)
	require.Equal(t, yuan("128.00"), h.task(h.stepTask(orders.StepReverse)).Amount)
	h.carryThrough()
	require.Equal(t, orders.Completed, h.last().Status)
}

func TestWhatIsRetainedStaysEarned(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]string{"100.00": "100.00", "0.00": ""} {
		h := onItsWay(t)
		h.do(&orders.SignOff{})
		h.work()
		w := wish(units("L1", 1))
		w.Refund.Amount = amount
		h.approve(h.voidAs(clerk, enough, w))
		require.Equal(t, want != "", h.has(orders.StepReverse), amount)
		if want != "" {
			require.Equal(t, want, h.the(orders.StepReverse).Amount.Decimal())
		}
		h.carryThrough()
		require.Equal(t, orders.Completed, h.last().Status)
	}
}
