//go:build long

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// The tests of the files with the tag long are the proofs with exact counts: make test-long. Each has the stack to itself.

const (
	// atOnce is how many orders are worked on at the same time.
	atOnce = 16
	// longPatience is how long hundreds of orders may take.
	longPatience = 5 * time.Minute
)

// lane is one of several goroutines of a test: it may end before the test does.
type lane struct{ testing.TB }

func (l lane) FailNow() {
	l.Fail()
	runtime.Goexit()
}

func (l lane) Fatalf(format string, args ...any) {
	l.Helper()
	l.Errorf(format, args...)
	runtime.Goexit()
}

// each does something for 0 to n−1, sixteen at a time, and ends the test when any of them failed.
func each(t *testing.T, n int, do func(t testing.TB, i int)) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, atOnce) {
		wg.Go(func() {
			for i := range next {
				var one sync.WaitGroup
				one.Go(func() { do(lane{t}, i) })
				one.Wait()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// dice returns chance by a seed that is printed, and that AMENDS_PROOF_SEED sets to repeat a run.
func dice(t *testing.T) (roll *rand.Rand, seed uint64) {
	t.Helper()
	seed = uint64(time.Now().UnixNano())
	if text := os.Getenv("AMENDS_PROOF_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("AMENDS_PROOF_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1)), seed
}

// crowd is many orders of one test.
type crowd struct {
	*testing.T
	numbers []string
}

// placeMany places orders and waits until they are paid and their goods are held.
func placeMany(t *testing.T, n int, typed func(i int) form) *crowd {
	t.Helper()
	b := placeAll(t, n, typed)
	b.await("paid and reserved", func(o orders.Order) bool {
		return o.Stage == orders.Fulfilling && o.Payments[0].Status == orders.PaymentAuthorised && !o.Stock.Pending
	})
	return b
}

func placeAll(t *testing.T, n int, typed func(i int) form) *crowd {
	t.Helper()
	b := &crowd{t, make([]string, n)}
	each(t, n, func(t testing.TB, i int) {
		a := send(t, request{role: "clerk", path: "/orders", body: typed(i)})
		require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, a.status, a)
		b.numbers[i] = into[view](a).Number
	})
	return b
}

// captureAtOnce has every payment captured at once while the function runs.
func captureAtOnce(t *testing.T, during func()) {
	t.Helper()
	misbehave(t, "payments", "authorise", "immediate", "", -1)
	during()
	outside(t, http.MethodDelete, running.SandboxURL()+"/behaviour", nil).want(http.StatusOK)
}

// order is the i-th order, followed by a goroutine.
func (b *crowd) order(t testing.TB, i int) *order { return &order{t, b.numbers[i]} }

// states reads all orders as they are stored.
func (b *crowd) states() []orders.Order {
	b.Helper()
	rows, err := running.db.Query(context.Background(), `SELECT state FROM orders WHERE number = ANY($1) ORDER BY number`, b.numbers)
	require.NoError(b, err)
	texts, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	require.NoError(b, err)
	list := make([]orders.Order, len(texts))
	for i, text := range texts {
		require.NoError(b, json.Unmarshal(text, &list[i]))
	}
	return list
}

// await waits until something holds of every order.
func (b *crowd) await(what string, holds func(orders.Order) bool) []orders.Order {
	b.Helper()
	for deadline := time.Now().Add(longPatience); ; <-time.After(restPace) {
		list := b.states()
		left := slices.DeleteFunc(slices.Clone(list), holds)
		switch {
		case len(left) == 0 && len(list) == len(b.numbers):
			return list
		case time.Now().After(deadline):
			b.Fatalf("waited %s for %d orders to be %s, still not: %d, such as %s", longPatience, len(b.numbers), what, len(left), described(left))
		}
	}
}

func described(list []orders.Order) string {
	if len(list) == 0 {
		return "nothing"
	}
	text, _ := json.Marshal(list[0])
	return string(text)
}

// inStages counts the orders by stage.
func inStages(list []orders.Order) string {
	var words []string
	for _, o := range list {
		words = append(words, string(o.Stage))
	}
	return counted(words)
}

// outsideAgrees requires that the outside world holds nothing of the orders that are voided.
func (b *crowd) outsideAgrees() books {
	b.Helper()
	all, err := running.outsideBooks(context.Background(), "")
	require.NoError(b, err)
	for _, o := range b.states() {
		if o.Stage == orders.Voided {
			require.Empty(b, all.differ(o), o.Number)
		}
	}
	return all
}

// invariants asks the database the questions that must have no answer.
func (b *crowd) invariants() {
	b.Helper()
	_, err := running.db.Exec(context.Background(),
		`UPDATE orders SET updated_at = updated_at - interval '2 minutes' WHERE number = ANY($1)`, b.numbers)
	require.NoError(b, err)
	_, err = running.Starter(context.Background(), "invariants")
	require.NoError(b, err)
}

// both sends requests at the same moment.
func both(t testing.TB, requests ...func() answer) []answer {
	t.Helper()
	answers := make([]answer, len(requests))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, request := range requests {
		wg.Go(func() {
			<-start
			answers[i] = request()
		})
	}
	close(start)
	wg.Wait()
	for i, a := range answers {
		require.NotZero(t, a.status, "request %d has no answer", i)
	}
	return answers
}

func TestProofThatOfTwoVoidsAtOnceOneIsAcceptedAndOneRefundMoves(t *testing.T) {
	const n = 300
	begin := time.Now()
	var b *crowd
	captureAtOnce(t, func() {
		b = placeMany(t, n, func(int) form { return typed(line("TEA-001", 1, "128.00")) })
	})
	placed := time.Since(begin)
	var mu sync.Mutex
	var verdicts []string
	each(t, n, func(t testing.TB, i int) {
		o := b.order(t, i)
		hash := o.preview("clerk", wish()).PlanHash
		answers := both(t,
			func() answer { return o.settle(o.confirming("clerk", wish(), hash)) },
			func() answer { return o.settle(o.confirming("clerk", wish(), hash)) })
		mu.Lock()
		defer mu.Unlock()
		for _, a := range answers {
			verdicts = append(verdicts, verdict(a))
		}
	})
	list := b.await("voided", func(o orders.Order) bool { return o.Stage == orders.Voided })
	all := b.outsideAgrees()
	var moves []string
	once := 0
	for _, o := range list {
		refunds := 0
		for _, e := range all["payments"][o.Number] {
			moves = append(moves, e.Kind+" "+e.Amount)
			if e.Kind == "refunded" {
				refunds++
			}
		}
		if refunds == 1 {
			once++
		}
	}
	b.invariants()
	t.Logf("%d orders: %sin the provider's book: %srefunded once each: %d (%s, of it placing %s)",
		n, counted(verdicts), counted(moves), once, time.Since(begin).Round(time.Second), placed.Round(time.Second))
	require.Equal(t, fmt.Sprintf("%d × 409 already_voided, %d × accepted, ", n, n), counted(verdicts))
	require.Equal(t, fmt.Sprintf("%d × captured 140.00, %d × refunded 140.00, ", n, n), counted(moves))
	require.Equal(t, n, once)
}
