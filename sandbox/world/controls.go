package world

import (
	"context"
	"net/http"
	"slices"
	"sync"
)

// maxDelay bounds delay_ms.
const maxDelay = 10 * 60 * 1000

func (w *World) addBehaviour(rw http.ResponseWriter, r *http.Request) {
	var wish struct {
		Provider string `json:"provider"`
		Call     string `json:"call"`
		Mode     string `json:"mode"`
		Times    int    `json:"times"`
		Order    string `json:"order"`
		DelayMS  int    `json:"delay_ms"`
	}
	if err := read(r, &wish); err != nil {
		fail(rw, err)
		return
	}
	if wish.Times == 0 {
		wish.Times = 1
	}
	err := checkMode(wish.Provider, wish.Call, wish.Mode)
	switch {
	case err != nil:
	case wish.Times < -1 || wish.Times > 1_000_000:
		err = invalid("times must be 1 to 1000000, or -1 for until reset")
	case wish.DelayMS < 0 || wish.DelayMS > maxDelay:
		err = invalid("delay_ms must be 0 (the mode's own) to %d", maxDelay)
	}
	if err != nil {
		fail(rw, err)
		return
	}
	added, err := w.behaviours.add(r.Context(), behaviour{
		Provider: wish.Provider, Call: wish.Call, Mode: wish.Mode, Times: wish.Times, Order: wish.Order, DelayMS: wish.DelayMS,
	})
	if err != nil {
		fail(rw, err)
		return
	}
	answer(rw, http.StatusCreated, added)
}

func (w *World) listBehaviours(rw http.ResponseWriter, _ *http.Request) {
	answer(rw, http.StatusOK, map[string]any{"items": w.behaviours.list(), "withheld": w.withheld.list()})
}

func (w *World) resetBehaviours(rw http.ResponseWriter, r *http.Request) {
	order := r.URL.Query().Get("order")
	err := storable("order", order)
	var removed int64
	if err == nil {
		removed, err = w.behaviours.reset(r.Context(), order)
	}
	if err != nil {
		fail(rw, err)
		return
	}
	answer(rw, http.StatusOK, map[string]int64{"removed": removed})
}

func (w *World) releaseWithheld(rw http.ResponseWriter, r *http.Request) {
	var wish struct {
		Order string `json:"order"`
	}
	if err := read(r, &wish); err != nil {
		fail(rw, err)
		return
	}
	answer(rw, http.StatusOK, map[string]int{"released": w.withheld.release(wish.Order)})
}

// withheld holds the calls that are done and wait to be answered.
type withheld struct {
	mu      sync.Mutex
	waiters []*waiter
}

type waiter struct {
	Provider string `json:"provider"`
	Call     string `json:"call"`
	Order    string `json:"order"`
	Key      string `json:"key"`
	released chan struct{}
}

// wait returns true once the call is released, false when the caller or the sandbox has gone before.
func (w *withheld) wait(ctx, closing context.Context, r request) bool {
	waiting := &waiter{r.provider, r.call, r.order, r.key, make(chan struct{})}
	w.mu.Lock()
	w.waiters = append(w.waiters, waiting)
	w.mu.Unlock()
	defer w.remove(waiting)
	select {
	case <-waiting.released:
		return true
	case <-ctx.Done():
	case <-closing.Done():
	}
	return false
}

func (w *withheld) remove(gone *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiters = slices.DeleteFunc(w.waiters, func(waiting *waiter) bool { return waiting == gone })
}

func (w *withheld) list() []waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []waiter{}
	for _, waiting := range w.waiters {
		list = append(list, *waiting)
	}
	return list
}

// release answers the withheld calls of an order, or all, and returns how many there were.
func (w *withheld) release(order string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := len(w.waiters)
	w.waiters = slices.DeleteFunc(w.waiters, func(waiting *waiter) bool {
		if order != "" && waiting.Order != order {
			return false
		}
		close(waiting.released)
		return true
	})
	return before - len(w.waiters)
}
