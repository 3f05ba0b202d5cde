// Package bench measures whole lives of orders on a stack of its own, and beside them two bare workflows as the limit
// of what the machine and Temporal allow: one that does next to nothing, and one that imitates a life without its work.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	tlog "go.temporal.io/sdk/log"

	"amends/internal/stack"
)

// Options say what is measured and for how long.
type Options struct {
	Levels []int         // lives in flight
	Rounds int           // how often each level is visited
	Window time.Duration // how long lives are counted at a visit; the bare workflows get a part of it
	Voids  Voids
	Stack  func(*stack.Options)
	Out    io.Writer
}

// Voids says at which rate orders are voided and for how long. None are at the rate zero.
type Voids struct {
	PerSecond int
	Window    time.Duration
}

// Default is what make bench measures: less than ten minutes all in all.
func Default(out io.Writer) Options {
	return Options{
		Levels: []int{16, 32, 64, 128}, Rounds: 2, Window: 12 * time.Second,
		Voids: Voids{PerSecond: 20, Window: 30 * time.Second}, Out: out,
	}
}

const (
	// ramp is how long a load runs before anything is counted.
	ramp = 2 * time.Second
	// warmUp is how long each kind runs before all measuring.
	warmUp = 8 * time.Second
	// within bounds everything.
	within = 9*time.Minute + 30*time.Second
)

// Run starts a stack in a temporary folder, measures, prints, and removes what it made. A missed target is no error.
func Run(ctx context.Context, o Options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	s, remove, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r, err := newRun(ctx, s, o)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.measure(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("the measurement broke off: %w", err)
	}
	return r.report(o.Out)
}

// startStack runs everything on free ports, with the same guarantees for data as make up.
func startStack(ctx context.Context, o Options) (*stack.Stack, func() error, error) {
	parent, err := os.MkdirTemp("", "amends-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder: %w", err)
	}
	dir := filepath.Join(parent, "stack")
	remove := func() error { return errors.Join(stack.Clean(dir), os.RemoveAll(parent)) }
	options, err := stack.ForTests(dir)
	if err == nil {
		err = os.Chmod(parent, 0o711) // Postgres, under another user, must pass through
	}
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	options.Disposable, options.Progress = false, o.Out
	if o.Stack != nil {
		o.Stack(&options)
	}
	s, err := stack.New(options)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	if err := s.Start(ctx); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return s, func() error { return errors.Join(s.Stop(), remove()) }, nil
}

// run is one measurement.
type run struct {
	options  Options
	stack    *stack.Stack
	temporal client.Client
	lives    *lives
	bare     *bare
	levels   map[int]*level
	voids    *voids
}

// level is what was measured with so many in flight.
type level struct {
	lives, imitation, noop rate
	history                history // per life, sums over the sample
}

func newRun(ctx context.Context, s *stack.Stack, o Options) (*run, error) {
	tokens, err := s.Tokens()
	if err != nil {
		return nil, err
	}
	temporal, err := client.DialContext(ctx, client.Options{
		HostPort: s.TemporalAddress(), Logger: tlog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("reach Temporal: %w", err)
	}
	r := &run{options: o, stack: s, temporal: temporal, lives: newLives(s.APIURL(), s.SandboxURL(), tokens), levels: map[int]*level{}}
	r.voids = newVoids(r.lives, o.Voids.PerSecond)
	for _, n := range o.Levels {
		r.levels[n] = &level{}
	}
	if r.bare, err = startBare(temporal); err != nil {
		temporal.Close()
		return nil, err
	}
	return r, nil
}

func (r *run) close() {
	r.bare.worker.Stop()
	r.temporal.Close()
}

func (r *run) measure(ctx context.Context) error {
	if err := r.lives.stockUp(ctx); err != nil {
		return err
	}
	r.say("warming up")
	if err := r.visit(ctx, 32, &level{}, warmUp); err != nil {
		return err
	}
	if r.voids.perSecond > 0 {
		if err := r.measureVoids(ctx); err != nil {
			return err
		}
	}
	r.lives.answers.reset()
	return r.measureLives(ctx)
}

// measureLives visits all levels, there and back, and at each one all three kinds, so that what disturbs the machine
// disturbs all alike.
func (r *run) measureLives(ctx context.Context) error {
	for round := range r.options.Rounds {
		for i := range r.options.Levels {
			if round%2 == 1 {
				i = len(r.options.Levels) - 1 - i
			}
			n := r.options.Levels[i]
			if deadline, _ := ctx.Deadline(); time.Until(deadline) < 3*r.options.Window+time.Minute {
				r.say("round %d, %3d in flight: left out, for the machine is too slow", round+1, n)
				continue
			}
			if err := r.visit(ctx, n, r.levels[n], r.options.Window); err != nil {
				return err
			}
			l := r.levels[n]
			r.say("round %d, %3d in flight: lives %.1f/s, imitation %.1f/s, no-op %.1f/s",
				round+1, n, l.lives.perSecond(), l.imitation.perSecond(), l.noop.perSecond())
		}
	}
	return nil
}

// visit measures all three kinds with n in flight.
func (r *run) visit(ctx context.Context, n int, l *level, window time.Duration) error {
	before := r.lives.samples()
	live := func(ctx context.Context) error { return r.lives.live(ctx, n) }
	for _, kind := range []struct {
		rate   *rate
		window time.Duration
		live   func(context.Context) error
	}{{&l.lives, window, live}, {&l.imitation, window * 2 / 3, r.bare.imitate}, {&l.noop, window / 3, r.bare.noop}} {
		used := processorUsed(r.stack)
		if err := kind.rate.load(ctx, n, kind.window, kind.live); err != nil {
			return err
		}
		if kind.rate.processor == nil {
			kind.rate.processor = processor{}
		}
		kind.rate.processor.add(used, processorUsed(r.stack))
	}
	return l.history.count(ctx, r.temporal, r.lives.since(before))
}

func (r *run) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.options.Out, format+"\n", args...)
}
