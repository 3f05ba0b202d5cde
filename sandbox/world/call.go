package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// request is one call of the product to a provider.
type request struct {
	provider    string
	call        string
	key         string
	order       string
	fingerprint []byte // of the call and its body: one key is one request
}

func newRequest(provider, call, key, order string, body any) request {
	encoded, _ := json.Marshal(body)
	sum := sha256.Sum256(append([]byte(call+"\n"), encoded...))
	return request{provider, call, key, order, sum[:]}
}

// work is what a provider does for a call, inside the call's transaction.
type work func(ctx context.Context, tx pgx.Tx, p plan) (*done, error)

// done is the provider's answer and what it leaves behind.
type done struct {
	status   int
	body     any
	entry    *entry
	webhooks []any
	replayed bool // the key was known: nothing was done this time
}

// entry is one row of a book.
type entry struct {
	kind     string
	ref      string
	minor    *int64
	currency *string
	detail   map[string]any
}

// serve treats a call as the behaviours want it, does its work once per key, and answers.
func (w *World) serve(rw http.ResponseWriter, r *http.Request, req request, do work) {
	p, err := w.behaviours.take(r.Context(), req)
	if err != nil {
		fail(rw, err)
		return
	}
	if !w.pause(r.Context(), p.slow) {
		panic(http.ErrAbortHandler)
	}
	if p.outcome == modeErrorBefore {
		broken(rw)
		return
	}
	// From here on the provider finishes, whether or not the caller still listens.
	result, err := w.perform(context.WithoutCancel(r.Context()), req, p, do)
	if err != nil {
		fail(rw, err)
		return
	}
	w.respond(rw, r, req, p, result)
}

// respond gives the answer, or what the behaviours make of it.
func (w *World) respond(rw http.ResponseWriter, r *http.Request, req request, p plan, result *done) {
	switch p.outcome {
	case modeErrorAfter:
		broken(rw)
		return
	case modeTimeoutAfter:
		w.pause(r.Context(), p.wait)
		panic(http.ErrAbortHandler)
	case modeWithhold:
		if !w.withheld.wait(r.Context(), w.closing, req) {
			panic(http.ErrAbortHandler)
		}
	case modeLose:
		if req.provider != sms && req.call != "event" {
			panic(http.ErrAbortHandler)
		}
	case modeAlreadyDone:
		if result.status < 300 && req.call != "find" {
			answer(rw, http.StatusConflict, problem{alreadyCodes[req.call], "this was done before"})
			return
		}
	}
	if result.replayed {
		rw.Header().Set("Idempotency-Replayed", "true")
	}
	answer(rw, result.status, result.body)
}

// alreadyCodes say that a call's work had been done before.
var alreadyCodes = map[string]string{
	"authorise": "already_authorised", "capture": "already_captured", "release": "already_released", "refund": "already_refunded",
	"book": "already_booked", "intercept": "already_intercepted", "redirect": "already_redirected", "cancel": "already_cancelled",
	"request": "already_requested", "send": "already_sent", "event": "already_told",
}

func broken(rw http.ResponseWriter) {
	answer(rw, http.StatusInternalServerError, problem{"internal", "something went wrong"})
}

// pause waits, and returns false when the caller or the sandbox has gone meanwhile.
func (w *World) pause(ctx context.Context, wait time.Duration) bool {
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-w.closing.Done():
	}
	return false
}

// perform does the work once per key, with its book row, its remembered answer and its webhooks in one transaction.
func (w *World) perform(ctx context.Context, req request, p plan, do work) (*done, error) {
	var result *done
	var letters []letter
	err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		known, err := claim(ctx, tx, req, p.forget)
		if err != nil {
			return err
		}
		if known != nil {
			result = known
			letters, err = w.tellAgain(ctx, tx, req, p, known)
			return err
		}
		if result, err = refusedOr(do)(ctx, tx, p); err != nil {
			return err
		}
		letters, err = w.keep(ctx, tx, req, p, result)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.post.send(letters...)
	return result, nil
}

// refusedOr lets the behaviours turn the work down. The refusal is remembered under the key as any other answer is.
func refusedOr(do work) work {
	return func(ctx context.Context, tx pgx.Tx, p plan) (*done, error) {
		if p.outcome == modeRefuse {
			return &done{status: http.StatusConflict, body: problem{"refused", "the provider turns this down"}}, nil
		}
		return do(ctx, tx, p)
	}
}

// claim takes the key for this transaction, or returns the answer it was given before. A second call with the same key
// waits here for the first to end.
func claim(ctx context.Context, tx pgx.Tx, req request, forget bool) (*done, error) {
	statement := "INSERT INTO answers (provider, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
	if forget {
		statement = `INSERT INTO answers (provider, key, fingerprint) VALUES ($1, $2, $3)
			ON CONFLICT (provider, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint`
	}
	tag, err := tx.Exec(ctx, statement, req.provider, req.key, req.fingerprint)
	if err != nil || tag.RowsAffected() == 1 {
		return nil, err
	}
	var fingerprint []byte
	var body json.RawMessage
	known := &done{replayed: true}
	err = tx.QueryRow(ctx, "SELECT fingerprint, status, body FROM answers WHERE provider = $1 AND key = $2",
		req.provider, req.key).Scan(&fingerprint, &known.status, &body)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(fingerprint, req.fingerprint) {
		return nil, refuse(http.StatusUnprocessableEntity, "key_reused", "the key was used for another request")
	}
	known.body = body
	return known, nil
}

// keep writes what a call leaves behind.
func (w *World) keep(ctx context.Context, tx pgx.Tx, req request, p plan, result *done) ([]letter, error) {
	body, err := json.Marshal(result.body)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	if e := result.entry; e != nil {
		batch.Queue(`INSERT INTO book (provider, kind, ref, order_no, key, minor, currency, detail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			req.provider, e.kind, e.ref, req.order, req.key, e.minor, e.currency, e.detail)
	}
	batch.Queue("UPDATE answers SET status = $3, body = $4 WHERE provider = $1 AND key = $2",
		req.provider, req.key, result.status, json.RawMessage(body))
	letters, err := w.post.write(batch, req, p, result.webhooks)
	if err != nil {
		return nil, err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("keep %s %s: %w", req.provider, req.call, err)
	}
	return letters, nil
}

// tellAgain sends the webhook of a repeated event. Other calls tell nothing again.
func (w *World) tellAgain(ctx context.Context, tx pgx.Tx, req request, p plan, known *done) ([]letter, error) {
	if req.call != "event" {
		return nil, nil
	}
	batch := &pgx.Batch{}
	letters, err := w.post.write(batch, req, p, []any{known.body})
	if err != nil || len(letters) == 0 {
		return nil, err
	}
	return letters, tx.SendBatch(ctx, batch).Close()
}

// newID makes an ID that sorts by time.
func newID(prefix string) string {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return prefix + "_" + id.String()
}
