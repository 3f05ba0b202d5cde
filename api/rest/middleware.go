package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

const headerRequestID = "X-Request-Id"

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identify gives the request an ID, the caller's own where that is a plain one.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(headerRequestID)
		if !requestIDPattern.MatchString(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		c.Response().Header().Set(headerRequestID, id)
		return next(c)
	}
}

func requestID(c echo.Context) string { return c.Response().Header().Get(headerRequestID) }

// observe counts and logs every request, by its route: never the URI, which may hold what somebody searched for.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		path := c.Path()
		if path == "" {
			path = "unknown"
		}
		s.metrics.count(c.Request().Method, path, c.Response().Status, took)
		slog.Debug("request", "request_id", requestID(c), "method", c.Request().Method, "route", path,
			"status", c.Response().Status, "took_ms", took.Milliseconds())
		return nil
	}
}

// secure sets the headers that keep browsers from making more of an answer than it is.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// recoverPanics turns a panic into an internal problem. The stack goes to the log and nowhere else.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			recovered := recover()
			if recovered == nil {
				return
			}
			if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(recovered)
			}
			stack := make([]byte, 8<<10)
			stack = stack[:runtime.Stack(stack, false)]
			slog.Error("panic", "request_id", requestID(c), "route", c.Path(), "panic", fmt.Sprint(recovered), "stack", string(stack))
			err = errPanic
		}()
		return next(c)
	}
}

var errPanic = errors.New("the handler panicked")
