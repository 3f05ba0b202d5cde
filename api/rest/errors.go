package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"amends/orders"
)

// asProblem translates whatever went wrong. Nil means that it is our own fault.
func asProblem(err error) *problemError {
	var problem *problemError
	var unreadable *unreadableError
	var validation *orders.ValidationError
	var transition *orders.TransitionError
	var httpError *echo.HTTPError
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &unreadable):
		return unreadable.problem()
	case errors.As(err, &validation), errors.As(err, &transition):
		return &problemError{Problem: orders.AsProblem(err)}
	case errors.Is(err, orders.ErrNotFound):
		return refuse(codeNotFound)
	case errors.Is(err, orders.ErrKeyReused):
		return refuse(codeKeyReused)
	case errors.Is(err, orders.ErrForbidden):
		return refuse(orders.CodeForbidden)
	case errors.As(err, &httpError):
		return fromEcho(httpError)
	case away(err):
		return refuse(codeUnavailable)
	}
	return nil
}

func (e *unreadableError) problem() *problemError {
	if e.field == "" {
		return refuse(e.code)
	}
	problem := refuse(e.code, e.field)
	problem.Fields = []orders.FieldProblem{{Field: e.field, Code: e.code, Params: []string{e.field}}}
	return problem
}

// slotTaken names the nearest free time, in the time of the order's country.
func (c *call) slotTaken(e *orders.SlotTakenError) *problemError {
	field := c.slotField(e.LineID)
	problem := refuse(codeSlotTaken)
	code := codeNoSlot
	if e.Nearest.Technician != "" {
		code = codeSlotTaken
		problem.Params = []string{inChina(e.Nearest.From), inChina(e.Nearest.To)}
		problem.extension = map[string]any{"nearest": slotBody{From: e.Nearest.From.UTC(), To: e.Nearest.To.UTC()}}
	}
	problem.Fields = []orders.FieldProblem{{Field: field, Code: code, Params: problem.Params}}
	return problem
}

// slotField is where the request asked for the time: who moves an appointment has no lines.
func (c *call) slotField(line string) string {
	i, err := strconv.Atoi(strings.TrimPrefix(line, "L"))
	switch {
	case c.route.right == orders.CmdPlaceAgain:
		return "appointments"
	case err != nil || i < 1 || c.route.right == orders.CmdReschedule:
		return "from"
	}
	field := "lines[" + strconv.Itoa(i-1) + "].appointment"
	if c.route.right == orders.CmdResubmit {
		return "order." + field
	}
	return field
}

type slotBody struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

var china = time.FixedZone("Asia/Shanghai", 8*60*60)

func inChina(at time.Time) string { return at.In(china).Format("2006-01-02 15:04") }

func fromEcho(e *echo.HTTPError) *problemError {
	switch e.Code {
	case http.StatusNotFound:
		return refuse(codeUnknownAddress)
	case http.StatusMethodNotAllowed:
		return refuse(codeMethod)
	case http.StatusRequestEntityTooLarge:
		return refuse(codeBodyTooLarge, strconv.Itoa(maxBody/1024))
	case http.StatusUnsupportedMediaType:
		return refuse(codeMediaType)
	}
	if e.Code >= 400 && e.Code < 500 {
		return refuse(codeUnreadable)
	}
	return nil
}

// away tells whether the error means that Postgres or Temporal could not be reached or had no time, so that asking
// again helps. Errors of Postgres are known by their SQL state.
func away(err error) bool {
	var network net.Error
	var sql interface{ SQLState() string }
	switch {
	case errors.Is(err, orders.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	case errors.As(err, &sql):
		state := sql.SQLState()
		return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "53") || strings.HasPrefix(state, "57")
	}
	return false
}

// answerError is where every error ends: answered once, and logged once where it is ours.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	problem := asProblem(err)
	switch {
	case errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil:
		problem = refuse(codeUnavailable) // the caller is gone
	case problem == nil:
		slog.Error("request", "request_id", requestID(c), "route", c.Path(), "error", err)
		problem = refuse(orders.CodeInternal)
	case problem.Code == codeUnavailable:
		slog.Warn("dependency away", "request_id", requestID(c), "route", c.Path(), "error", err)
	}
	if err := answerProblem(c, problem); err != nil {
		slog.Error("answer", "request_id", requestID(c), "error", err)
	}
}
