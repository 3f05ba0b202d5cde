package bench

import (
	"fmt"
	"math"
	"text/tabwriter"
	"time"
)

// Targets of the report; a life may do better, and a missed one fails nothing.
const (
	mostEvents    = 56
	aimEvents     = 48
	mostActions   = 20
	leastShare    = 0.7
	aimShare      = 0.85
	mostForCreate = 150 * time.Millisecond
	createAt      = 16
)

// report prints the tables, the targets and, as the last line, the events of a life.
func (r *run) report(out interface{ Write([]byte) (int, error) }) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "\nin flight\tlives/s\timitation/s\tlife : imitation\tno-op/s\tevents\ttasks\tactions\thistory bytes\t")
	for _, n := range r.options.Levels {
		l := r.levels[n]
		h := &l.history
		_, _ = fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.2f\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t\n", n, l.lives.perSecond(), l.imitation.perSecond(),
			share(l), l.noop.perSecond(), h.per(h.events), h.per(h.tasks), h.per(h.actions), h.per(h.bytes))
	}
	_, _ = fmt.Fprintln(t, "\nin flight\tcreate p50\tp99\tship p50\tp99\thand-over p50\tp99\t")
	for _, n := range r.options.Levels {
		_, _ = fmt.Fprintf(t, "%d\t", n)
		for _, kind := range []string{"create", "ship", "hand-over"} {
			_, _ = fmt.Fprintf(t, "%s\t%s\t", r.answer(kind, n, 0.5), r.answer(kind, n, 0.99))
		}
		_, _ = fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	r.say("")
	r.processor()
	r.targets()
	events, _ := r.perLife()
	r.say("events per life: %.0f", math.Round(events))
	return nil
}

// processor prints what a life and the bare workflows cost each process.
func (r *run) processor() {
	for _, kind := range []struct {
		name string
		of   func(*level) *rate
	}{
		{"life", func(l *level) *rate { return &l.lives }},
		{"imitation", func(l *level) *rate { return &l.imitation }},
		{"no-op", func(l *level) *rate { return &l.noop }},
	} {
		sum, n := processor{}, 0
		for _, l := range r.levels {
			sum.add(nil, kind.of(l).processor)
			n += kind.of(l).all
		}
		r.say("processor time per %s %s", kind.name, sum.per(n))
	}
}

func share(l *level) float64 {
	if l.imitation.perSecond() == 0 {
		return 0
	}
	return l.lives.perSecond() / l.imitation.perSecond()
}

func (r *run) answer(kind string, n int, quantile float64) time.Duration {
	return r.lives.answers.quantile(kind, n, quantile).Round(time.Millisecond)
}

// perLife averages over the samples of all levels.
func (r *run) perLife() (events, actions float64) {
	all := &history{}
	for _, l := range r.levels {
		all.sampled += l.history.sampled
		all.events += l.history.events
		all.actions += l.history.actions
	}
	return all.per(all.events), all.per(all.actions)
}

func (r *run) targets() {
	events, actions := r.perLife()
	lives, imitations := 0.0, 0.0
	for _, l := range r.levels {
		lives = max(lives, l.lives.perSecond())
		imitations = max(imitations, l.imitation.perSecond())
	}
	r.say("")
	r.target(events <= mostEvents, "events per life %.1f ≤ %d (aim %d)", events, mostEvents, aimEvents)
	r.target(actions <= mostActions, "billable actions per life %.1f ≤ %d", actions, mostActions)
	r.target(lives >= leastShare*imitations, "best lives/s %.1f ≥ %.1f × best imitation/s %.1f (it is %.2f, aim %.2f)",
		lives, leastShare, imitations, lives/max(imitations, 0.001), aimShare)
	created := r.answer("create", createAt, 0.99)
	r.target(created > 0 && created <= mostForCreate, "creation answered p99 %s ≤ %s at %d in flight", created, mostForCreate, createAt)
}

func (r *run) target(hit bool, format string, args ...any) {
	verdict := "missed"
	if hit {
		verdict = "hit"
	}
	r.say("%-6s  %s", verdict, fmt.Sprintf(format, args...))
}
