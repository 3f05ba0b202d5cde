package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"amends/api/messages"
	"amends/orders"
)

// call is one request of somebody who is known and may do what the route does.
type call struct {
	echo.Context
	server *Server
	route  route
	actor  orders.Actor
	limit  int64 // minor units that the actor may have given back per order without a second person
	locale string
	// show is the answer to an accepted command where it is not the receipt's own.
	show      func(*call, orders.Receipt) (any, error)
	staffNote *orders.NoteView // written down once the command is accepted
}

// wrap puts the checks before a handler that every route shares, and records refusals of whoever is known.
func (s *Server) wrap(r route) echo.HandlerFunc {
	return func(e echo.Context) error {
		c := &call{Context: e, server: s, route: r, locale: messages.Locale(e.Request().Header.Get("Accept-Language"))}
		if r.right == "" {
			return r.handle(c)
		}
		if err := c.admit(); err != nil {
			return c.refused(err)
		}
		return c.refused(r.handle(c))
	}
}

// admit finds out who calls and whether they may.
func (c *call) admit() error {
	scheme, token, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 512 {
		return refuse(codeUnauthenticated)
	}
	digest := sha256.Sum256([]byte(token))
	staff, err := c.server.database.StaffByToken(c.Request().Context(), digest[:])
	if errors.Is(err, orders.ErrNotFound) {
		return refuse(codeUnauthenticated)
	}
	if err != nil {
		return err
	}
	c.actor = orders.Actor{ID: staff.ID, Role: staff.Role, Verified: true}
	c.limit = staff.RefundLimit
	if !c.server.limits.allow(staff.ID) {
		return refuse(codeRateLimited)
	}
	if !orders.May(staff.Role, c.route.right) {
		return refuse(orders.CodeForbidden)
	}
	return nil
}

// refused writes the audit row of a refusal. What the order itself refused has its row already, written with the
// command's outcome.
func (c *call) refused(err error) error {
	problem := asProblem(err)
	if err == nil || problem == nil || c.actor.ID == "" || problem.Code == codeUnavailable {
		return err
	}
	if c.Request().Method != http.MethodPost && problem.Code != orders.CodeForbidden {
		return err
	}
	row := orders.AuditRow{
		Actor: c.actor, Action: c.route.right, Order: auditable(c.named()), Outcome: "refused", Code: problem.Code,
		RequestID: requestID(c),
	}
	if auditErr := c.server.database.Audit(c.Request().Context(), row); auditErr != nil {
		if problem.Code == orders.CodeForbidden || away(auditErr) {
			return errors.Join(auditErr, orders.ErrUnavailable)
		}
		slog.Error("audit a refusal", "request_id", requestID(c), "error", auditErr)
	}
	return err
}

var numberPattern = regexp.MustCompile(`^[A-Z]{2}[0-9]{8}-[0-9]{6,12}$`)

func auditable(number string) string {
	if numberPattern.MatchString(number) {
		return number
	}
	return ""
}

// named returns what the path says of an order: its number, or a void's ID, which has the number in it.
func (c *call) named() string {
	if id := c.Param("void"); id != "" && c.Param("number") == "" {
		number, _ := orders.AmendmentOrder(id)
		return number
	}
	return c.Param("number")
}

// number returns the order that the path names. What cannot be a number is an order that does not exist.
func (c *call) number() (string, error) {
	number := c.named()
	if !numberPattern.MatchString(number) {
		return "", refuse(codeNotFound)
	}
	return number, nil
}

// submission starts what is handed on with the request's own data. It reads the body, which is returned too.
func (c *call) submission() (orders.Submission, []byte, error) {
	key, err := c.key()
	if err != nil {
		return orders.Submission{}, nil, err
	}
	body, err := c.body()
	if err != nil {
		return orders.Submission{}, nil, err
	}
	return orders.Submission{
		Actor: c.actor, Key: key, Route: c.route.method + " " + c.route.path, RequestID: requestID(c),
		Fingerprint: c.fingerprint(body), Order: c.named(),
	}, body, nil
}

func (c *call) body() ([]byte, error) {
	media, params, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || media != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return nil, refuse(codeMediaType)
	}
	if c.Request().Header.Get("Content-Encoding") != "" {
		return nil, refuse(codeMediaType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refuse(codeBodyTooLarge, strconv.Itoa(maxBody/1024))
	}
	if err != nil {
		return nil, refuse(codeUnreadable)
	}
	return body, nil
}

// key returns the Idempotency-Key.
func (c *call) key() (string, error) {
	values := c.Request().Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", refuse(codeKeyRequired)
	}
	key := values[0]
	if len(values) > 1 || len(key) < 16 || len(key) > 255 || strings.ContainsFunc(key, notPrintable) {
		return "", refuse(codeKeyInvalid)
	}
	return key, nil
}

func notPrintable(r rune) bool { return r < 0x20 || r > 0x7e }

// fingerprint is what a repeated request must have in common with the first one.
func (c *call) fingerprint(body []byte) string {
	digest := sha256.New()
	for _, part := range [][]byte{[]byte(c.Request().Method), []byte(c.Request().URL.Path), body} {
		digest.Write([]byte(strconv.Itoa(len(part)) + ":"))
		digest.Write(part)
	}
	return hex.EncodeToString(digest.Sum(nil))
}
