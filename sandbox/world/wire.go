package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"amends/money"
)

const (
	maxBody = 64 << 10
	maxKey  = 255
)

// problem is the body of every answer that is not a success.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// refusal is a decided answer other than success.
type refusal struct {
	status int
	problem
}

func (r *refusal) Error() string { return r.Message }

func refuse(status int, code, message string, args ...any) *refusal {
	return &refusal{status, problem{code, fmt.Sprintf(message, args...)}}
}

func invalid(message string, args ...any) *refusal {
	return refuse(http.StatusUnprocessableEntity, "invalid_request", message, args...)
}

// read decodes one JSON value of known fields: 400 when it cannot be read, 422 when a field has the wrong type.
func read(r *http.Request, into any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return refuse(http.StatusBadRequest, "unreadable", "the body ended early")
	case len(body) > maxBody:
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than %d bytes", maxBody)
	case !utf8.Valid(body):
		return refuse(http.StatusBadRequest, "unreadable", "the body is not UTF-8")
	case bytes.Contains(body, []byte(`\u0000`)):
		return invalid("the body holds a NUL character")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return unreadable(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, "unreadable", "the body holds more than one JSON value")
	}
	return nil
}

func unreadable(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return invalid("the field %q cannot be a JSON %s", wrongType.Field, wrongType.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return refuse(http.StatusBadRequest, "unreadable", "the field %s is not known here", name)
	}
	return refuse(http.StatusBadRequest, "unreadable", "the body is not one JSON object")
}

// readKey returns the idempotency key of a call.
func readKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", invalid("the header Idempotency-Key must have 1 to %d printable ASCII characters", maxKey)
	}
	return key, nil
}

func readAmount(decimal, currency string) (money.Amount, error) {
	amount, err := money.Parse(decimal, currency)
	if err != nil {
		return amount, invalid("the amount %s %s is unusable: %v", strconv.Quote(decimal), strconv.Quote(currency), err)
	}
	if amount.Minor <= 0 {
		return amount, invalid("the amount must be above zero")
	}
	return amount, nil
}

// required tells the first field, in pairs of name and value, that is empty or overlong.
func required(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" || len(pairs[i+1]) > 2000 {
			return invalid("the field %q must have 1 to 2000 bytes", pairs[i])
		}
		if err := storable(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// storable tells whether PostgreSQL can hold a text.
func storable(name, text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return invalid("%q holds characters that are no text", name)
	}
	return nil
}

func answer(rw http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		status, encoded = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer cannot be written"}`)
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(encoded)
}

// fail answers an error: a refusal as it says, anything else as the sandbox's own trouble.
func fail(rw http.ResponseWriter, err error) {
	var refused *refusal
	if errors.As(err, &refused) {
		answer(rw, refused.status, refused.problem)
		return
	}
	slog.Error("sandbox call", "error", err)
	answer(rw, http.StatusServiceUnavailable, problem{"database_away", "the sandbox cannot use its database now"})
}
