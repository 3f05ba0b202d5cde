package rest

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"amends/api/messages"
	"amends/orders"
)

// Codes of this package. Those of orders and intake come beside them.
const (
	codeUnreadable       = orders.CodeUnreadable
	codeRequired         = "required"
	codeWrongType        = "wrong_type"
	codeNotInteger       = "not_an_integer"
	codeNotTime          = "not_a_time"
	codeNotUTF8          = "not_utf8"
	codeTooDeep          = "too_deep"
	codeHalfCharacter    = "half_character"
	codeDuplicateField   = "duplicate_field"
	codeUnknownField     = "unknown_field"
	codeUnknownParameter = "unknown_parameter"
	codeMediaType        = "unsupported_media_type"
	codeBodyTooLarge     = "body_too_large"
	codeKeyRequired      = "idempotency_key_required"
	codeKeyInvalid       = "idempotency_key_invalid"
	codeKeyReused        = "idempotency_key_reused"
	codeUnauthenticated  = "unauthenticated"
	codeBadSignature     = "bad_signature"
	codeNotFound         = "not_found"
	codeUnknownAddress   = "unknown_address"
	codeMethod           = "method_not_allowed"
	codeRateLimited      = "rate_limited"
	codeUnavailable      = "unavailable"
	codeSlotTaken        = "slot_taken"
	codeNoSlot           = "no_slot"
	codeBadCursor        = "bad_cursor"
	codeOutOfRange       = "out_of_range"
	codeTooSmall         = "too_small"
	codeUnknownValue     = "unknown_value"
	codeNoLines          = "no_lines"
	codeNoAmount         = "no_amount_in_this_mode"
	codeTwice            = "there_twice"
)

// statuses is the one table that says how a code is answered. A code that is not in it is a refusal by the order's
// state: 409.
var statuses = map[string]int{
	codeUnreadable: http.StatusBadRequest, codeNotUTF8: http.StatusBadRequest, codeTooDeep: http.StatusBadRequest,
	codeHalfCharacter:  http.StatusBadRequest,
	codeDuplicateField: http.StatusBadRequest, codeUnknownField: http.StatusBadRequest,
	codeUnknownParameter: http.StatusBadRequest, codeKeyRequired: http.StatusBadRequest, codeKeyInvalid: http.StatusBadRequest,
	codeUnauthenticated: http.StatusUnauthorized, codeBadSignature: http.StatusUnauthorized,
	orders.CodeForbidden: http.StatusForbidden, orders.CodeOwnRequest: http.StatusForbidden,
	orders.CodeAboveLimit: http.StatusForbidden,
	codeNotFound:          http.StatusNotFound, codeUnknownAddress: http.StatusNotFound,
	orders.CodeUnknownVoid: http.StatusNotFound, orders.CodeUnknownStep: http.StatusNotFound,
	codeMethod:         http.StatusMethodNotAllowed,
	codeBodyTooLarge:   http.StatusRequestEntityTooLarge,
	codeMediaType:      http.StatusUnsupportedMediaType,
	orders.CodeInvalid: http.StatusUnprocessableEntity, orders.CodeTermsLater: http.StatusUnprocessableEntity,
	orders.CodePersonalData: http.StatusUnprocessableEntity, codeKeyReused: http.StatusUnprocessableEntity,
	codeSlotTaken:       http.StatusUnprocessableEntity,
	codeRateLimited:     http.StatusTooManyRequests,
	orders.CodeInternal: http.StatusInternalServerError,
	codeUnavailable:     http.StatusServiceUnavailable,
}

func statusOf(code string) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusConflict
}

// problemError is a refusal on its way to the answer.
type problemError struct {
	orders.Problem
	extension map[string]any
}

func (e *problemError) Error() string { return e.Code }

func refuse(code string, params ...string) *problemError {
	return &problemError{Problem: orders.Problem{Code: code, Params: params}}
}

// invalid refuses a request because of its fields. Where one of them is a code of its own in the contract, the problem
// has that code.
func invalid(fields []orders.FieldProblem) *problemError {
	code, params := orders.CodeInvalid, []string(nil)
	for _, field := range fields {
		if field.Code == orders.CodeTermsLater {
			code, params = field.Code, field.Params
		}
	}
	return &problemError{Problem: orders.Problem{Code: code, Params: params, Fields: fields}}
}

// problemBody is the wire form, RFC 9457. Where a plan was refused because it is not the plan any more, the plan of now
// stands beside it.
type problemBody struct {
	Type     string      `json:"type"`
	Title    string      `json:"title"`
	Status   int         `json:"status"`
	Code     string      `json:"code"`
	Detail   string      `json:"detail"`
	Instance string      `json:"instance"`
	Errors   []fieldBody `json:"errors,omitempty"`
	*previewBody
}

type fieldBody struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func describe(p orders.Problem, locale, requestID string) problemBody {
	status := statusOf(p.Code)
	body := problemBody{
		Type: "urn:amends:problem:" + p.Code, Title: http.StatusText(status), Status: status, Code: p.Code,
		Detail: messages.Sentence(locale, p.Code, p.Params...), Instance: requestID,
	}
	for _, field := range p.Fields {
		body.Errors = append(body.Errors, fieldBody{
			Field: field.Field, Code: field.Code, Message: messages.Sentence(locale, field.Code, field.Params...),
		})
	}
	if p.Plan != nil {
		fresh := preview(*p.Plan, locale)
		body.previewBody = &fresh
	}
	return body
}

// answerProblem writes a problem. Extension members stand beside the standard ones.
func answerProblem(c echo.Context, e *problemError) error {
	locale := messages.Locale(c.Request().Header.Get("Accept-Language"))
	body := describe(e.Problem, locale, requestID(c))
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if len(e.extension) > 0 {
		extra, err := json.Marshal(e.extension)
		if err != nil {
			return err
		}
		encoded = append(append(encoded[:len(encoded)-1], ','), extra[1:]...)
	}
	header := c.Response().Header()
	header.Set("Content-Language", locale)
	switch body.Status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		header.Set("Retry-After", "1")
	}
	if c.Request().Method == http.MethodHead {
		return c.NoContent(body.Status)
	}
	return c.Blob(body.Status, "application/problem+json", encoded)
}
