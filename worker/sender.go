package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"amends/orders"
	"amends/store"
)

const (
	senderLease = time.Minute
	senderBatch = 16
	senderPoll  = 2 * time.Second
	maxPause    = 10 * time.Minute
)

// messenger is one way to reach a customer.
type messenger interface {
	Send(ctx context.Context, m orders.Message) error
}

// sender takes ordinary notices from the outbox and sends them, in the customer's language. A notice whose outcome is
// unknown is sent again with the same key.
type sender struct {
	db      *store.Store
	sms     messenger
	mail    messenger
	company string
	wake    <-chan struct{}
	log     *slog.Logger
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

// deliver sends by SMS where there is a number, else, or where the number takes none, by e-mail.
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
	m := orders.Message{
		Key: n.Key, Order: n.Order, Locale: n.Locale, Template: n.Template, Retry: n.Attempts > 0,
		Data: view.Order.MessageData(s.company, n.Data["subject"]),
	}
	err = &orders.RefusedError{Code: orders.RefusedRecipient}
	if m.To = contact.Phone; m.To != "" {
		channel, err = "sms", s.sms.Send(ctx, m)
	}
	var refused *orders.RefusedError
	if m.To = contact.Email; m.To != "" && errors.As(err, &refused) {
		channel, err = "email", s.mail.Send(ctx, m)
	}
	return channel, err
}
