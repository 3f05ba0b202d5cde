package world

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	postTries   = 60
	postTimeout = 10 * time.Second
	postFirst   = 50 * time.Millisecond // the first wait after a failure; it doubles
	postMost    = 5 * time.Second
	postAtOnce  = 16
)

// letter is one webhook on its way.
type letter struct {
	id       int64
	provider string
	body     string
	delay    time.Duration
}

// post delivers webhooks: each is a row before it is tried, and is tried until the product answers 2xx. At a start the
// undelivered rows are taken up again.
type post struct {
	ctx     context.Context
	pool    *pgxpool.Pool
	config  Config
	client  *http.Client
	slots   chan struct{}
	running sync.WaitGroup
}

func newPost(ctx context.Context, pool *pgxpool.Pool, config Config) *post {
	transport := &http.Transport{MaxIdleConns: postAtOnce, MaxIdleConnsPerHost: postAtOnce, IdleConnTimeout: time.Minute}
	return &post{
		ctx: ctx, pool: pool, config: config,
		client: &http.Client{Timeout: postTimeout, Transport: transport},
		slots:  make(chan struct{}, postAtOnce),
	}
}

// write queues the rows of a call's webhooks. The letters get their IDs when the batch is run.
func (p *post) write(batch *pgx.Batch, req request, treated plan, events []any) ([]letter, error) {
	if p.config.WebhookURL == "" || (req.provider == payments && !p.config.PaymentWebhooks) {
		return nil, nil
	}
	if req.call == "event" && treated.outcome == modeLose {
		return nil, nil
	}
	letters := make([]letter, 0, len(events)*treated.copies)
	for _, event := range events {
		body, err := json.Marshal(event)
		if err != nil {
			return nil, err
		}
		for range treated.copies {
			letters = append(letters, letter{provider: req.provider, body: string(body), delay: treated.late})
		}
	}
	for i := range letters {
		queueLetter(batch, &letters[i])
	}
	return letters, nil
}

func queueLetter(batch *pgx.Batch, l *letter) {
	batch.Queue("INSERT INTO webhooks (provider, body, due_at) VALUES ($1, $2, $3) RETURNING id",
		l.provider, l.body, time.Now().Add(l.delay)).QueryRow(func(row pgx.Row) error { return row.Scan(&l.id) })
}

// takeUp sends what an earlier process left undelivered.
func (p *post) takeUp(ctx context.Context) error {
	if p.config.WebhookURL == "" {
		return nil
	}
	rows, _ := p.pool.Query(ctx, "SELECT id, provider, body, due_at FROM webhooks WHERE delivered_at IS NULL ORDER BY id")
	letters, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l letter, err error) {
		var due time.Time
		err = row.Scan(&l.id, &l.provider, &l.body, &due)
		l.delay = max(0, time.Until(due))
		return l, err
	})
	if err != nil {
		return err
	}
	p.send(letters...)
	return nil
}

func (p *post) send(letters ...letter) {
	for _, l := range letters {
		p.running.Go(func() { p.carry(l) })
	}
}

func (p *post) wait() { p.running.Wait() }

// carry tries a letter until it is delivered, the tries are used up, or the sandbox closes.
func (p *post) carry(l letter) {
	wait := l.delay
	for try := range postTries {
		if !p.sleep(wait) {
			return
		}
		if p.deliver(l) {
			p.delivered(l, try+1)
			return
		}
		wait = min(postFirst<<min(try, 10), postMost)
	}
	slog.Warn("webhook undelivered", "id", l.id, "provider", l.provider, "tries", postTries)
}

func (p *post) sleep(wait time.Duration) bool {
	if wait == 0 {
		return p.ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *post) deliver(l letter) bool {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-p.ctx.Done():
		return false
	}
	r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.config.WebhookURL+"/"+l.provider, bytes.NewReader([]byte(l.body)))
	if err != nil {
		return false
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amends-Timestamp", timestamp)
	r.Header.Set("X-Amends-Signature", Sign(p.config.WebhookSecret, timestamp, []byte(l.body)))
	response, err := p.client.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	return response.StatusCode >= 200 && response.StatusCode < 300
}

// delivered notes a success without waiting for the disk: a lost note only means that the webhook comes twice.
func (p *post) delivered(l letter, tries int) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), postTimeout)
	defer cancel()
	_, err := p.pool.Exec(ctx, `WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
		UPDATE webhooks SET delivered_at = now(), attempts = $2 FROM quick WHERE id = $1`, l.id, tries)
	if err != nil {
		slog.Warn("note a delivered webhook", "id", l.id, "error", err)
	}
}

// Sign returns the signature of a webhook: hexadecimal HMAC-SHA256 over the timestamp, a dot, and the body.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
