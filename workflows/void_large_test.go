package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"amends/orders"
)

func TestADatabaseThatIsAwayDelaysAVoidAndLosesNothing(t *testing.T) {
	for _, from := range []string{"reserved", "packed with a label", "signing off", "short, with a purchase"} {
		t.Run(from, func(t *testing.T) {
			b := setup(t)
			p := placeNamed(t, from)
			draft := goods()
			if p.draft != nil {
				draft = p.draft(b)
			}
			b.create(draft)
			var void *answer
			var until time.Time
			p.reach(b, func() {
				until = b.database.leave(outage)
				void = b.void(wish())
				b.at(outage/2, func() { require.False(t, void.done, "what is not recorded is not promised") })
			})
			b.tends(care{})
			b.run()
			void.agreed()
			b.nothingLeaks(0)
			require.Positive(t, b.database.failures)
			require.False(t, b.stored().Amendments[0].EndedAt.Before(until))
		})
	}
}

func TestADatabaseThatLeavesInTheMiddleOfAVoidDelaysItsSteps(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.packs(3, func() { b.void(wish()) })
	b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() {
		b.database.leave(outage)
		a := b.lastSeen.Amendments[0]
		ref := orders.StepRef{ID: a.ID, StepID: stepOf(b.lastSeen, orders.StepPutBack).ID}
		b.update("complete-step", &orders.CompleteStep{StepRef: ref, Evidence: "WH-1"})
	})
	b.run()
	b.nothingLeaks(0)
}

// crowd is a draft of as many lines as an order may have.
func crowd(n int) orders.Draft {
	draft := goods()
	for i := 2; i <= n; i++ {
		line := draft.Lines[0]
		line.ID, line.Ordered = fmt.Sprintf("L%d", i), 1
		draft.Lines = append(draft.Lines, line)
	}
	return draft
}

// maxPayload is what a server takes as one payload, in bytes.
const maxPayload = 2 << 20

func TestAVoidOfAnOrderOfTwoThousandLinesFitsEverywhere(t *testing.T) {
	b := setup(t)
	draft := crowd(orders.MaxLines)
	b.create(draft)
	largest := map[string]int{}
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, args converter.EncodedValues) {
		var first, second, third any
		_ = args.Get(&first, &second, &third)
		largest[info.ActivityType.Name] = max(largest[info.ActivityType.Name], len(text(t, []any{first, second, third})))
	})
	var began time.Time
	var stale, void *answer
	b.approves()
	b.when("the goods", ready, func() {
		began = time.Now()
		stale = b.confirm(junior, 1_000_000_000, wish(), "another")
		void = b.voidAs(junior, 1_000_000_000, wish())
	})
	b.run()
	t.Logf("voided within %s", time.Since(began))
	stale.refused(orders.CodePlanStale)
	require.Less(t, len(text(t, stale.problem())), maxPayload, "the fresh plan in a refusal")
	require.Less(t, len(text(t, void.agreed())), maxPayload)
	require.Less(t, len(text(t, b.stored())), maxPayload, "the state, which a query answers and the next run starts with")
	for name, size := range largest {
		t.Logf("%s: %d bytes", name, size)
		if name != "RecordTransitions" {
			require.Less(t, size, maxPayload, name)
		}
	}
	b.nothingLeaks(0)
}

func TestAVoidOfTwoThousandDeliveredLinesFitsTheState(t *testing.T) {
	b := setup(t)
	b.create(crowd(orders.MaxLines))
	var began time.Time
	var void *answer
	b.approves()
	b.ships()
	b.handsOver()
	b.when("the parcel on its way", func(o orders.Order) bool { return o.Stage == orders.SigningOff && quiet(o) }, func() {
		began = time.Now()
		void = b.voidAs(junior, 1_000_000_000, wish())
		b.tends(care{inspect: "damaged"})
	})
	b.run()
	void.agreed()
	t.Logf("voided within %s; the state: %d bytes", time.Since(began), len(text(t, b.stored())))
	require.Less(t, len(text(t, b.stored())), maxPayload)
	b.nothingLeaks(orders.MaxLines + 2)
}
