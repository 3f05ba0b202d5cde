package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"amends/gateway"
	"amends/orders"
	"amends/store"
)

const (
	senderLease = time.Minute
	senderBatch = 16
	senderPoll  = 2 * time.Second
	maxPause    = 10 * time.Minute
)

// sender takes ordinary notices from the outbox and sends them, in the customer's language. A notice whose outcome is
// unknown is sent again with the same key.
type sender struct {
	db        *store.Store
	messenger *gateway.Messenger
	company   string
	wake      <-chan struct{}
	log       *slog.Logger
}

func (s *sender) run(ctx context.Context) {
	ticker := time.NewTicker(senderPoll)
	defer ticker.Stop()
	for {
		for s.round(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// round sends one batch and tells whether to look again at once.
func (s *sender) round(ctx context.Context) bool {
	host, _ := os.Hostname()
	notices, err := s.db.ClaimNotices(ctx, host, senderLease, senderBatch)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("the outbox cannot be read", "error", err)
		}
		return false
	}
	var wg sync.WaitGroup
	for _, n := range notices {
		wg.Go(func() { s.send(ctx, n) })
	}
	wg.Wait()
	return len(notices) > 0 && ctx.Err() == nil
}

// send brings one notice to its end, or to its next try.
func (s *sender) send(ctx context.Context, n orders.ClaimedNotice) {
	channel, err := s.deliver(ctx, n)
	var refused *orders.RefusedError
	switch {
	case err == nil:
		err = s.db.MarkSent(ctx, n.Key, channel)
	case errors.As(err, &refused):
		err = s.db.MarkFailed(ctx, n.Notice, refused.Code)
	default:
		pause := min(maxPause, time.Second<<min(n.Attempts, 10))
		err = s.db.Postpone(ctx, n.Key, orders.ReasonUnreachable, pause)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the outcome of a message could not be kept", "key", n.Key, "error", err)
	}
}

// deliver says what the order says now.
func (s *sender) deliver(ctx context.Context, n orders.ClaimedNotice) (channel string, err error) {
	view, err := s.db.Order(ctx, n.Order)
	if err != nil {
		return "", err
	}
	if n.Template == orders.TemplateRejected && view.Order.Stage != orders.Rejected {
		return "none", nil // the rejection was decided anew, and differently
	}
	contact, err := s.db.ContactByID(ctx, n.ContactID)
	if err != nil {
		return "", err
	}
	return s.messenger.ToCustomer(ctx, orders.Message{
		Key: n.Key, Order: n.Order, Locale: n.Locale, Template: n.Template, Retry: n.Attempts > 0,
		Data: view.Order.MessageData(s.company, n.Data["subject"]),
	}, contact)
}
