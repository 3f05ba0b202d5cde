package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	pollEvery = 50 * time.Millisecond
	// readyWithin is how long one part may take to answer.
	readyWithin = 90 * time.Second
)

// await polls condition until it is met, ctx ends or the process dies. A nil
// process is one that somebody else runs.
func await(ctx context.Context, what string, p *Process, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var died <-chan struct{}
	if p != nil {
		died = p.Done()
	}
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-died:
			if err := p.Unasked(); err != nil {
				return err
			}
			return fmt.Errorf("wait for %s: it was stopped", what)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w, last answer: %w", what, ctx.Err(), last)
		case <-time.After(pollEvery):
		}
	}
}

// httpOK is met when url answers 200.
func httpOK(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
			return fmt.Errorf("ask %s: %s %s", url, response.Status, strings.TrimSpace(string(body)))
		}
		return nil
	}
}
