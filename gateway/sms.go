package gateway

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"amends/gateway/notices"
	"amends/orders"
)

// SMS sends short messages through a gateway.
type SMS struct {
	caller caller
}

// NewSMS returns the adapter for the gateway at a base URL. A timeout of 0 is DefaultTimeout.
func NewSMS(baseURL string, timeout time.Duration) *SMS {
	return &SMS{newCaller(baseURL, timeout)}
}

// dialable is what can receive a short message: digits only, so no extension.
var dialable = regexp.MustCompile(`^\+?[0-9]{5,20}$`)

// Send renders a message and hands it to the gateway, once per key.
func (s *SMS) Send(ctx context.Context, m orders.Message) error {
	text, err := notices.SMS(m)
	if err != nil {
		return fmt.Errorf("send message %s: %w", m.Template, err)
	}
	to := strings.NewReplacer(" ", "", "-", "").Replace(m.To)
	if !dialable.MatchString(to) {
		return fmt.Errorf("send message %s: %w", m.Template, &orders.RefusedError{Code: orders.RefusedRecipient})
	}
	body := smsBody{m.Order, to, text}
	look := func() (struct{}, bool, error) {
		found, err := s.caller.find(ctx, m.Key)
		return struct{}{}, len(found) > 0, err
	}
	_, err = once(m.Retry, look, func() (struct{}, error) {
		return struct{}{}, s.caller.post(ctx, "/send", m.Key, body, &struct{}{})
	})
	var refused *orders.RefusedError
	if errors.As(err, &refused) && refused.Code == orders.RefusedKeyReused { // sent before, when the order said something else
		if _, sent, lookErr := look(); sent || lookErr != nil {
			err = lookErr
		}
	}
	if err != nil {
		return fmt.Errorf("send message %s: %w", m.Template, err)
	}
	return nil
}

type smsBody struct {
	Order string `json:"order"`
	To    string `json:"to"`
	Text  string `json:"text"`
}
