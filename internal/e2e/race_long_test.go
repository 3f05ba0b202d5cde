//go:build long

package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// packMany has all orders packed and waits for their labels.
func (b *crowd) packMany() {
	b.Helper()
	each(b.T, len(b.numbers), func(t testing.TB, i int) {
		o := b.order(t, i)
		o.settle(o.telling("warehouse", "shipments", object{"carrier": "SF"})).want(http.StatusCreated)
	})
	b.await("packed and booked", func(o orders.Order) bool {
		return len(o.Shipments) == 1 && o.Shipments[0].Booking == orders.BookingDone
	})
}

// labels lists the labels of the orders' only parcels.
func (b *crowd) labels() map[string]string {
	labels := map[string]string{}
	for _, o := range b.states() {
		labels[o.Number] = o.Shipments[0].Label
	}
	return labels
}

// outcomes reads what became of the parcels of the orders: left or stopped.
func (b *crowd) outcomes() map[string]string {
	b.Helper()
	rows, err := running.db.Query(context.Background(),
		`SELECT order_number || ' ' || shipment_id, outcome FROM parcel_outcomes WHERE order_number = ANY($1)`, b.numbers)
	require.NoError(b, err)
	outcomes := map[string]string{}
	var parcel, outcome string
	_, err = pgx.ForEachRow(rows, []any{&parcel, &outcome}, func() error {
		outcomes[parcel] = outcome
		return nil
	})
	require.NoError(b, err)
	return outcomes
}

// handingOver reports the hand-over of the first parcel.
func (o *order) handingOver(label string, version int64) request {
	return request{role: "warehouse", key: newKey(), path: "/orders/" + o.number + "/shipments/S1/hand-over", body: object{
		"expected_version": version, "tracking_number": label, "handed_over_at": time.Now(),
	}}
}

// insisting confirms a plan, and the fresh one each time the order has moved on.
func (o *order) insisting(role, hash string) (last answer, stale int) {
	o.Helper()
	for {
		last = o.settle(o.confirming(role, wish(), hash))
		if verdict(last) != "409 plan_stale" {
			return last, stale
		}
		stale++
		hash = into[preview](last).PlanHash
		require.NotEmpty(o, hash, "a stale plan is answered with the fresh one: %s", last)
	}
}

// raced has the order voided and, at the same moment, its parcel handed over: together with the void, or with the
// warehouse's word that the parcel was unpacked.
func (o *order) raced(label string, together bool) (answers []answer, stale int) {
	o.Helper()
	answers = make([]answer, 3)
	hash, version := o.preview("clerk", wish()).PlanHash, o.state().Version
	voided := make(chan struct{})
	both(o,
		func() answer {
			defer close(voided)
			answers[0], stale = o.insisting("clerk", hash)
			return answers[0]
		},
		func() answer {
			<-voided
			v := into[void](answers[0])
			unpack := v.step(orders.StepPutBack)
			if unpack.ID == "" {
				return answers[0] // the parcel had left before
			}
			answers[1] = o.onVoid("warehouse", v.ID, "steps/"+unpack.ID+"/complete", object{"evidence": "SLIP-1"})
			return answers[1]
		},
		func() answer {
			if !together {
				<-voided
			}
			answers[2] = o.settle(o.handingOver(label, version))
			return answers[2]
		})
	return answers, stale
}

func TestProofThatAVoidAndAHandOverHaveOneOutcomeEach(t *testing.T) {
	const n = 200
	begin := time.Now()
	b := placeMany(t, n, func(int) form { return typed(line("TEA-001", 1, "128.00")) })
	b.packMany()
	labels := b.labels()
	var mu sync.Mutex
	var verdicts []string
	stale := 0
	each(t, n, func(t testing.TB, i int) {
		answers, moved := b.order(t, i).raced(labels[b.numbers[i]], i%2 == 0)
		mu.Lock()
		defer mu.Unlock()
		stale += moved
		for k, a := range answers {
			if a.status != 0 {
				verdicts = append(verdicts, []string{"void ", "put-back ", "hand-over "}[k]+verdict(a))
			}
		}
	})
	list := hands{b, func(i int) bool { return i%3 == 0 }}.play()
	outcomes := b.outcomes()
	all := b.outsideAgrees()
	left, stopped, intercepted, returned := 0, 0, 0, 0
	for _, o := range list {
		has := func(kind string) bool {
			return slices.ContainsFunc(all["carrier"][o.Number], func(e entry) bool { return e.Kind == kind })
		}
		track := func(kind string) bool {
			return slices.ContainsFunc(o.Amendments[0].Steps, func(s orders.Step) bool { return s.Kind == kind })
		}
		switch outcomes[o.Number+" S1"] {
		case "left":
			left++
			switch {
			case track(orders.StepIntercept) && has("intercept_asked"):
				intercepted++
			case track(orders.StepApproveReturn):
				returned++
			}
			require.False(t, has("cancelled"), "the label of a parcel that has left is in use: %s", o.Number)
		case "stopped":
			stopped++
			require.True(t, has("cancelled"), "the label of a stopped parcel is cancelled: %s", o.Number)
		}
	}
	b.invariants()
	t.Logf("%d orders: %splans repeated fresh: %d; outcomes: %d (%d left, %d stopped), of those that left %d intercepted and %d returned; %s(%s)",
		n, counted(verdicts), stale, len(outcomes), left, stopped, intercepted, returned, inStages(list), time.Since(begin).Round(time.Second))
	require.Len(t, outcomes, n)
	require.Equal(t, n, left+stopped)
	require.Equal(t, left, intercepted+returned)
	require.Equal(t, fmt.Sprintf("%d × voided, ", n), inStages(list))
	require.Positive(t, left)
	require.Positive(t, stopped)
}

func TestProofThatStormsOfCommandsLeaveEveryOrderAtRest(t *testing.T) {
	const n = 200
	begin := time.Now()
	roll, seed := dice(t)
	storms := make([][]time.Duration, n)
	for i := range storms {
		for range 5 {
			storms[i] = append(storms[i], time.Duration(roll.IntN(400))*time.Millisecond)
		}
	}
	b := placeMany(t, n, func(int) form { return typed(line("TEA-001", 2, "128.00")) })
	b.packMany()
	labels := b.labels()
	var mu sync.Mutex
	var verdicts []string
	each(t, n, func(t testing.TB, i int) {
		o := b.order(t, i)
		words := []string{"void", "hold", "resume", "hand-over", "sign-off"}
		answers := storm(o, labels[o.number], storms[i])
		mu.Lock()
		defer mu.Unlock()
		for k, a := range answers {
			require.Less(t, a.status, http.StatusInternalServerError, "%s: %s", words[k], a)
			verdicts = append(verdicts, words[k]+" "+verdict(a))
		}
	})
	list := hands{b, func(i int) bool { return i%3 == 0 }}.play()
	b.outsideAgrees()
	b.invariants()
	t.Logf("seed %d, %d orders × 5 commands: %sin the end %s(%s)", seed, n, counted(verdicts), inStages(list), time.Since(begin).Round(time.Second))
	require.Len(t, verdicts, 5*n)
	require.Len(t, list, n)
}

// storm gives five commands at moments of chance, each with what the order is by then.
func storm(o *order, label string, at []time.Duration) []answer {
	later := func(d time.Duration, give func() answer) func() answer {
		return func() answer {
			<-time.After(d)
			return give()
		}
	}
	return both(o,
		later(at[0], func() answer {
			plan := send(o, o.asking("clerk", wish()))
			if plan.status != http.StatusOK {
				return plan
			}
			last, _ := o.insisting("clerk", into[preview](plan).PlanHash)
			return last
		}),
		later(at[1], func() answer { return o.settle(o.telling("clerk", "hold", object{"reason": "等"})) }),
		later(at[2], func() answer { return o.settle(o.telling("clerk", "resume", nil)) }),
		later(at[3], func() answer { return o.settle(o.handingOver(label, o.state().Version)) }),
		later(at[4], func() answer { return o.signOff() }),
	)
}
