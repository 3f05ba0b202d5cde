package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

var junior = orders.Actor{ID: "staff-junior", Role: "clerk", Verified: true}

// voidAs previews and confirms a void by somebody who may give so much back.
func (b *bench) voidAs(actor orders.Actor, limit int64, w orders.VoidWish) *answer {
	plan, err := orders.PlanVoid(b.queried(), orders.VoidRequest{Actor: actor, Limit: limit, VoidWish: w}, b.env.Now())
	require.NoError(b, err)
	return b.confirm(actor, limit, w, plan.Hash)
}

func (b *bench) confirm(actor orders.Actor, limit int64, w orders.VoidWish, hash string) *answer {
	return b.update("void", &orders.Void{Header: orders.Header{Actor: actor}, VoidWish: w, PlanHash: hash, Limit: limit})
}

func (b *bench) approvesPlan(actor orders.Actor, limit int64) *answer {
	id := b.lastSeen.Amendments[len(b.lastSeen.Amendments)-1].ID
	return b.update("approve-plan", &orders.ApprovePlan{Header: orders.Header{Actor: actor}, ID: id, Limit: limit})
}

// over waits for the last void to have become something.
func over(status orders.AmendmentStatus) func(orders.Order) bool {
	return func(o orders.Order) bool {
		return len(o.Amendments) > 0 && o.Amendments[len(o.Amendments)-1].Status == status
	}
}

func TestMoneyAboveALimitNeedsASecondPersonWhoMayGiveSoMuch(t *testing.T) {
	b := setup(t)
	b.create(goods())
	finance := orders.Actor{ID: "staff-finance", Role: "finance", Verified: true}
	var own, poor, none, agreed *answer
	b.when("everything to pack", ready, func() { b.voidAs(junior, 39599, wish()) })
	b.when("the void to wait", waits, func() {
		require.Equal(t, []string{orders.ApprovalAmount}, b.lastSeen.Amendments[0].Approvals)
		own = b.approvesPlan(orders.Actor{ID: junior.ID, Role: "manager", Verified: true}, 1_000_000)
		poor = b.approvesPlan(finance, 39599)
		none = b.approvesPlan(orders.Actor{ID: "staff-x", Role: "clerk", Verified: true}, 1_000_000)
		agreed = b.approvesPlan(finance, 39600)
	})
	b.run()
	own.refused(orders.CodeOwnRequest)
	poor.refused(orders.CodeAboveLimit)
	none.refused(orders.CodeForbidden)
	agreed.agreed()
	b.nothingLeaks(0)
	require.Equal(t, finance, *b.stored().Amendments[0].DecidedBy)
}

// nothingHappened wants an order to have gone on as if a void had never been asked for.
func (b *bench) nothingHappened(status orders.AmendmentStatus) {
	b.Helper()
	o := b.stored()
	require.Equal(b, orders.Closed, o.Stage)
	require.Equal(b, status, o.Amendments[0].Status)
	require.Equal(b, yuan(39600), o.Total())
	require.Equal(b, []string{"authorised", "captured"}, b.entries("payments"))
	require.Zero(b, b.times("voiding"))
	require.Empty(b, o.Attention)
	b.accounts(0, 39600, -39600)
	b.keepsTheRules()
}

func TestADeclinedVoidChangesNothing(t *testing.T) {
	for name, who := range map[string]orders.Actor{"by a second person": manager, "by whoever asked": junior} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			var ship, again *answer
			b.when("everything to pack", ready, func() { b.voidAs(junior, 0, wish()) })
			b.when("the void to wait", waits, func() {
				ship = b.update("ship", &orders.Ship{Carrier: "SF"})
				again = b.voidAgain()
				b.update("decline-plan", &orders.DeclinePlan{Header: orders.Header{Actor: who}, ID: b.lastSeen.Amendments[0].ID})
			})
			b.when("the no", over(orders.Declined), func() {
				require.Empty(t, b.lastSeen.Flags())
			})
			b.finish()
			b.run()
			b.nothingHappened(orders.Declined)
			ship.refused(orders.CodePlanOpen)
			again.refused(orders.CodePlanOpen)
			require.Equal(t, who, *b.stored().Amendments[0].DecidedBy)
		})
	}
}

// voidAgain sends a void whatever the order's state.
func (b *bench) voidAgain() *answer { return b.confirm(junior, 0, wish(), "any") }

func TestAnApprovalThatNobodyGivesExpires(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var asked time.Time
	b.when("everything to pack", ready, func() { asked = b.env.Now(); b.voidAs(junior, 0, wish()) })
	var late *answer
	b.when("the time to pass", over(orders.Expired), func() {
		require.WithinDuration(t, asked.Add(72*time.Hour), b.lastSeen.Amendments[0].EndedAt, time.Second)
		late = b.approvesPlan(manager, 0)
	})
	b.finish()
	b.run()
	late.refused(orders.CodeNotAwaiting)
	b.nothingHappened(orders.Expired)
}

func cooling() orders.Policy {
	policy := orders.DefaultPolicy()
	policy.CoolingOff = 2 * time.Hour
	return policy
}

func TestAVoidCoolsOffBeforeItRuns(t *testing.T) {
	for name, limit := range map[string]int64{"at once": 1_000_000, "after an approval": 0} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.createUnder(goods(), cooling())
			b.when("everything to pack", ready, func() { b.voidAs(junior, limit, wish()) })
			if limit == 0 {
				b.when("the void to wait", waits, func() { b.approvesPlan(manager, 0) })
			}
			var since time.Time
			b.when("it to cool off", over(orders.CoolingOff), func() {
				since = b.env.Now()
				require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
			})
			b.run()
			b.nothingLeaks(0)
			require.WithinDuration(t, since.Add(2*time.Hour), b.stored().Amendments[0].EndedAt, time.Minute)
		})
	}
}

func TestAVoidIsTakenBackWhileItCoolsOff(t *testing.T) {
	b := setup(t)
	b.createUnder(goods(), cooling())
	b.when("everything to pack", ready, func() { b.voidAs(junior, 1_000_000, wish()) })
	b.when("it to cool off", over(orders.CoolingOff), func() {
		b.update("revoke", &orders.Revoke{Header: orders.Header{Actor: junior}, ID: b.lastSeen.Amendments[0].ID})
	})
	b.when("it to be taken back", over(orders.Revoked), func() {})
	b.finish()
	b.run()
	b.nothingHappened(orders.Revoked)
}

func TestAnOrderThatMovedWhileAVoidWaitedIsNotVoidedByTheOldPlan(t *testing.T) {
	for name, again := range map[string]orders.Policy{"an approval": orders.DefaultPolicy(), "a cooling-off": cooling()} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.createUnder(goods(), again)
			limit := int64(0)
			if again.CoolingOff > 0 {
				limit = 1_000_000
			}
			var approved, gone *answer
			b.packs(3, func() { b.voidAs(junior, limit, wish()) })
			b.when("the void to wait", func(o orders.Order) bool { return waits(o) || over(orders.CoolingOff)(o) }, func() {
				gone = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
			})
			if limit == 0 {
				b.when("the parcel to be gone", status(0, orders.HandedOver), func() { approved = b.approvesPlan(manager, 0) })
			}
			b.when("the plan to go back", over(orders.Returned), func() {
				require.Zero(t, b.lastSeen.Lines[0].Voided)
			})
			b.when("the capture", quiet, func() { b.voidAs(junior, limit, wish()) })
			b.tends(care{did: map[string]bool{}})
			approve := b.aside
			b.aside = func(o orders.Order) bool { return len(o.Amendments) > 1 && approve(o) }
			b.run()
			gone.agreed()
			if approved != nil {
				require.Equal(t, orders.SigningOff, approved.agreed().Stage)
			}
			b.nothingLeaks(0)
			require.Equal(t, []string{"authorised", "captured", "refunded"}, b.entries("payments"))
		})
	}
}
