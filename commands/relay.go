package commands

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"amends/orders"
)

const (
	batch = 64              // rows claimed at a time
	poll  = 1 * time.Second // how often the relay looks when nobody wakes it
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

// Run delivers until the context ends.
func (r *Relay) Run(ctx context.Context) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		for r.round(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-ticker.C:
		}
	}
}

// round delivers one batch, at most one command per order, and tells whether to look again at once.
func (r *Relay) round(ctx context.Context) bool {
	rows, err := r.service.store.ClaimDue(ctx, r.service.owner, lease, batch)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Warn("the relay cannot look for commands", "error", err)
		}
		return false
	}
	var wg sync.WaitGroup
	for _, row := range rows {
		wg.Go(func() { r.deliver(ctx, row) })
	}
	wg.Wait()
	return len(rows) > 0 && ctx.Err() == nil
}

func (r *Relay) deliver(ctx context.Context, row orders.CommandRow) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if _, err := r.service.settle(ctx, row); err != nil && ctx.Err() == nil {
		r.log.Info("a command stays pending", "order", row.Order, "command", row.Name, "error", err)
	}
}
