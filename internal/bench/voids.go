package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"amends/internal/client"
)

// Kinds of time that are measured of voids.
const (
	planned  = "plan"
	accepted = "accepted"
	lastStep = "last step"
)

// preparing is how many orders are made ready for voiding at the same time.
const preparing = 16

// authors are the roles that take turns at voiding: their limits cover every order.
var authors = []string{"finance", "manager"}

// voids measures whole voids of orders that are paid and hold all their goods, so many begun each second whether or not
// those before are over.
type voids struct {
	lives     *lives
	perSecond int
	orders    []*voided // those begun during the ramp come first and count for nothing
	times     latencies
	before    history // of a sample
	after     history
	processor processor
}

// voided is one order that is voided.
type voided struct {
	number     string
	author     string // the role of whoever voids it
	hash       string
	version    int64
	acceptedAt time.Time
}

func newVoids(l *lives, perSecond int) *voids {
	return &voids{lives: l, perSecond: perSecond, times: latencies{all: map[latencyKey][]time.Duration{}}}
}

// measureVoids prepares the orders, plans them all, voids them all, and looks at what came of it only when all are begun:
// nobody asks while the clock runs.
func (r *run) measureVoids(ctx context.Context) error {
	v := r.voids
	n := v.perSecond * int((ramp+r.options.Voids.Window)/time.Second)
	r.say("preparing %d orders to be voided", n)
	if err := v.prepare(ctx, n); err != nil {
		return during("prepare orders", err)
	}
	if err := v.before.count(ctx, r.temporal, v.sample()); err != nil {
		return err
	}
	r.say("planning and then voiding them, %d per second", v.perSecond)
	if err := v.each(ctx, v.plan); err != nil {
		return during("plan", err)
	}
	used := processorUsed(r.stack)
	if err := v.each(ctx, v.confirm); err != nil {
		return during("void", err)
	}
	if err := v.end(ctx); err != nil {
		return during("wait for the last step", err)
	}
	v.processor = processor{}
	v.processor.add(used, processorUsed(r.stack))
	return v.after.count(ctx, r.temporal, v.sample())
}

// prepare places orders and waits until each is paid and holds its goods.
func (v *voids) prepare(ctx context.Context, n int) error {
	v.orders = make([]*voided, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(preparing)
	var ready pace
	for i := range n {
		group.Go(func() error {
			serial := v.lives.serial.Add(1)
			placed, err := v.lives.http.Command(ctx, "manager", "/orders", form(serial))
			if err != nil {
				return err
			}
			o := &life{lives: v.lives, number: placed.Number, serial: serial}
			if err := ready.await(ctx, o.is(ctx, (*client.Order).Packable)); err != nil {
				return during(placed.Number, err)
			}
			v.orders[i] = &voided{number: placed.Number, author: authors[i%len(authors)]}
			return nil
		})
	}
	return group.Wait()
}

// each begins one after the other at the rate, and waits for all. How long one took is counted from when it was due.
func (v *voids) each(ctx context.Context, begin func(context.Context, *voided, func(kind string)) error) error {
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for i, o := range v.orders {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(v.perSecond))
		select {
		case <-ctx.Done():
			return group.Wait()
		case <-time.After(time.Until(due)):
		}
		group.Go(func() error {
			return begin(ctx, o, func(kind string) {
				if v.counts(i) {
					v.times.add(kind, 0, time.Since(due))
				}
			})
		})
	}
	return group.Wait()
}

// counts tells whether the order was not begun during the ramp.
func (v *voids) counts(i int) bool { return i >= v.perSecond*int(ramp/time.Second) }

// wish is a void as people ask for it.
func wish() map[string]any { return map[string]any{"reason_code": "customer_request"} }

func (v *voids) plan(ctx context.Context, o *voided, took func(string)) error {
	var preview struct {
		PlanHash     string `json:"plan_hash"`
		OrderVersion int64  `json:"order_version"`
	}
	if err := v.lives.http.Post(ctx, o.author, "/orders/"+o.number+"/void-plans", wish(), &preview); err != nil {
		return during(o.number, err)
	}
	took(planned)
	o.hash, o.version = preview.PlanHash, preview.OrderVersion
	return nil
}

func (v *voids) confirm(ctx context.Context, o *voided, took func(string)) error {
	body := wish()
	body["plan_hash"], body["expected_version"] = o.hash, o.version
	answer, err := v.lives.http.Command(ctx, o.author, "/orders/"+o.number+"/voids", body)
	if err != nil {
		return during(o.number, err)
	}
	took(accepted)
	o.acceptedAt = time.Now()
	if answer.Status == "awaiting_approval" {
		return fmt.Errorf("the void of %s waits for a second person", o.number)
	}
	return nil
}

// end waits until all orders are voided. The last step was over when the order was last recorded, by the database's clock,
// which is this machine's.
func (v *voids) end(ctx context.Context) error {
	const look = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stuckAfter)
	defer cancel()
	var wait sync.WaitGroup
	errs := make(chan error, len(v.orders))
	seats := make(chan struct{}, preparing)
	for i, o := range v.orders {
		wait.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			order, err := v.lives.http.Await(ctx, readers[i%len(readers)], o.number, look, func(order *client.Order) bool {
				return order.Stage == "voided"
			})
			switch {
			case err != nil:
				errs <- during(o.number+" is "+order.Stage, err)
			case v.counts(i):
				v.times.add(lastStep, 0, order.UpdatedAt.Sub(o.acceptedAt))
			}
		})
	}
	wait.Wait()
	close(errs)
	return <-errs
}

// sample names some of the orders that count.
func (v *voids) sample() (numbers []string) {
	const every = 15
	for i, o := range v.orders {
		if v.counts(i) && i%every == 0 {
			numbers = append(numbers, o.number)
		}
	}
	return numbers
}

// events is how many events of its history a void takes.
func (v *voids) events() float64 { return v.after.per(v.after.events) - v.before.per(v.before.events) }
