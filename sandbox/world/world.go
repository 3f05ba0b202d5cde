// Package world plays the outside world of Amends for development and tests: a payment provider, a carrier, a supplier
// and an SMS gateway over HTTP, with signed webhooks back.
//
// Each provider keeps an append-only book of what it did, in a database the product never reads, so that a test can
// compare the product's books with the outside's. Everything a provider knows is in that database: a killed process
// starts again where it was. Providers honour idempotency keys, and misbehave when told to (see the modes) or at
// random by a seed.
package world

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Providers, as they are named in paths, books and behaviours.
const (
	payments = "payments"
	carrier  = "carrier"
	supplier = "supplier"
	sms      = "sms"
)

// Config is what a World is told at its start.
type Config struct {
	WebhookURL      string  // webhooks go to this + "/payments" and "/carrier"; empty: none are sent
	WebhookSecret   string  // signs them
	PaymentWebhooks bool    // whether the payment provider sends webhooks too
	Immediate       bool    // every authorisation is captured at once
	Chaos           float64 // share of calls that misbehave at random
	Seed            uint64  // of that chance
}

// World is the four providers. Close ends what it does in the background.
type World struct {
	config     Config
	pool       *pgxpool.Pool
	behaviours *behaviours
	withheld   *withheld
	post       *post
	closing    context.Context
	close      context.CancelFunc
}

// Open creates the tables where they are missing and takes up undelivered webhooks. The pool stays the caller's.
func Open(ctx context.Context, pool *pgxpool.Pool, config Config) (*World, error) {
	if err := createSchema(ctx, pool); err != nil {
		return nil, err
	}
	w := &World{config: config, pool: pool, withheld: &withheld{}}
	var err error
	if w.behaviours, err = loadBehaviours(ctx, pool, config.Seed, config.Chaos); err != nil {
		return nil, err
	}
	w.closing, w.close = context.WithCancel(context.Background())
	w.post = newPost(w.closing, pool, config)
	if err := w.post.takeUp(ctx); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Close breaks off withheld answers and waits for running deliveries. Undelivered webhooks wait for the next Open.
func (w *World) Close() {
	w.close()
	w.post.wait()
}

// Handler serves the providers and the controls.
func (w *World) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", w.health)
	mux.HandleFunc("GET /books/{provider}", w.readBook)
	mux.HandleFunc("POST /behaviour", w.addBehaviour)
	mux.HandleFunc("GET /behaviour", w.listBehaviours)
	mux.HandleFunc("DELETE /behaviour", w.resetBehaviours)
	mux.HandleFunc("POST /release", w.releaseWithheld)
	for _, provider := range []string{payments, carrier, supplier, sms} {
		mux.HandleFunc("GET /"+provider+"/find", w.find(provider))
	}
	mux.HandleFunc("POST /payments/authorise", w.authorise)
	mux.HandleFunc("POST /payments/capture", w.capture)
	mux.HandleFunc("POST /payments/release", w.release)
	mux.HandleFunc("POST /payments/refund", w.refund)
	mux.HandleFunc("POST /carrier/book", w.book)
	mux.HandleFunc("POST /carrier/{tracking}/events", w.event)
	mux.HandleFunc("POST /carrier/{tracking}/intercept", w.intercept)
	mux.HandleFunc("POST /carrier/{tracking}/redirect", w.redirect)
	mux.HandleFunc("POST /carrier/{tracking}/cancel", w.cancelLabel)
	mux.HandleFunc("POST /supplier/requests", w.purchase)
	mux.HandleFunc("POST /supplier/requests/{reference}/cancel", w.cancelPurchase)
	mux.HandleFunc("POST /sms/send", w.sendSMS)
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, http.StatusNotFound, problem{"unknown_path", "there is nothing under this path and method"})
	})
	return mux
}

func (w *World) health(rw http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := w.pool.Ping(ctx); err != nil {
		answer(rw, http.StatusServiceUnavailable, problem{"database_away", "the sandbox cannot reach its database"})
		return
	}
	answer(rw, http.StatusOK, map[string]string{"status": "ok"})
}
