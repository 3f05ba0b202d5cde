package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// taken is an order of three teas whose money, 396.00, was captured at once.
func taken(t *testing.T, policy orders.Policy) *house {
	t.Helper()
	h := placeWith(t, draft(tea("L1", 3)), policy)
	h.outcome.AtOnce, h.outcome.Reference = true, "SF-1"
	h.work()
	return h
}

// awaiting is one whose void, asked for by a clerk without a limit, waits for a second person.
func awaiting(t *testing.T) (*house, string) {
	t.Helper()
	h := taken(t, orders.DefaultPolicy())
	id := h.voidAs(clerk, 0, wish())
	require.Equal(t, orders.AwaitingApproval, h.last().Status)
	return h, id
}

func TestASecondPersonIsNeededWhereMoneyGoodsOrPolicySaySo(t *testing.T) {
	t.Parallel()
	strict, generous := orders.DefaultPolicy(), orders.DefaultPolicy()
	strict.VoidApproval, generous.UnverifiedLimit = true, 128_00
	one := wish(units("L1", 1)) // gives 128.00 back
	for name, test := range map[string]struct {
		policy orders.Policy
		actor  orders.Actor
		limit  int64
		wish   orders.VoidWish
		left   bool
		want   []string
	}{
		"at the limit":            {orders.DefaultPolicy(), clerk, 128_00, one, false, nil},
		"above it":                {orders.DefaultPolicy(), clerk, 127_99, one, false, []string{orders.ApprovalAmount}},
		"no money":                {orders.DefaultPolicy(), clerk, 0, free(one), false, nil},
		"the goods have left":     {orders.DefaultPolicy(), clerk, enough, one, true, []string{orders.ApprovalGoodsLeft}},
		"policy":                  {strict, clerk, enough, free(one), false, []string{orders.ApprovalPolicy}},
		"a signal":                {orders.DefaultPolicy(), orders.OperatorActor, enough, one, false, []string{orders.ApprovalUnverified}},
		"a signal for no money":   {orders.DefaultPolicy(), orders.OperatorActor, 0, free(one), false, nil},
		"a signal policy allows":  {generous, orders.OperatorActor, 0, one, false, nil},
		"everything at once":      {strict, clerk, 0, one, true, []string{orders.ApprovalAmount, orders.ApprovalGoodsLeft, orders.ApprovalPolicy}},
		"a signal above it":       {generous, orders.OperatorActor, 0, wish(units("L1", 2)), false, []string{orders.ApprovalUnverified}},
		"a signal claims a limit": {orders.DefaultPolicy(), orders.Actor{ID: "x", Role: "manager"}, enough, one, false, []string{orders.ApprovalUnverified}},
	} {
		h := taken(t, test.policy)
		if test.left {
			h.ship("SF-1")
		}
		plan := h.planAs(test.actor, test.limit, test.wish)
		require.Equal(t, test.want, plan.Approvals, name)
		h.do(&orders.Void{Header: as(test.actor), VoidWish: test.wish, PlanHash: plan.Hash, Limit: test.limit})
		require.Equal(t, test.want == nil, h.last().Status == orders.Running, name)
		if test.want != nil {
			require.Zero(t, h.order.Lines[0].Voided, "nothing has happened: %s", name)
			require.True(t, h.order.AwaitsApproval())
		}
	}
}

func free(w orders.VoidWish) orders.VoidWish {
	w.Refund.Mode = orders.RefundNone
	return w
}

func TestSplittingAVoidDoesNotPassTheLimit(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.voidAs(clerk, 256_00, wish(units("L1", 1)))
	h.carryThrough()
	h.voidAs(clerk, 256_00, wish(units("L1", 1)))
	require.Equal(t, orders.Running, h.last().Status, "256.00 together")
	h.voidAs(clerk, 256_00, wish(units("L1", 1)))
	require.Equal(t, []string{orders.ApprovalAmount}, h.last().Approvals)
}

func TestAPartOfWhatTheProviderHoldsCountsAgainstTheLimits(t *testing.T) {
	t.Parallel()
	one := wish(units("L1", 1)) // 128.00 of the 396.00 that the provider holds need not be paid any more
	for name, w := range map[string]orders.VoidWish{"given up": one, "whatever is given back": free(one)} {
		h := place(t, draft(tea("L1", 3)))
		h.work()
		require.Empty(t, h.planAs(clerk, 128_00, w).Approvals, name)
		plan := h.planAs(clerk, 127_99, w)
		require.Equal(t, []string{orders.ApprovalAmount}, plan.Approvals, name)
		require.Equal(t, "128.00", plan.Stake.Decimal(), name)
		require.Empty(t, plan.Money, "nothing is moved: %s", name)
		require.Equal(t, []string{orders.ApprovalUnverified}, h.planAs(orders.OperatorActor, 0, w).Approvals, name)
	}
	h := place(t, draft(tea("L1", 3)))
	h.work()
	h.void(units("L1", 1))
	require.Equal(t, "128.00", h.last().Stake.Decimal())
	h.carryThrough()
	second := h.voidAs(clerk, 255_99, one)
	require.Equal(t, orders.AwaitingApproval, h.last().Status, "256.00 together")
	approve := &orders.ApprovePlan{Header: as(finance), ID: second, Limit: 255_99}
	require.Equal(t, orders.Problem{Code: orders.CodeAboveLimit, Params: []string{"256.00"}}, h.refuse(approve))
	approve.Limit++
	h.do(approve)
	require.Equal(t, orders.Running, h.last().Status)
}

func TestAManagersLimitIsPassedOnlyForAPersonWhoIsKnown(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	id := h.signal(wish())
	c := &orders.ApprovePlan{Header: as(manager), ID: id, Limit: 395_99}
	require.Equal(t, orders.Problem{Code: orders.CodeAboveLimit, Params: []string{"396.00"}}, h.refuse(c), "only one person has looked")
	c.Limit++
	h.do(c)
	require.Equal(t, orders.Voiding, h.order.Stage)
}

func TestAnApprovalThatComesTooLateExpiresTheVoid(t *testing.T) {
	t.Parallel()
	for late, status := range map[time.Duration]orders.AmendmentStatus{-1: orders.Running, 0: orders.Expired, time.Hour: orders.Expired} {
		h, id := awaiting(t)
		h.now = h.last().DueAt.Add(late) // the timer has not fired
		h.approve(id)
		require.Equal(t, status, h.last().Status, late)
		require.Equal(t, status == orders.Running, h.order.Stage == orders.Voiding)
		require.False(t, h.order.AwaitsApproval())
		if status == orders.Expired {
			require.Zero(t, h.order.Lines[0].Voided)
			require.Nil(t, h.last().DecidedBy, "nobody decided it")
			require.Equal(t, orders.CodeNotAwaiting, h.refuse(&orders.ApprovePlan{ID: id, Limit: enough}).Code)
		}
	}
}

func TestASignalWithoutAPlanGetsThePlanOfTheMoment(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	require.Equal(t, "plan_hash", h.refuse(&orders.Void{Header: as(clerk), VoidWish: wish(), Limit: enough}).Fields[0].Field, "people confirm a plan")
	id := h.signal(wish())
	require.Equal(t, h.planless(), h.last().Hash[:64])
	h.approve(id)
	h.carryThrough()
	h.ended(orders.Completed, orders.Voided)
}

// planless is the digest of the plan of the moment, as a signal gets it.
func (h *house) planless() string {
	o := h.order
	o.Amendments = nil
	plan, err := orders.PlanVoid(o, h.last().Request, h.last().RequestedAt)
	require.NoError(h.t, err)
	return plan.Hash[:64]
}

func TestTheReasonOtherNeedsWords(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	w := orders.VoidWish{ReasonCode: "other"}
	require.Equal(t, "note", h.refuse(&orders.Void{Header: as(orders.OperatorActor), VoidWish: w}).Fields[0].Field)
	h.do(&orders.Void{Header: orders.Header{Actor: orders.OperatorActor, Reason: "wrong shop"}, VoidWish: w})
}

func TestExactlyOneOtherSignedInPersonWithTheLimitApproves(t *testing.T) {
	t.Parallel()
	h, id := awaiting(t)
	approve := func(actor orders.Actor, limit int64, id string) string {
		return h.refuse(&orders.ApprovePlan{Header: as(actor), ID: id, Limit: limit}).Code
	}
	require.Equal(t, orders.CodeOwnRequest, approve(clerk, enough, id), "who asks does not approve")
	require.Equal(t, orders.CodeOwnRequest, approve(orders.Actor{ID: clerk.ID, Role: "manager", Verified: true}, enough, id))
	require.Equal(t, orders.CodeForbidden, approve(orders.Actor{ID: "lin", Role: "manager"}, enough, id), "nor does a signal")
	require.Equal(t, orders.CodeAboveLimit, approve(finance, 395_99, id))
	require.Equal(t, orders.CodeUnknownVoid, approve(finance, enough, "ZF20261201-000001009"))
	h.do(&orders.ApprovePlan{Header: as(finance), ID: id, Limit: 396_00})
	require.Equal(t, orders.Voiding, h.order.Stage)
	require.Equal(t, finance, *h.last().DecidedBy)
	require.Equal(t, orders.CodeNotAwaiting, approve(manager, enough, id))
	h, id = awaiting(t)
	h.do(&orders.ApprovePlan{Header: as(manager), ID: id})
	require.Equal(t, orders.Voiding, h.order.Stage, "a manager's limit covers any sum")
}

func TestTheLimitOfWhoApprovesIsOfTheWholeOrder(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	h.do(&orders.ApprovePlan{Header: as(finance), ID: h.voidAs(clerk, 0, wish(units("L1", 1))), Limit: 200_00})
	second := h.voidAs(clerk, 0, wish(units("L1", 1)))
	refused := h.refuse(&orders.ApprovePlan{Header: as(finance), ID: second, Limit: 200_00})
	require.Equal(t, orders.Problem{Code: orders.CodeAboveLimit, Params: []string{"256.00"}}, refused)
}

func TestThePlanIsLookedAtAgainWhenItIsApproved(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]func(h *house){
		"a parcel has left": func(h *house) { h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"}) },
		"a scan says so":    func(h *house) { h.do(report("ref-1", "in_transit")) },
	} {
		h := placeWith(t, draft(tea("L1", 3)), orders.DefaultPolicy())
		h.outcome.AtOnce = true
		h.work()
		h.do(&orders.Ship{Carrier: "SF"})
		h.work()
		id := h.voidAs(clerk, 0, wish())
		moved(h)
		h.approve(id)
		require.Equal(t, orders.Returned, h.last().Status, name)
		require.Zero(t, h.order.Lines[0].Voided, "nobody has agreed to that: %s", name)
		require.Equal(t, orders.SigningOff, h.order.Stage)
		require.Equal(t, manager, *h.last().DecidedBy)
	}
}

func TestWhatWasNotApprovedHasChangedNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end    func(h *house, id string)
		status orders.AmendmentStatus
	}{
		"declined":     {func(h *house, id string) { h.do(&orders.DeclinePlan{Header: as(finance), ID: id}) }, orders.Declined},
		"by a manager": {func(h *house, id string) { h.do(&orders.DeclinePlan{Header: as(manager), ID: id}) }, orders.Declined},
		"withdrawn":    {func(h *house, id string) { h.do(&orders.DeclinePlan{Header: as(clerk), ID: id}) }, orders.Declined},
		"expired":      {func(h *house, _ string) { h.later(72 * time.Hour) }, orders.Expired},
	} {
		h, id := awaiting(t)
		require.Equal(t, []string{"voiding"}, h.order.Flags())
		require.Equal(t, orders.CodePlanOpen, h.refuse(&orders.Ship{Carrier: "SF"}).Code, "no new outward work starts")
		require.Equal(t, orders.CodePlanOpen, h.refuse(&orders.PutOnHold{}).Code)
		require.Equal(t, orders.CodePlanOpen, h.refuse(&orders.Reject{ReasonCode: "invalid"}).Code)
		require.Equal(t, orders.CodePlanOpen, h.refuse(&orders.Void{VoidWish: wish(), PlanHash: "x"}).Code)
		test.end(h, id)
		require.Equal(t, test.status, h.last().Status, name)
		require.Equal(t, orders.Fulfilling, h.order.Stage)
		require.Zero(t, h.order.Lines[0].Voided)
		require.Equal(t, "396.00", h.kept())
		h.do(&orders.Ship{Carrier: "SF"})
	}
	h, id := awaiting(t)
	require.Equal(t, orders.CodeForbidden, h.refuse(&orders.DeclinePlan{Header: as(warehouse), ID: id}).Code)
	require.Equal(t, orders.CodeForbidden, h.refuse(&orders.DeclinePlan{Header: as(orders.Actor{ID: "other", Role: "clerk", Verified: true}), ID: id}).Code)
	h.later(72*time.Hour - 1)
	require.True(t, h.order.AwaitsApproval())
}

func TestWorkUnderWayIsTakenInWhileAPlanWaitsAndGoesOnAfterTheNo(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	authorise, reserve := h.answer(h.task("authorise/P1")), h.answer(h.task(orders.TaskReserve))
	id := h.signal(wish())
	require.Equal(t, orders.AwaitingApproval, h.last().Status)
	require.Empty(t, h.names(), "nothing new starts")
	h.do(authorise)
	h.do(reserve)
	require.Equal(t, orders.PaymentAuthorised, h.order.Payments[0].Status)
	h.do(&orders.DeclinePlan{ID: id})
	h.ship("SF-1")
	h.work()
	require.Equal(t, "268.00", h.kept())
}

func TestAPlanThatCoolsOffStartsByItselfUnlessItIsRevokedOrTheOrderMoves(t *testing.T) {
	t.Parallel()
	cool := orders.DefaultPolicy()
	cool.CoolingOff = 2 * time.Hour
	cooling := func() (*house, string) {
		h := taken(t, cool)
		h.do(&orders.Ship{Carrier: "SF"})
		h.work()
		id := h.void()
		require.Equal(t, orders.CoolingOff, h.last().Status)
		return h, id
	}
	h, _ := cooling()
	h.later(2*time.Hour - 1)
	require.Equal(t, orders.CoolingOff, h.last().Status)
	h.later(1)
	require.Equal(t, orders.Voiding, h.order.Stage)
	h, id := cooling()
	require.Equal(t, orders.CodeUnknownVoid, h.refuse(&orders.Revoke{ID: "ZF9"}).Code)
	h.do(&orders.Revoke{ID: id})
	require.Equal(t, orders.Revoked, h.last().Status)
	require.Equal(t, orders.CodeNotCooling, h.refuse(&orders.Revoke{ID: id}).Code)
	h, _ = cooling()
	h.do(&orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF-1"})
	h.later(2 * time.Hour)
	require.Equal(t, orders.Returned, h.last().Status, "the end of a cooling-off looks again")
	h = taken(t, cool)
	id = h.voidAs(clerk, 0, wish())
	h.approve(id)
	require.Equal(t, orders.CoolingOff, h.last().Status, "after the yes, too")
	h.later(2 * time.Hour)
	require.Equal(t, orders.Voiding, h.order.Stage)
}

func TestARepeatedVoidIsAcceptedAndDoesNothing(t *testing.T) {
	t.Parallel()
	h := taken(t, orders.DefaultPolicy())
	c := &orders.Void{Header: orders.Header{Actor: clerk, CommandID: "void-1"}, VoidWish: wish(), PlanHash: h.plan(wish()).Hash, Limit: enough}
	h.do(c)
	require.Empty(t, h.do(c).Events)
	h.carryThrough()
	require.Empty(t, h.do(c).Events)
	old := h.order.Version - 1
	require.Equal(t, orders.CodeAlreadyVoided, h.refuse(&orders.Void{Header: orders.Header{ExpectedVersion: &old}}).Code)
	h.ended(orders.Completed, orders.Voided)
}
