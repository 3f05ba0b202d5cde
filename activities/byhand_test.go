package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"amends/activities"
	"amends/orders"
)

// byHand is what a person did instead of an effect on money.
func (b *bench) byHand(kind string, e effect) effect {
	b.Helper()
	settle, amount := b.payments().SettleRefundByHand, yuan(60)
	if kind == "release" {
		settle, amount = b.payments().SettleReleaseByHand, yuan(100)
	}
	h := activities.ByHand{
		PaymentCall: orders.PaymentCall{Key: e.key, Order: b.order, Payment: "P1", Amount: amount, Reference: "any"}, Evidence: "ICBC-4711",
	}
	return effect{e.provider, e.verb, e.entry, e.key, func(ctx context.Context) (orders.EffectOutcome, error) { return settle(ctx, h) }}
}

var moneyBack = []string{"refund", "release"}

func TestMoneyGivenBackByHandIsBookedAndNotGivenBackAgain(t *testing.T) {
	b := setup(t)
	n := 0
	for _, kind := range moneyBack {
		for _, point := range []string{"", "before_claim", "after_claim", "before_settle", "after_settle"} {
			n++
			number := n
			t.Run(kind+" "+point, func(t *testing.T) {
				b.next(t, number)
				e := b.prepare(kind)
				hand := b.byHand(kind, e)
				if point != "" {
					b.book.broken = []string{point}
				}
				outcome, _, err := b.persist(hand)
				require.NoError(t, err)
				require.Equal(t, orders.EffectOutcome{Done: true, Reference: "ICBC-4711", ByHand: true}, outcome)
				again, _, err := b.persist(e)
				require.NoError(t, err)
				require.Equal(t, outcome, again, "the provider is not asked for what is done")
				require.Empty(t, b.entries("payments", e.key))
			})
		}
	}
	b.T = t
	b.invariant()
}

func TestWhatTheProviderDidAlreadyIsFoundWhenAPersonSettles(t *testing.T) {
	b := setup(t)
	for i, kind := range moneyBack {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			b.misbehave("payments", kind, "lose", 1)
			_, err := e.do(context.Background())
			require.Error(t, err, "done, and nobody knows")
			outcome, _, err := b.persist(b.byHand(kind, e))
			require.NoError(t, err)
			require.True(t, outcome.Done && outcome.ByHand && outcome.Twice)
			require.NotEqual(t, "ICBC-4711", outcome.Reference)
			require.Equal(t, []string{e.entry}, b.entries("payments", e.key))
		})
	}
	b.T = t
	b.invariant()
}

func TestAPersonSettlesWhileTheProviderIsAway(t *testing.T) {
	b := setup(t)
	for i, kind := range moneyBack {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			b.misbehave("payments", kind, "error_before", -1)
			_, err := e.do(context.Background())
			require.Error(t, err)
			b.gone(e)
			outcome, attempts, err := b.persist(b.byHand(kind, e))
			require.NoError(t, err)
			require.Equal(t, 1, attempts)
			require.Equal(t, orders.EffectOutcome{Done: true, Reference: "ICBC-4711", ByHand: true}, outcome)
		})
	}
	b.T = t
	b.invariant()
}

func TestAPersonSettlesWhatTheProviderMayHaveDoneAndCannotBeAskedAbout(t *testing.T) {
	b := setup(t)
	for i, kind := range moneyBack {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			b.misbehave("payments", kind, "lose", 1)
			_, err := e.do(context.Background())
			require.Error(t, err, "done, and nobody knows")
			b.gone(e)
			outcome, attempts, err := b.persist(b.byHand(kind, e))
			require.NoError(t, err)
			require.Equal(t, 1, attempts, "nobody is kept waiting")
			require.Equal(t, orders.EffectOutcome{Done: true, Reference: "ICBC-4711", ByHand: true, Unchecked: true}, outcome)
		})
	}
}

func TestADoneEffectStaysAsItIsWhenAPersonSettlesItToo(t *testing.T) {
	b := setup(t)
	for i, kind := range moneyBack {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			done, _, err := b.persist(e)
			require.NoError(t, err)
			outcome, _, err := b.persist(b.byHand(kind, e))
			require.NoError(t, err)
			require.Equal(t, done, outcome)
		})
	}
	b.T = t
	b.invariant()
}

func TestARefusedKeyIsNotSettledByHand(t *testing.T) {
	b := setup(t)
	for i, kind := range moneyBack {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			b.misbehave("payments", kind, "refuse", 1)
			_, _, err := b.persist(e)
			require.Error(t, err)
			_, _, again := b.persist(b.byHand(kind, e))
			var application *temporal.ApplicationError
			require.ErrorAs(t, again, &application)
			require.Equal(t, orders.RefusedRefused, application.Type(), "another key is for another try")
		})
	}
}
