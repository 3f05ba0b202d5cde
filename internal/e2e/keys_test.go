package e2e_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSameKeyAndBodyHaveTheSameAnswer(t *testing.T) {
	t.Parallel()
	r := request{role: "clerk", path: "/orders", key: newKey(), body: typed(line("TEA-001", 1, "128.00"))}
	first := send(t, r).want(http.StatusCreated)
	o := follow(t, into[view](first).Number)
	o.awaitReady()
	again := send(t, r).want(http.StatusCreated)
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.JSONEq(t, string(first.body), string(again.body))
	r.body = typed(line("TEA-001", 2, "128.00"))
	send(t, r).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")

	hold := o.telling("clerk", "hold", object{"reason": "等客户"})
	hold.key = newKey()
	first = send(t, hold).want(http.StatusOK)
	require.JSONEq(t, string(first.body), string(send(t, hold).want(http.StatusOK).body))
	require.Equal(t, 1, o.times("held"))
	refusal := o.telling("clerk", "hold", object{"reason": "再等"})
	refusal.key = newKey()
	send(t, refusal).refused(http.StatusConflict, "on_hold")
	o.tell("clerk", "resume", nil).want(http.StatusOK)
	again = send(t, refusal) // what was refused stays refused, though it would be accepted now
	again.refused(http.StatusConflict, "on_hold")
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
}

func TestTwentyCopiesOfOneOrderAreOneOrder(t *testing.T) {
	t.Parallel()
	f := typed(line("TEA-001", 1, "128.00"))
	f["customer_reference"] = "copies-" + newKey()
	r := request{role: "clerk", path: "/orders", key: newKey(), body: f}
	numbers := map[string]bool{}
	for _, a := range together(t, 20, func(int) request { return r }) {
		require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, a.status, a)
		numbers[into[view](a).Number] = true
	}
	require.Len(t, numbers, 1)
	require.EqualValues(t, 1, scalar[int](t, `SELECT count(*) FROM orders WHERE customer_ref = $1`, f["customer_reference"]))
	for number := range numbers {
		follow(t, number).awaitReady()
	}
}

func TestOfTwentyApprovalsOneIsAccepted(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	r := o.telling("reviewer", "approve", nil)
	keys := make([]string, 20)
	for i := range keys {
		keys[i] = newKey()
	}
	together(t, len(keys), func(i int) request {
		one := r
		one.key = keys[i]
		return one
	})
	accepted := 0
	for _, key := range keys {
		r.key = key
		switch a := o.settle(r); a.status {
		case http.StatusOK:
			accepted++
		default:
			a.want(http.StatusConflict)
		}
	}
	require.Equal(t, 1, accepted)
	require.Equal(t, 1, o.times("approved"))
	o.awaitReady()
	require.Equal(t, []string{"authorised 200.00"}, paid(t, o.number))
	var refused int
	for _, row := range auditRows(t, o.number, "") {
		if row == "approve refused wrong_stage" || row == "approve refused stale_version" {
			refused++
		}
	}
	require.Equal(t, 19, refused)
}

func TestAVersionThatIsNoLongerTrueIsRefused(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	stale := o.telling("reviewer", "approve", nil)
	o.tell("clerk", "hold", object{"reason": "等"}).want(http.StatusOK)
	o.tell("clerk", "resume", nil).want(http.StatusOK)
	p := send(t, stale)
	p.refused(http.StatusConflict, "stale_version")
	require.EqualValues(t, 3, into[struct {
		CurrentVersion int64 `json:"current_version"`
	}](p).CurrentVersion)
	require.Equal(t, "in_review", o.view().Stage)
}

// together makes n calls at once.
func together(t *testing.T, n int, call func(i int) request) []answer {
	t.Helper()
	answers, start := make([]answer, n), make(chan struct{})
	var wait sync.WaitGroup
	for i := range n {
		r := call(i)
		wait.Go(func() {
			<-start
			a, err := try(t, r)
			if err != nil {
				t.Error(err)
			}
			answers[i] = a
		})
	}
	close(start)
	wait.Wait()
	return answers
}
