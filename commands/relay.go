package commands

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"amends/orders"
)

const (
	atOnce = 64          // deliveries
	poll   = time.Second // how often the relay looks when nobody wakes it
)

// Relay delivers what no request delivers: commands whose process died, whose order had an older one pending, and facts
// that webhooks brought.
type Relay struct {
	service *Service
	wake    <-chan struct{}
	log     *slog.Logger
}

// NewRelay returns a relay that also looks whenever wake says so.
func NewRelay(service *Service, wake <-chan struct{}, log *slog.Logger) *Relay {
	return &Relay{service: service, wake: wake, log: log}
}

// Run delivers until the context ends. An order that does not answer holds up nobody else: every delivery has a seat of
// its own, and whoever gets up lets the relay look again.
func (r *Relay) Run(ctx context.Context) {
	seats, risen := make(chan struct{}, atOnce), make(chan struct{}, 1)
	var flight sync.WaitGroup
	defer flight.Wait()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		for _, row := range r.claim(ctx, cap(seats)-len(seats)) {
			seats <- struct{}{}
			flight.Go(func() {
				r.deliver(ctx, row)
				<-seats
				select {
				case risen <- struct{}{}:
				default:
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-risen:
		case <-ticker.C:
		}
	}
}

// claim takes what is due, at most one command per order.
func (r *Relay) claim(ctx context.Context, limit int) []orders.CommandRow {
	if limit == 0 {
		return nil
	}
	rows, err := r.service.store.ClaimDue(ctx, r.service.owner, lease, limit)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("the relay cannot look for commands", "error", err)
	}
	return rows
}

func (r *Relay) deliver(ctx context.Context, row orders.CommandRow) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if _, err := r.service.settle(ctx, row); err != nil && ctx.Err() == nil {
		r.log.Info("a command stays pending", "order", row.Order, "command", row.Name, "error", err)
	}
}
