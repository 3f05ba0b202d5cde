// Package client speaks the JSON API and the sandbox's controls as another program would: it knows the wire, and
// nothing of the domain. The demo and the bench drive whole lives of orders with it.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// callTimeout bounds one request. The API itself answers within seconds, if only with 202.
const callTimeout = 30 * time.Second

// Client is one caller with the tokens of all roles.
type Client struct {
	api, sandbox string
	tokens       map[string]string
	http         *http.Client
}

// New returns a client of the API and the sandbox at these URLs, with room for as many requests at once.
func New(api, sandbox string, tokens map[string]string, atOnce int) *Client {
	transport := &http.Transport{MaxIdleConns: 2 * atOnce, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute}
	return &Client{
		api: strings.TrimRight(api, "/"), sandbox: strings.TrimRight(sandbox, "/"), tokens: tokens,
		http: &http.Client{Timeout: callTimeout, Transport: transport},
	}
}

// Refusal is an answer that says no.
type Refusal struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	// Nearest is the free time that is closest to one that was taken.
	Nearest *Slot `json:"nearest"`
}

// Slot is a time agreed for a service.
type Slot struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail)
	for _, e := range r.Errors {
		text += fmt.Sprintf("; %s: %s", e.Field, e.Message)
	}
	return text
}

// Get reads from the API as somebody of the role.
func (c *Client) Get(ctx context.Context, role, path string, into any) error {
	return c.call(ctx, http.MethodGet, c.api+"/api/v1"+path, c.head(role), nil, into)
}

// Post sends a body to the API as somebody of the role, under a new Idempotency-Key.
func (c *Client) Post(ctx context.Context, role, path string, body, into any) error {
	head := c.head(role)
	head.Set("Idempotency-Key", uuid.NewString())
	return c.call(ctx, http.MethodPost, c.api+"/api/v1"+path, head, body, into)
}

// Control sends a body to the sandbox, the world outside; with a nil body it deletes.
func (c *Client) Control(ctx context.Context, path string, body any) error {
	method := http.MethodPost
	if body == nil {
		method = http.MethodDelete
	}
	return c.call(ctx, method, c.sandbox+path, http.Header{}, body, nil)
}

// Book reads a provider's book about an order.
func (c *Client) Book(ctx context.Context, provider, order string, into any) error {
	return c.call(ctx, http.MethodGet, c.sandbox+"/books/"+provider+"?order="+order, http.Header{}, nil, into)
}

func (c *Client) head(role string) http.Header {
	return http.Header{"Authorization": {"Bearer " + c.tokens[role]}, "Accept-Language": {"en"}}
}

func (c *Client) call(ctx context.Context, method, url string, head http.Header, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("write the body for %s: %w", url, err)
		}
		sent = bytes.NewReader(text)
		head.Set("Content-Type", "application/json")
	}
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	request.Header = head
	response, err := c.http.Do(request)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("is the stack up? %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	return read(method+" "+request.URL.Path, response.StatusCode, text, into)
}

func read(what string, status int, text []byte, into any) error {
	if status >= http.StatusMultipleChoices {
		refusal := &Refusal{}
		if err := json.Unmarshal(text, refusal); err != nil {
			refusal.Detail = "an answer that is no problem document"
		}
		refusal.Status = status
		return fmt.Errorf("%s: %w", what, refusal)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", what, err)
	}
	return nil
}
