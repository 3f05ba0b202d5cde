package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"amends/orders"
)

const (
	// DefaultTimeout bounds one HTTP call to the outside.
	DefaultTimeout = 5 * time.Second

	maxAnswer = 1 << 20
)

// httpClient is shared: its connections are kept per host. Redirections are not followed.
var httpClient = &http.Client{
	Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   DefaultTimeout,
		ForceAttemptHTTP2:     true,
		ExpectContinueTimeout: time.Second,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// caller speaks JSON with one provider.
type caller struct {
	base    string
	timeout time.Duration
}

func newCaller(baseURL string, timeout time.Duration) caller {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return caller{strings.TrimSuffix(baseURL, "/"), timeout}
}

func (c caller) post(ctx context.Context, path, key string, body, into any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, key, encoded, into)
}

// find asks what the provider did under a key, the last thing last.
func (c caller) find(ctx context.Context, key string) ([]finding, error) {
	var found struct {
		Items []finding `json:"items"`
	}
	err := c.call(ctx, http.MethodGet, "/find?key="+url.QueryEscape(key), "", nil, &found)
	if err != nil {
		return nil, fmt.Errorf("look up by key: %w", err)
	}
	return found.Items, nil
}

// finding is the part of a provider's record that a look-up needs.
type finding struct {
	Kind           string `json:"kind"`
	PaymentRef     string `json:"payment_ref"`
	Transaction    string `json:"transaction"`
	Amount         string `json:"amount"`
	Currency       string `json:"currency"`
	TrackingNumber string `json:"tracking_number"`
	Reference      string `json:"reference"` // the supplier's
	Result         string `json:"result"`
}

func (c caller) call(ctx context.Context, method, path, key string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return errors.New("the provider's address is unusable")
	}
	// net/http sends a request with an Idempotency-Key again by itself when a kept connection breaks. Only our caller may
	// do that, after a look-up: a provider may forget keys.
	r.GetBody = nil
	r.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := httpClient.Do(r)
	if err != nil {
		return fmt.Errorf("no answer: %w", withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("answer broke off: %w", withoutURL(err))
	}
	return decode(response.StatusCode, answer, into)
}

// withoutURL keeps keys and addresses out of error texts.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// shortWord is what a provider's code must look like to be passed on.
var shortWord = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)

// decode reads a success, or makes of the status a refusal or an ordinary error.
func decode(status int, answer []byte, into any) error {
	if status >= 200 && status < 300 {
		if err := json.Unmarshal(answer, into); err != nil {
			return errors.New("the provider's answer cannot be read")
		}
		return nil
	}
	var said struct {
		Code string `json:"code"`
	}
	if isBusiness(status) && json.Unmarshal(answer, &said) == nil && said.Code != "" && said.Code != "unknown_path" {
		if !shortWord.MatchString(said.Code) || orders.IsFault(said.Code) {
			said.Code = orders.RefusedOther
		}
		return &orders.RefusedError{Code: said.Code}
	}
	return fmt.Errorf("the provider answered %d", status)
}

// isBusiness tells the statuses in which a provider decides; anything else is the transport's or the operator's trouble.
func isBusiness(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound, http.StatusConflict, http.StatusGone,
		http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// perhapsDone tells whether a refusal may mean that an earlier attempt succeeded.
func perhapsDone(err error) bool {
	var refused *orders.RefusedError
	return errors.As(err, &refused) &&
		(strings.HasPrefix(refused.Code, "already_") || refused.Code == orders.RefusedTooMuch || refused.Code == orders.RefusedTooLate)
}

// once makes a call that must have one effect. A retry looks the key up before it calls; a first attempt only when the
// refusal may mean that the work was done. Look returns false when the provider did nothing under the key.
func once[T any](retry bool, look func() (T, bool, error), call func() (T, error)) (T, error) {
	if retry {
		if found, done, err := look(); done || err != nil {
			return found, err
		}
	}
	answer, err := call()
	if !perhapsDone(err) {
		return answer, err
	}
	found, done, lookErr := look()
	if done || lookErr != nil {
		return found, lookErr
	}
	return answer, err
}
