//go:build long

package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/internal/failpoint"
	"amends/internal/stack"
	"amends/orders"
)

// ambush is a point at which the worker shall die, for one order.
type ambush struct{ point, key string }

func (a ambush) line() string { return failpoint.Kill + " " + a.point + " " + a.key }

// ambushes arm many points at once. Whoever is killed is started again without the points that it has met.
type ambushes struct {
	t    *testing.T
	left []ambush
	met  int
}

func (a *ambushes) write() {
	a.t.Helper()
	var text strings.Builder
	for _, one := range a.left {
		text.WriteString(one.line() + "\n")
	}
	require.NoError(a.t, os.WriteFile(running.points+".new", []byte(text.String()), 0o600))
	require.NoError(a.t, os.Rename(running.points+".new", running.points))
}

// revive takes the points out that were met, and starts the worker again.
func (a *ambushes) revive() {
	a.t.Helper()
	hits, err := os.ReadFile(running.points + ".hit")
	require.NoError(a.t, err)
	before := len(a.left)
	a.left = slices.DeleteFunc(a.left, func(one ambush) bool {
		return strings.Contains(string(hits), failpoint.Kill+" "+one.point+" "+one.key)
	})
	a.met += before - len(a.left)
	a.write()
	start(a.t, stack.Worker)
}

// watch starts the worker again whenever it was killed, until the function returned ends it.
func (a *ambushes) watch() (end func()) {
	a.t.Helper()
	require.NoError(a.t, removed(running.points+".hit"))
	a.write()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-running.Process(stack.Worker).Done():
				a.revive()
			case <-stop:
				return
			}
		}
	}()
	return func() {
		a.t.Helper()
		close(stop)
		<-done
		disarm(a.t)
	}
}

// plot is where an order stands when its void begins, with the points at which the worker dies. Each point has an order of
// its own.
type plot struct {
	setting
	points []ambush // the keys without the order's number
}

func around(key string, points ...string) []ambush {
	var list []ambush
	for _, point := range points {
		list = append(list, ambush{point, key})
	}
	return list
}

// outwards are the points around an effect outside.
func outwards(kinds ...string) []ambush {
	var list []ambush
	for _, kind := range kinds {
		list = append(list, around("/"+kind+"/", failpoint.BeforeClaim, failpoint.AfterClaim, failpoint.AfterCall, failpoint.AfterSettle)...)
	}
	return list
}

func plots() []plot {
	in := func(name string, points ...[]ambush) plot { return plot{settingOf(name), slices.Concat(points...)} }
	return []plot{
		in("reserved",
			around("", failpoint.BeforeRecord, failpoint.AfterRecord, failpoint.BeforeFreeSlots, failpoint.AfterFreeSlots),
			around("/release_stock/", failpoint.BeforeReserve, failpoint.AfterReserve),
			outwards("release_payment", "notify_customer", "notify_departments", "notify_refund")),
		in("packed", around("/put_back/", failpoint.BeforeStop, failpoint.AfterStop), outwards("cancel_label")),
		in("on its way", around("/restock/", failpoint.BeforeReturn, failpoint.AfterReturn), outwards("intercept", "refund")),
		in("signed for", around("/reverse_revenue/", failpoint.BeforePost, failpoint.AfterPost)),
	}
}

func TestProofThatEveryEffectOfAVoidHappensOnceWhereverTheWorkerDies(t *testing.T) {
	begin := time.Now()
	var roles []plot
	var points []ambush
	for _, p := range plots() {
		for _, point := range p.points {
			roles, points = append(roles, p), append(points, point)
		}
	}
	b := placeAll(t, len(roles), func(i int) form { return roles[i].form() })
	each(t, len(roles), func(t testing.TB, i int) { roles[i].ready(b.order(t, i)) })
	a := &ambushes{t: t}
	for i, point := range points {
		void := orders.AmendmentID("ZF", b.numbers[i], 1)
		if point.key == "" { // of the recorder and the calendar: the order's number alone
			a.left = append(a.left, ambush{point.point, b.numbers[i]})
		} else {
			a.left = append(a.left, ambush{point.point, b.numbers[i] + "/" + void + point.key})
		}
	}
	end := a.watch()
	each(t, len(roles), func(t testing.TB, i int) {
		o := b.order(t, i)
		send(t, o.confirming("clerk", wish(), o.preview("clerk", wish()).PlanHash)).want(http.StatusAccepted)
	})
	b.await("asked to be voided", func(o orders.Order) bool { return len(o.Amendments) == 1 })
	list := hands{b, func(int) bool { return false }}.play()
	end()
	all := b.outsideAgrees()
	var effects []string
	for _, o := range list {
		require.Equal(t, orders.Voided, o.Stage)
		effects = append(effects, single(t, all, o)...)
	}
	b.invariants()
	t.Logf("%d kills at %d points, %d never met; effects of %d voids: %s(%s)",
		a.met, len(points), len(a.left), len(list), counted(effects), time.Since(begin).Round(time.Second))
	require.Empty(t, a.left)
	require.Equal(t, len(points), a.met)
}

// single requires that the outside did everything for a void once, and names it.
func single(t *testing.T, all books, o orders.Order) []string {
	t.Helper()
	var words []string
	for _, e := range slices.Concat(all["payments"][o.Number], all["carrier"][o.Number]) {
		if slices.Contains([]string{"released", "refunded", "cancelled", "intercept_asked"}, e.Kind) {
			words = append(words, e.Kind)
		}
	}
	for _, e := range all["sms"][o.Number] {
		if strings.Contains(e.Key, "/notify_") {
			words = append(words, strings.Split(e.Key, "/")[2])
		}
	}
	slices.Sort(words)
	require.Equal(t, slices.Compact(slices.Clone(words)), words, "%s had something done twice", o.Number)
	return words
}

// second runs another worker beside the first.
func second(t *testing.T) *stack.Process {
	t.Helper()
	p := &stack.Process{
		Name: "second worker", Path: running.Binary("worker"), Log: filepath.Join(running.Dir(), "log", "second.log"), Env: running.Env(stack.Worker),
	}
	require.NoError(t, p.Start())
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	return p
}

func TestProofThatARefundMovesOnceThoughItsWorkerFroze(t *testing.T) {
	begin := time.Now()
	frozen := []struct{ at, then string }{
		{failpoint.BeforeClaim, ""}, {failpoint.AfterClaim, failpoint.AfterCall}, {failpoint.AfterCall, ""},
	}
	var b *crowd
	captureAtOnce(t, func() {
		b = placeMany(t, len(frozen), func(int) form { return typed(line("TEA-001", 1, "128.00")) })
	})
	other := second(t)
	for i, point := range frozen {
		o := b.order(t, i)
		thaws(t, other, o, o.number+"/"+orders.AmendmentID("ZF", o.number, 1)+"/refund/", point.at, point.then)
	}
	all := b.outsideAgrees()
	var refunds []string
	for _, number := range b.numbers {
		for _, e := range all["payments"][number] {
			if e.Kind == "refunded" {
				refunds = append(refunds, e.Kind+" "+e.Amount)
			}
		}
	}
	b.invariants()
	t.Logf("%d workers frozen during a refund and thawed when another had done it: %s(%s)",
		len(frozen), counted(refunds), time.Since(begin).Round(time.Second))
	require.Equal(t, fmt.Sprintf("%d × refunded 140.00, ", len(frozen)), counted(refunds))
}

// thaws freezes whichever worker comes to the point, waits until the other has voided the order, and thaws it: it goes on
// where it was, up to another point where there is one. The server takes a while to notice that nobody answers at the frozen
// worker; a message that it lost too often meanwhile is sent again by a person.
func thaws(t *testing.T, other *stack.Process, o *order, key, at, then string) {
	t.Helper()
	goOn := func() {
		running.Process(stack.Worker).Thaw()
		other.Thaw()
	}
	defer goOn()
	reached := arm(t, failpoint.Freeze, at, key)
	o.void("clerk", wish())
	reached()
	hands{&crowd{t, []string{o.number}}, func(int) bool { return false }}.play()
	if then != "" {
		reached = arm(t, failpoint.Freeze, then, key)
		goOn()
		reached()
	}
	goOn()
	o.isVoided()
}
