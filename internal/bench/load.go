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
	took := time.Since(began)
	l.mu.Lock()
	defer l.mu.Unlock()
	key := latencyKey{kind, inFlight}
	l.all[key] = append(l.all[key], took)
	return err
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

// pace spares the API: it remembers how long a step took lately, asks first when it may be done, and then every so
// often in proportion to it.
type pace struct {
	mu    sync.Mutex
	usual time.Duration
}

const pollLeast = 25 * time.Millisecond

// await asks until done, and returns the error that asking brought.
func (p *pace) await(ctx context.Context, done func() (bool, error)) error {
	began := time.Now()
	p.mu.Lock()
	usual := p.usual
	p.mu.Unlock()
	pause := max(usual*4/5, pollLeast/2)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
		yes, err := done()
		if err != nil {
			return err
		}
		took := time.Since(began)
		if yes {
			p.mu.Lock()
			p.usual += (took - p.usual) / 8
			p.mu.Unlock()
			return nil
		}
		if took > time.Minute {
			return errors.New("nothing has happened for a minute")
		}
		pause = max(usual/6, pollLeast)
	}
}

func during(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
