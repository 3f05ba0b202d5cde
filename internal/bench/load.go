package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// rate counts what ended within the measured windows.
type rate struct {
	done      int
	seconds   float64
	all       int // those outside the windows too
	processor processor
}

func (r *rate) perSecond() float64 {
	if r.seconds == 0 {
		return 0
	}
	return float64(r.done) / r.seconds
}

// load keeps n lives going, one after the other, counts those that end within the window, and then waits for the rest.
// The first life that goes wrong ends it.
func (r *rate) load(ctx context.Context, n int, window time.Duration, live func(context.Context) error) error {
	start := time.Now().Add(ramp)
	end := start.Add(window)
	var counted, all atomic.Int64
	var wait sync.WaitGroup
	failed := make(chan error, n)
	var stop atomic.Bool
	for range n {
		wait.Go(func() {
			for time.Now().Before(end) && !stop.Load() {
				if err := live(ctx); err != nil {
					stop.Store(true)
					failed <- err
					return
				}
				all.Add(1)
				if now := time.Now(); now.After(start) && now.Before(end) {
					counted.Add(1)
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	r.done += int(counted.Load())
	r.all += int(all.Load())
	r.seconds += window.Seconds()
	return nil
}

// latencies are how long answers took, by kind and number in flight.
type latencies struct {
	mu  sync.Mutex
	all map[latencyKey][]time.Duration
}

type latencyKey struct {
	kind     string
	inFlight int
}

// time calls and keeps how long the answer took.
func (l *latencies) time(kind string, inFlight int, call func() error) error {
	began := time.Now()
	err := call()
	l.add(kind, inFlight, time.Since(began))
	return err
}

func (l *latencies) add(kind string, inFlight int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := latencyKey{kind, inFlight}
	l.all[key] = append(l.all[key], took)
}

// reset forgets what was kept, for a warm-up.
func (l *latencies) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = map[latencyKey][]time.Duration{}
}

// quantile returns the answer time that the share of all answers does not exceed.
func (l *latencies) quantile(kind string, inFlight int, share float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	sorted := slices.Sorted(slices.Values(l.all[latencyKey{kind, inFlight}]))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// pace spares the API: it learns how long to leave an order alone, so that about two of three first looks find the step
// done, and looks again at long intervals where it is not.
type pace struct {
	mu    sync.Mutex
	pause time.Duration
}

const (
	firstPause = 250 * time.Millisecond
	leastPause = 25 * time.Millisecond
	stuckAfter = time.Minute
)

// await asks until done, and returns the error that asking brought.
func (p *pace) await(ctx context.Context, done func() (bool, error)) error {
	began := time.Now()
	first := p.current()
	pause := first
	for look := 0; ; look++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
		yes, err := done()
		switch {
		case err != nil:
			return err
		case yes:
			p.learn(look == 0, time.Since(began))
			return nil
		case time.Since(began) > stuckAfter:
			return errors.New("nothing has happened for a minute")
		case look == 0:
			pause = max(first/2, leastPause)
		default:
			pause += pause / 2
		}
	}
}

func (p *pace) current() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pause == 0 {
		p.pause = firstPause
	}
	return p.pause
}

// learn makes the pause a little shorter when the first look was in time, and else longer by twice as much, but never
// longer than what the step has just taken: many lives learn at once.
func (p *pace) learn(inTime bool, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if inTime {
		p.pause = max(p.pause-p.pause/32, leastPause)
		return
	}
	p.pause = max(p.pause, min(p.pause+p.pause/16, took))
}

func during(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
