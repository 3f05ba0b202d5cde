package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"amends/api/intake"
	"amends/orders"
)

// signatureWindow is how old a signed request may be, and how far ahead the sender's clock.
const signatureWindow = 300 * time.Second

// signedBody reads the body of a webhook and checks that its sender knows the secret: hexadecimal HMAC-SHA256 over the
// timestamp in seconds, a dot, and the body.
func (c *call) signedBody() ([]byte, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	timestamp := c.Request().Header.Get("X-Amends-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return nil, refuse(codeBadSignature)
	}
	age := c.server.config.Clock().Sub(time.Unix(seconds, 0))
	if age > signatureWindow || age < -signatureWindow {
		return nil, refuse(codeBadSignature)
	}
	given, err := hex.DecodeString(c.Request().Header.Get("X-Amends-Signature"))
	mac := hmac.New(sha256.New, []byte(c.server.config.WebhookSecret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	if err != nil || c.server.config.WebhookSecret == "" || !hmac.Equal(given, mac.Sum(nil)) {
		return nil, refuse(codeBadSignature)
	}
	return body, nil
}

type carrierForm struct {
	EventID        string     `json:"event_id"`
	TrackingNumber string     `json:"tracking_number"`
	Status         string     `json:"status"`
	OccurredAt     *time.Time `json:"occurred_at"`
	Proof          any        `json:"proof"`
}

var carrierStatuses = []string{"accepted", "in_transit", "delivered", "refused", "lost", "intercepted", "intercept_refused"}

func (s *Server) carrierWebhook(c *call) error {
	body, err := c.signedBody()
	if err != nil {
		return err
	}
	var form carrierForm
	wrong, err := bindTolerant(body, &form)
	if err != nil {
		return err
	}
	f := &fields{list: wrong}
	event := &orders.CarrierEvent{
		EventID: f.required("event_id", form.EventID, 200), Tracking: f.required("tracking_number", form.TrackingNumber, 64),
		Status: f.oneOf("status", f.required("status", form.Status, 40), carrierStatuses), Proof: proven(form.Proof),
	}
	if form.OccurredAt == nil {
		f.add("occurred_at", codeRequired)
	} else {
		event.OccurredAt = *form.OccurredAt
	}
	return c.store(f, orders.Webhook{
		Provider: orders.ProviderCarrier, EventID: event.EventID, Subject: event.Tracking, Body: body, Command: event,
	})
}

// proven tells whether a carrier sent a proof of delivery, whatever it is made of.
func proven(proof any) bool {
	switch p := proof.(type) {
	case bool:
		return p
	case string:
		return strings.TrimSpace(p) != ""
	case *object:
		return len(p.keys) > 0
	case []any:
		return len(p) > 0
	}
	return proof != nil
}

type paymentForm struct {
	EventID    string     `json:"event_id"`
	PaymentRef string     `json:"payment_ref"`
	Kind       string     `json:"kind"`
	Amount     string     `json:"amount"`
	OccurredAt *time.Time `json:"occurred_at"`
}

var paymentKinds = []string{"authorised", "captured", "refunded", "released", "failed"}

func (s *Server) paymentsWebhook(c *call) error {
	body, err := c.signedBody()
	if err != nil {
		return err
	}
	var form paymentForm
	wrong, err := bindTolerant(body, &form)
	if err != nil {
		return err
	}
	f := &fields{list: wrong}
	webhook := orders.Webhook{
		Provider: orders.ProviderPayments, EventID: f.required("event_id", form.EventID, 200),
		Subject: f.required("payment_ref", form.PaymentRef, 200), Body: body,
	}
	f.oneOf("kind", f.required("kind", form.Kind, 40), paymentKinds)
	if _, problem := intake.Amount("amount", form.Amount); problem != nil {
		f.join([]orders.FieldProblem{*problem})
	}
	if form.OccurredAt == nil {
		f.add("occurred_at", codeRequired)
	}
	return c.store(f, webhook)
}

type storedBody struct {
	Status string `json:"status"`
}

// store keeps an event before anything else happens to it. An event that came before is answered like a new one, so
// that its sender stops sending.
func (c *call) store(f *fields, webhook orders.Webhook) error {
	if len(f.list) > 0 {
		return invalid(f.list)
	}

	isNew, err := c.server.database.StoreWebhook(c.Request().Context(), webhook)
	if err != nil {
		return err
	}
	status := "repeated"
	if isNew {
		status = "stored"
	}
	return c.JSON(http.StatusOK, storedBody{Status: status})
}

type waitingBody struct {
	Provider   string    `json:"provider"`
	EventID    string    `json:"event_id"`
	Subject    string    `json:"subject"`
	ReceivedAt time.Time `json:"received_at"`
	Repeats    int64     `json:"repeats"`
}

type waitingPageBody struct {
	Items      []waitingBody `json:"items"`
	NextCursor string        `json:"next_cursor"`
}

// listWebhooks shows the events that no order has taken in. What a provider wrote in them is not shown.
func (s *Server) listWebhooks(c *call) error {
	if err := c.parameters("status", "cursor", "limit"); err != nil {
		return err
	}
	f := &fields{}
	f.oneOf("status", c.QueryParam("status"), []string{"unmatched"})
	cursor, limit := f.cursor("cursor", c.QueryParam("cursor")), f.limit("limit", c.QueryParam("limit"))
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	page, err := s.database.UnmatchedWebhooks(c.Request().Context(), cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, waitingPageBody{
		Items:      viewAll(page.Items, func(w orders.WebhookView) waitingBody { return waitingBody(w) }),
		NextCursor: page.NextCursor,
	})
}
