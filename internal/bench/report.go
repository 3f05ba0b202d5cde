package bench

import (
	"fmt"
	"io"
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

	mostPerVoid    = 40
	mostForVoid    = 100 * time.Millisecond
	mostToLastStep = 3 * time.Second
)

// report prints the tables, the targets and, as the last line, the events of a life.
func (r *run) report(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	if len(r.options.Levels) > 0 {
		r.livesTable(t)
	}
	if r.voids.perSecond > 0 {
		r.voidsTable(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	r.say("")
	r.processor()
	r.say("")
	if len(r.options.Levels) > 0 {
		r.targets()
	}
	if r.voids.perSecond > 0 {
		r.voidTargets()
	}
	if events, _ := r.perLife(); events > 0 {
		r.say("events per life: %.0f", math.Round(events))
	}
	return nil
}

func (r *run) livesTable(t io.Writer) {
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
}

func (r *run) voidsTable(t io.Writer) {
	v := r.voids
	_, _ = fmt.Fprintf(t, "\nvoids, %d/s\tp50\tp99\tlongest\t\n", v.perSecond)
	for _, kind := range []string{planned, accepted, lastStep} {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", kind, v.took(kind, 0.5), v.took(kind, 0.99), v.took(kind, 1))
	}
	_, _ = fmt.Fprintln(t, "\na void\tevents\ttasks\tactions\thistory bytes\t")
	b, a := &v.before, &v.after
	_, _ = fmt.Fprintf(t, "\t%.1f\t%.1f\t%.1f\t%.0f\t\n", v.events(), a.per(a.tasks)-b.per(b.tasks),
		a.per(a.actions)-b.per(b.actions), a.per(a.bytes)-b.per(b.bytes))
}

func (v *voids) took(kind string, share float64) time.Duration {
	return v.times.quantile(kind, 0, share).Round(time.Millisecond)
}

func (r *run) voidTargets() {
	v := r.voids
	answered, done := v.took(accepted, 0.99), v.took(lastStep, 0.99)
	r.target(answered <= mostForVoid, "a void accepted p99 %s ≤ %s at %d per second", answered, mostForVoid, v.perSecond)
	r.target(done <= mostToLastStep, "its last step done p99 %s ≤ %s after that", done, mostToLastStep)
	r.target(v.events() <= mostPerVoid, "events per void %.1f ≤ %d", v.events(), mostPerVoid)
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
		if n > 0 {
			r.say("processor time per %s %s", kind.name, sum.per(n))
		}
	}
	if n := len(r.voids.orders); n > 0 {
		r.say("processor time per %s %s", "void", r.voids.processor.per(n))
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
