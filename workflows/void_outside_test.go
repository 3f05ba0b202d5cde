package workflows_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// outsideStep is a step of a void that asks others, and where an order stands that needs it.
type outsideStep struct {
	provider, call string
	kind           string // of the step
	from           string // the place
	taken          bool   // the money at once
}

func outsideSteps() []outsideStep {
	return []outsideStep{
		{"payments", "release", orders.StepReleasePayment, "reserved", false},
		{"payments", "refund", orders.StepRefund, "reserved", true},
		{"payments", "refund", orders.StepRefund, "signing off", false},
		{"carrier", "cancel", orders.StepCancelLabel, "packed with a label", false},
		{"carrier", "intercept", orders.StepIntercept, "handed over", false},
		{"supplier", "cancel", orders.StepCancelPurchase, "short, with a purchase", false},
		{"sms", "send", orders.StepTell, "reserved", false},
	}
}

// misdeeds are what may go wrong once. Those of the second list are business answers.
var misdeeds = []string{"error_before", "error_after", "timeout_after", "withhold", "already_done", "lose", "forget_key", "slow"}

func (s outsideStep) refusals() []string {
	if s.provider == "payments" {
		return []string{"refuse", "decline"}
	}
	return []string{"refuse"}
}

func placeNamed(t *testing.T, name string) place {
	all := slices.Concat(beforeMoney(), beforeThePost(), withThePost(), afterTheSale())
	i := slices.IndexFunc(all, func(p place) bool { return p.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

// meets voids an order whose step meets a misdeed.
func (s outsideStep) meets(t *testing.T, misdeed string, c care) *bench {
	b := setup(t)
	p := placeNamed(t, s.from)
	draft := goods()
	if p.draft != nil {
		draft = p.draft(b)
	}
	b.create(draft)
	if s.taken {
		b.misbehave("payments", "authorise", "immediate", 1)
	}
	p.reach(b, func() {
		if misdeed == "forget_key" { // such a provider does a thing again that is asked for again
			b.misbehave(s.provider, s.call, misdeed, -1)
			misdeed = "error_after"
		}
		b.misbehave(s.provider, s.call, misdeed, 1)
		b.void(wish())
	})
	b.tends(c)
	b.run()
	return b
}

func TestWhateverGoesWrongOutsideAVoidEndsWithOneEffectEach(t *testing.T) {
	for _, s := range outsideSteps() {
		for _, misdeed := range misdeeds {
			t.Run(s.kind+" of an order "+s.from+", "+misdeed, func(t *testing.T) {
				b := s.meets(t, misdeed, care{})
				b.nothingLeaks(0)
				require.Equal(t, orders.EndDone, stepOf(b.stored(), s.kind).End)
				require.Equal(t, 1, stepOf(b.stored(), s.kind).Try, "nothing was refused: one key")
				require.Zero(t, b.times("parked")-b.parkedBefore(s))
			})
		}
	}
}

// parkedBefore is how often the order was parked on its way to the place.
func (b *bench) parkedBefore(s outsideStep) int {
	if s.provider == "supplier" {
		return 1 // for its goods
	}
	return 0
}

func TestWhatIsRefusedOutsideEndsAfterAtMostOneRetryByAPerson(t *testing.T) {
	for _, s := range outsideSteps() {
		for _, refusal := range s.refusals() {
			t.Run(s.kind+" of an order "+s.from+", "+refusal, func(t *testing.T) {
				b := s.meets(t, refusal, care{retries: true})
				b.nothingLeaks(0)
				step := stepOf(b.stored(), s.kind)
				switch s.kind {
				case orders.StepIntercept:
					require.Equal(t, orders.OutcomeRefused, step.Outcome, "the customer gives it back")
				case orders.StepCancelPurchase:
					require.Equal(t, orders.OutcomeArrives, step.Outcome, "what arrives goes to stock")
				default:
					require.Equal(t, orders.EndDone, step.End)
					tries := max(step.Try, stepOf(b.stored(), orders.StepTellMoney).Try) // either message may be the refused one
					require.Equal(t, 2, tries, "another key after a final refusal")
				}
			})
		}
	}
}
