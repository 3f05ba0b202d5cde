package workflows_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// asked sends a parcel and voids the order: the carrier is asked to stop it, and has not answered.
func (b *bench) asked(then func()) {
	b.create(goods())
	b.sends(3, func() { b.void(wish()) })
	b.when("a second person", waits, func() { b.approvesPlan(manager, 0) })
	b.when("the carrier to be asked", func(o orders.Order) bool { return stepOf(o, orders.StepIntercept).Asked }, then)
}

func (b *bench) parcel() string { return b.lastSeen.Shipments[0].Tracking }

func TestWhatTheCarrierReportsWhileItIsAskedToStopAParcelIsFollowed(t *testing.T) {
	for name, story := range map[string]struct {
		reports []string
		outcome string // of the interception
		returns bool   // somebody agrees with the customer
		gone    int
		end     orders.ShipmentStatus
	}{
		"stopped":                       {[]string{"intercepted"}, orders.OutcomeIntercepted, false, 0, orders.Intercepted},
		"stopped, told twice":           {[]string{"intercepted", "intercepted"}, orders.OutcomeIntercepted, false, 0, orders.Intercepted},
		"on its way, then stopped":      {[]string{"in_transit", "intercepted"}, orders.OutcomeIntercepted, false, 0, orders.Intercepted},
		"refused by the carrier":        {[]string{"intercept_refused"}, orders.OutcomeRefused, true, 0, orders.HandedOver},
		"refused by the carrier twice":  {[]string{"intercept_refused", "intercept_refused"}, orders.OutcomeRefused, true, 0, orders.HandedOver},
		"refused, then delivered":       {[]string{"intercept_refused", "delivered"}, orders.OutcomeRefused, true, 0, orders.Delivered},
		"delivered":                     {[]string{"delivered"}, orders.OutcomeDelivered, true, 0, orders.Delivered},
		"delivered, then refused late":  {[]string{"delivered", "intercept_refused"}, orders.OutcomeDelivered, true, 0, orders.Delivered},
		"refused at the door":           {[]string{"refused"}, orders.OutcomeAtDoor, false, 0, orders.Refused},
		"stopped, and refused late":     {[]string{"intercepted", "intercept_refused"}, orders.OutcomeIntercepted, false, 0, orders.Intercepted},
		"lost":                          {[]string{"lost"}, orders.OutcomeLost, false, 3, orders.Lost},
		"stopped, then lost on the way": {[]string{"intercepted", "lost"}, orders.OutcomeIntercepted, false, 3, orders.Lost},
		"refused, then lost":            {[]string{"intercept_refused", "lost"}, orders.OutcomeRefused, true, 3, orders.Lost},
		"nonsense, then stopped":        {[]string{"abducted", "intercepted"}, orders.OutcomeIntercepted, false, 0, orders.Intercepted},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.asked(func() {
				for _, report := range story.reports {
					b.carrier(b.parcel(), report, true)
				}
				b.tends(care{})
			})
			b.run()
			b.nothingLeaks(story.gone)
			o := b.stored()
			require.Equal(t, story.outcome, stepOf(o, orders.StepIntercept).Outcome)
			require.Equal(t, story.returns, stepOf(o, orders.StepApproveReturn).ID != "")
			require.Equal(t, story.end, o.Shipments[0].Status)
			require.Equal(t, []string{"authorised", "captured", "refunded"}, b.entries("payments"))
			require.Len(t, b.audits(), len(story.reports))
		})
	}
}

func TestACarrierThatNeverAnswersIsAPersonsMatter(t *testing.T) {
	b := setup(t)
	b.asked(func() {})
	b.when("three days to pass", blockedFor(orders.StepIntercept, orders.ReasonCarrierSilent), func() {
		b.showsBlocked(orders.StepIntercept, orders.ReasonCarrierSilent, "warehouse")
		a := b.lastSeen.Amendments[0]
		ref := orders.StepRef{ID: a.ID, StepID: stepOf(b.lastSeen, orders.StepIntercept).ID}
		b.update("complete-step", &orders.CompleteStep{StepRef: ref, Evidence: "SF-HOTLINE-1", Outcome: orders.OutcomeIntercepted})
		b.tends(care{})
	})
	b.run()
	b.nothingLeaks(0)
}

func TestReportsOnAParcelThatWasUnpackedChangeNothing(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.packs(3, func() {
		b.misbehave("payments", "release", "refuse", 1)
		b.void(wish())
	})
	b.tends(care{})
	b.when("the label to be cancelled", func(o orders.Order) bool {
		return blockedFor(orders.StepReleasePayment, orders.RefusedRefused)(o) && stepOf(o, orders.StepCancelLabel).End != ""
	}, func() {
		b.carrier(b.lastSeen.Shipments[0].Label, "delivered", true)
		b.carrier(b.tracking("NOBODY"), "lost", true)
		b.signal("retry-step", nil)
	})
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, orders.Cancelled, b.stored().Shipments[0].Status)
	require.Zero(t, b.times("handed_over"))
	require.ElementsMatch(t, []string{"carrier_event_cancelled_parcel", "carrier_event_unknown_parcel"}, codes(b.stored().Findings))
}

func TestGoodsThatComeInAreNotHeldForAnOrderThatIsBeingVoided(t *testing.T) {
	b := setup(t)
	draft := b.scarce(1)
	b.create(draft)
	b.approves()
	b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() {
		b.misbehave("payments", "release", "refuse", 1)
		b.receive(draft.Lines[0].SKU, 2) // allotted, and the order has not been told
		b.void(wish())
	})
	b.when("the release to be blocked", blockedFor(orders.StepReleasePayment, orders.RefusedRefused), func() {
		b.receive(draft.Lines[0].SKU, 2)
		b.relay()
		b.signal("stock-allotted", &orders.StockAllotted{Header: orders.Header{CommandID: uuid.NewString(), Actor: orders.SystemActor}})
		b.signal("retry-step", nil)
	})
	b.run()
	b.nothingLeaks(0)
	onHand, reserved := b.balance(draft.Lines[0].SKU)
	require.Equal(t, []int{5, 0}, []int{onHand, reserved})
	require.Contains(t, b.audits(), "stock-allotted system system f refused wrong_stage")
}

// hashOf previews a void by a clerk with a limit that covers everything.
func (b *bench) hashOf(w orders.VoidWish) string {
	plan, err := orders.PlanVoid(b.queried(), orders.VoidRequest{Actor: junior, Limit: 1_000_000, VoidWish: w}, b.env.Now())
	require.NoError(b, err)
	return plan.Hash
}

func TestAVoidAndAHandOverAtOnceHaveOneWinner(t *testing.T) {
	for name, first := range map[string]string{"the void first": "void", "the hand-over first": "hand-over"} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			var void, gone *answer
			b.packs(3, func() {
				hash := b.hashOf(wish())
				if first == "void" {
					void = b.confirm(junior, 1_000_000, wish(), hash)
				}
				gone = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
				if first != "void" {
					void = b.confirm(junior, 1_000_000, wish(), hash)
				}
			})
			if first != "void" {
				b.when("the refusal", func(orders.Order) bool { return void.done }, func() {
					void.refused(orders.CodePlanStale)
					fresh := void.problem().Plan
					require.Equal(t, orders.StepIntercept, fresh.Steps[0].Kind)
					b.confirm(junior, 1_000_000, wish(), fresh.Hash)
				})
			}
			b.when("the parcel to be gone", func(o orders.Order) bool { return status(0, orders.HandedOver)(o) && len(o.Amendments) == 1 },
				func() { b.tends(care{}) })
			b.run()
			gone.agreed()
			b.nothingLeaks(0)
			require.Equal(t, []string{"booked", "intercept_asked"}, b.entries("carrier"))
		})
	}
}

func TestAVoidMeetsAnotherCommandInOneMoment(t *testing.T) {
	for name, with := range map[string]struct {
		reach func(b *bench, then func())
		other func(b *bench) *answer
		code  string // why the other one is refused that comes second
		stale bool   // the void is refused that comes second
	}{
		"packing": {
			func(b *bench, then func()) { b.when("everything to pack", ready, then) },
			func(b *bench) *answer { return b.update("ship", &orders.Ship{Carrier: "SF"}) }, orders.CodeWrongStage, true,
		},
		"sign-off": {
			func(b *bench, then func()) { b.delivers(3, then) },
			func(b *bench) *answer { return b.update("sign-off", &orders.SignOff{}) }, orders.CodePlanOpen, true,
		},
		"a hold": {
			func(b *bench, then func()) { b.when("everything to pack", ready, then) },
			func(b *bench) *answer { return b.update("hold", &orders.PutOnHold{}) }, orders.CodeWrongStage, false,
		},
	} {
		for _, first := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", the void first", false: ", the void second"}[first], func(t *testing.T) {
				b := setup(t)
				b.create(withWindow(b))
				var void, other *answer
				with.reach(b, func() {
					hash := b.hashOf(wish())
					if !first {
						other = with.other(b)
					}
					void = b.confirm(junior, 1_000_000, wish(), hash)
					if first {
						other = with.other(b)
					}
				})
				b.tends(care{})
				if !first && with.stale {
					b.when("the answers", func(orders.Order) bool { return void.done && other.done }, func() {
						void.refused(orders.CodePlanStale)
						b.confirm(junior, 1_000_000, wish(), void.problem().Plan.Hash)
					})
				}
				b.run()
				if first {
					void.agreed()
					other.refused(with.code)
				} else {
					other.agreed()
					require.True(t, void.done)
					require.Equal(t, with.stale, void.err != nil)
				}
				b.nothingLeaks(0)
			})
		}
	}
}

func TestOfTwoVoidsWithTheSameHashOneIsAccepted(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var answers []*answer
	b.when("everything to pack", ready, func() {
		hash := b.hashOf(wish())
		for range 3 {
			answers = append(answers, b.confirm(junior, 1_000_000, wish(), hash))
		}
	})
	b.run()
	answers[0].agreed()
	answers[1].refused(orders.CodeAlreadyVoided)
	answers[2].refused(orders.CodeAlreadyVoided)
	require.Equal(t, []string{b.stored().Amendments[0].ID}, answers[1].problem().Params)
	b.nothingLeaks(0)
	require.Len(t, b.stored().Amendments, 1)
}

func TestOfTwoVerbsOnTheSameStepOneIsAccepted(t *testing.T) {
	for name, retryFirst := range map[string]bool{"retry first": true, "complete first": false} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.refuses("refuse", 1)
			var retry, complete *answer
			b.when("the refund to be blocked", blockedFor(orders.StepRefund, orders.RefusedRefused), func() {
				b.behave()
				ref := orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: "2"}
				send := func() { complete = b.update("complete-step", &orders.CompleteStep{StepRef: ref, Evidence: "E-1"}) }
				if !retryFirst {
					b.byHand = 39600
					send()
				}
				retry = b.update("retry-step", &orders.RetryStep{StepRef: ref})
				if retryFirst {
					send()
				}
			})
			b.run()
			if retryFirst {
				retry.agreed()
				complete.refused(orders.CodeStepNotBlocked)
				b.nothingLeaks(0)
				return
			}
			complete.agreed()
			retry.refused(orders.CodeStepNotBlocked)
			b.settledByHand("E-1")
		})
	}
}
