package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// finish brings goods to their end from where they may be packed.
func (b *bench) finish() {
	b.ships()
	b.handsOver()
	b.arrives()
}

func TestADeclinedPaymentIsParkedAndRetriedWithANewKey(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "decline", 1)
	b.when("the refusal", parked("authorise/P1", "declined"), func() {
		require.Equal(t, "clerk", b.lastSeen.Attention[0].Role)
		require.True(t, b.lastSeen.Attention[0].RetryAt.IsZero(), "a person decides")
		b.update("retry", &orders.Retry{})
	})
	b.finish()
	b.run()
	require.Equal(t, []string{"declined", "authorised", "captured"}, b.entries("payments"))
	require.Equal(t, b.order.Number+"/authorise/P1/1", b.book("payments")[0].Key)
	require.Equal(t, b.order.Number+"/authorise/P1/2", b.book("payments")[1].Key)
	require.Equal(t, orders.Closed, b.stored().Stage)
}

func TestGoodsAreNotPackedBeforeTheProviderSaidYes(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "decline", 1)
	var early, retried *answer
	b.when("the refusal", parked("authorise/P1", "declined"), func() {
		early = b.update("ship", &orders.Ship{Carrier: "SF"})
		b.update("reject", &orders.Reject{ReasonCode: "payment_failed"})
		retried = b.update("retry", &orders.Retry{})
	})
	b.run()
	early.refused(orders.CodePaymentOutstanding)
	if retried.done {
		retried.refused(orders.CodeNothingToRetry)
	}
}

func TestAnUnreachableProviderIsAskedSixTimesAndAgainByItselfWithTheSameKey(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "error_before", 6)
	var since time.Time
	b.when("six attempts to fail", parked("authorise/P1", orders.ReasonUnreachable), func() {
		require.Equal(t, "manager", b.lastSeen.Attention[0].Role)
		since = b.lastSeen.Attention[0].Since
		require.Equal(t, since.Add(time.Hour), b.lastSeen.Attention[0].RetryAt)
		require.Empty(t, b.book("payments"))
		require.Equal(t, true, b.attribute("NeedsAttention"))
		require.Equal(t, "authorise/P1", b.attribute("BlockedStep"))
		require.Equal(t, "unreachable", b.attribute("BlockedReason"))
		require.Equal(t, since, b.attribute("BlockedSince"))
		require.Regexp(t, "authorise/P1.*unreachable.*manager \\(`retry`\\)", b.details())
	})
	b.when("it to be tried again", ready, func() {
		require.Empty(t, b.lastSeen.Attention)
		require.Equal(t, false, b.attribute("NeedsAttention"))
		require.Nil(t, b.attribute("BlockedStep"))
	})
	b.finish()
	b.run()
	require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"))
	require.Equal(t, b.order.Number+"/authorise/P1/1", b.book("payments")[0].Key)
	for _, e := range b.events() {
		if e.Kind == "retried" {
			require.Equal(t, orders.SystemActor, e.Actor)
			require.Equal(t, since.Add(time.Hour), e.At)
		}
	}
}

func TestAPersonRetriesAnUnreachableProviderWithTheSameKey(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "error_after", -1) // it does what it is asked for and does not say so
	b.misbehave("payments", "find", "error_before", -1)
	b.when("six attempts to fail", parked("authorise/P1", orders.ReasonUnreachable), func() {
		require.Len(t, b.book("payments"), 1)
		b.behave()
		b.update("retry", &orders.Retry{})
	})
	b.finish()
	b.run()
	require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"), "one authorisation, found by its key")
	require.Equal(t, 1, b.times("retried"))
}

func TestMoneyCapturedAtOnceIsNotCapturedAgain(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "immediate", 1)
	b.finish()
	b.run()
	require.Equal(t, []string{"captured"}, b.entries("payments"))
	require.True(t, b.stored().Payments[0].AtOnce)
	require.True(t, b.stored().Captures[0].Done)
	require.Equal(t, orders.Closed, b.stored().Stage)
}

func TestARefusedCaptureIsParkedAndRetriedWithANewKey(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "capture", "refuse", 1)
	b.finish()
	b.when("the refusal", parked("capture/C1", "refused"), func() {
		require.Equal(t, "finance", b.lastSeen.Attention[0].Role)
		require.NotEqual(t, orders.Closed, b.lastSeen.Stage, "an order that is not settled stays open")
		b.update("retry", &orders.Retry{})
	})
	b.run()
	require.Equal(t, []string{"authorised", "captured"}, b.entries("payments"))
	require.Equal(t, b.order.Number+"/capture/C1/2", b.book("payments")[1].Key)
	require.Equal(t, orders.Closed, b.stored().Stage)
}

func TestAnOrderThatCannotBeSettledStaysOpenAndOverdue(t *testing.T) {
	b := setup(t)
	draft := goods()
	draft.Terms.AfterSalesDays = 1
	b.create(draft)
	b.misbehave("payments", "capture", "decline", 1)
	b.finish()
	b.when("the window to end", func(o orders.Order) bool { return o.Stage == orders.AfterSales && len(o.Overdue) > 0 }, func() {
		require.True(t, parked("capture/C1", "declined")(b.lastSeen))
		b.update("retry", &orders.Retry{})
	})
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, []string{"authorised", "declined", "captured"}, b.entries("payments"))
}

func TestAnOrderThatCostsNothingAsksForNoMoney(t *testing.T) {
	b := setup(t)
	draft := goods()
	draft.Lines[0].UnitPrice, draft.Lines[0].ListPrice, draft.Delivery.Fee = yuan(0), yuan(0), yuan(0)
	b.create(draft)
	b.finish()
	b.run()
	require.Empty(t, b.book("payments"))
	require.Equal(t, orders.Closed, b.stored().Stage)
}

func TestPrepaidOrdersTakeNoReceipts(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var a *answer
	b.when("fulfilment", ready, func() {
		a = b.update("receive-payment", &orders.ReceivePayment{PaymentID: "P1", Amount: "1.00", Reference: "bank"})
	})
	b.finish()
	b.run()
	a.refused(orders.CodeNoReceipts)
}
