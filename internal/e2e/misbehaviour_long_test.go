//go:build long

package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// odd is how the outside world treats its next calls about an order.
type odd struct {
	mode      string
	times     int
	providers []string
}

func oddities() []odd {
	everybody, carriers := []string{"payments", "carrier", "sms"}, []string{"carrier"}
	return []odd{
		{"error_before", 2, everybody},
		{"error_after", 2, everybody},
		{"timeout_after", 1, everybody},
		{"withhold", 1, everybody},
		{"lose", 1, []string{"payments", "carrier"}},
		{"already_done", 2, everybody},
		{"refuse", 1, everybody},
		{"decline", 1, []string{"payments"}},
		{"forget_key", -1, everybody},
		{"slow", 2, everybody},
		{"duplicate_webhook", -1, carriers},
		{"late_webhook", 2, carriers},
		{"shuffled_webhooks", 3, carriers},
	}
}

func TestProofThatNoMisbehaviourOfTheOutsideWorldSpoilsAVoid(t *testing.T) {
	begin := time.Now()
	type cell struct {
		setting
		odd
	}
	var cells []cell
	for _, s := range settings() {
		for _, o := range oddities() {
			cells = append(cells, cell{s, o})
		}
	}
	b := placeAll(t, len(cells), func(i int) form { return cells[i].form() })
	each(t, len(cells), func(t testing.TB, i int) {
		o := b.order(t, i)
		cells[i].ready(o)
		for _, provider := range cells[i].providers {
			misbehave(t, provider, "", cells[i].mode, o.number, cells[i].times)
		}
		last, _ := o.insisting("clerk", o.preview("clerk", wish()).PlanHash)
		last.want(http.StatusAccepted)
	})
	list := hands{b, func(i int) bool { return i%2 == 0 }}.play()
	all, err := running.outsideBooks(t.Context(), "")
	require.NoError(t, err)
	agree, where := 0, map[string]cell{}
	for i, number := range b.numbers {
		where[number] = cells[i]
	}
	for _, o := range list {
		c := where[o.Number]
		if difference := all.differ(o); difference != "" {
			t.Errorf("%s, %s: %s: %s", c.name, c.mode, o.Number, difference)
			continue
		}
		agree++
	}
	b.invariants()
	t.Logf("%d misbehaviours × %d stages: %soutside books that equal ours: %d (%s)",
		len(oddities()), len(settings()), inStages(list), agree, time.Since(begin).Round(time.Second))
	require.Equal(t, fmt.Sprintf("%d × voided, ", len(cells)), inStages(list))
	require.Equal(t, len(cells), agree)
}

// meeting is a call that a void meets while it runs: who is asked, and what sets it off and how that is answered.
type meeting struct {
	provider, call string
	answered       int
	ready          func(o *order)
	set            func(o *order) request
}

func meetings() []meeting {
	review := func(o *order) { o.reaches("in_review") }
	approve := func(o *order) request { return o.telling("reviewer", "approve", nil) }
	return []meeting{
		{"payments", "authorise", http.StatusOK, review, approve},
		{"payments", "capture", http.StatusOK, func(o *order) { review(o); send(o, approve(o)).want(http.StatusOK); packs(o) }, func(o *order) request {
			v := o.view()
			return o.handingOver(v.Shipments[0].Label, v.Version)
		}},
		{"carrier", "book", http.StatusCreated, func(o *order) { review(o); send(o, approve(o)).want(http.StatusOK); o.awaitReady() }, func(o *order) request {
			return o.telling("warehouse", "shipments", object{"carrier": "SF"})
		}},
	}
}

func TestProofThatAVoidThatMeetsARunningCallLeavesNothingBehind(t *testing.T) {
	const perCall = 16
	begin := time.Now()
	roll, seed := dice(t)
	kinds := meetings()
	n := perCall * len(kinds)
	delays := make([]time.Duration, n)
	for i := range delays {
		delays[i] = time.Duration(roll.IntN(400)) * time.Millisecond
	}
	b := placeAll(t, n, func(int) form { return reviewed() })
	each(t, n, func(t testing.TB, i int) { b.order(t, i).meets(kinds[i%len(kinds)], i/len(kinds), delays[i]) })
	list := hands{b, func(i int) bool { return i%2 == 0 }}.play()
	all := b.outsideAgrees()
	var words []string
	held := int64(0)
	for _, o := range list {
		held += heldFor(t, o.Number)
		for _, e := range append(all["payments"][o.Number], all["carrier"][o.Number]...) {
			if e.Kind != "event" {
				words = append(words, e.Kind)
			}
		}
	}
	b.invariants()
	t.Logf("seed %d, %d voids that met an authorisation, a capture or a booking: %sheld afterwards: %d; outside: %s(%s)",
		seed, n, inStages(list), held, counted(words), time.Since(begin).Round(time.Second))
	require.Equal(t, fmt.Sprintf("%d × voided, ", n), inStages(list))
	require.Zero(t, held)
}

// meets has an order voided while a call about it runs: one that is withheld until the void is accepted, or a slow one that
// ends at about the same moment. Every fourth payment is taken at once.
func (o *order) meets(m meeting, i int, delay time.Duration) {
	o.Helper()
	m.ready(o)
	if m.call == "authorise" && i%4 == 0 {
		misbehave(o, "payments", "authorise", "immediate", o.number, 1)
	}
	mode := []string{"withhold", "slow"}[i%2]
	outside(o, http.MethodPost, running.SandboxURL()+"/behaviour", object{
		"provider": m.provider, "call": m.call, "mode": mode, "order": o.number, "times": 1, "delay_ms": 300 * (i % 2),
	}).want(http.StatusCreated)
	o.settle(m.set(o)).want(m.answered)
	if mode == "withhold" {
		eventually(o, "the call to run", func() (any, bool) {
			a := outside(o, http.MethodGet, running.SandboxURL()+"/behaviour", nil)
			return a, strings.Contains(string(a.body), o.number+"/"+m.call)
		})
	} else {
		<-time.After(delay)
	}
	last, _ := o.insisting("clerk", o.preview("clerk", wish()).PlanHash)
	last.want(http.StatusAccepted)
	outside(o, http.MethodPost, running.SandboxURL()+"/release", object{"order": o.number}).want(http.StatusOK)
}

func TestProofThatVoidsThatMeetAGoodsReceiptHoldNothing(t *testing.T) {
	const n = 40
	begin := time.Now()
	roll, seed := dice(t)
	delays := make([]time.Duration, n)
	for i := range delays {
		delays[i] = time.Duration(roll.IntN(200)) * time.Millisecond
	}
	onHand, reserved := level(t, "CUP-001")
	all := placeAll(t, 1, func(int) form { return typed(line("CUP-001", int(onHand-reserved), "86.00")) })
	first := all.order(t, 0)
	first.reaches("in_review")
	first.tell("manager", "approve", nil).want(http.StatusOK)
	first.awaitReady()
	b := placeAll(t, n, func(int) form { return typed(line("CUP-001", 2, "86.00")) })
	b.await("in review", func(o orders.Order) bool { return o.Stage == orders.InReview })
	each(t, n, func(t testing.TB, i int) {
		o := b.order(t, i)
		o.settle(o.telling("manager", "approve", nil)).want(http.StatusOK)
	})
	b.await("short of goods", func(o orders.Order) bool {
		return len(o.Attention) == 1 && o.Payments[0].Status == orders.PaymentAuthorised
	})
	receipts := make(chan struct{})
	go func() {
		defer close(receipts)
		each(t, 8, func(t testing.TB, i int) {
			send(t, request{role: "warehouse", path: "/stock/receipts", body: object{
				"sku": "CUP-001", "warehouse": []string{"SZ", "SH"}[i%2], "quantity": 9, "reference": "ASN-" + strconv.Itoa(i),
			}}).want(http.StatusCreated)
		})
	}()
	each(t, n, func(t testing.TB, i int) {
		<-time.After(delays[i])
		o := b.order(t, i)
		last, _ := o.insisting("clerk", o.preview("clerk", wish()).PlanHash)
		last.want(http.StatusAccepted)
	})
	<-receipts
	list := hands{b, func(int) bool { return false }}.play()
	b.outsideAgrees()
	held := int64(0)
	for _, o := range list {
		held += heldFor(t, o.Number)
	}
	waiting := scalar[int64](t, `SELECT coalesce(sum(waiting), 0)::bigint FROM backorders WHERE order_number = ANY($1)`, b.numbers)
	hands{all, func(int) bool { return false }}.play()
	b.invariants()
	t.Logf("seed %d, %d voids of orders that waited for goods while 72 came in: %sheld afterwards: %d, waiting: %d (%s)",
		seed, n, inStages(list), held, waiting, time.Since(begin).Round(time.Second))
	require.Equal(t, fmt.Sprintf("%d × voided, ", n), inStages(list))
	require.Zero(t, held)
	require.Zero(t, waiting)
}
