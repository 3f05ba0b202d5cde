package rest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"amends/money"
	"amends/orders"
)

func (s *Server) readOrder(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	if err := c.parameters(); err != nil {
		return err
	}
	view, err := s.database.Order(c.Request().Context(), number)
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", strconv.Quote(strconv.FormatInt(view.Order.Version, 10)))
	return c.JSON(http.StatusOK, s.orderView(view, c.actor, c.locale))
}

// summaryBody is one row of a list.
type summaryBody struct {
	Number            string       `json:"number"`
	Stage             orders.Stage `json:"stage"`
	Version           int64        `json:"version"`
	Flags             []string     `json:"flags"`
	CustomerID        string       `json:"customer_id"`
	CustomerName      string       `json:"customer_name"`
	CustomerReference string       `json:"customer_reference"`
	Total             money.Amount `json:"total"`
	CreatedAt         time.Time    `json:"created_at"`
	UpdatedAt         time.Time    `json:"updated_at"`
	Links             links        `json:"links"`
}

type pageBody struct {
	Items         []summaryBody `json:"items"`
	NextCursor    string        `json:"next_cursor"`
	TotalEstimate int64         `json:"total_estimate"`
}

func (s *Server) listOrders(c *call) error {
	query, err := c.orderQuery()
	if err != nil {
		return err
	}
	page, err := s.database.Orders(c.Request().Context(), query)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, pageBody{
		Items: viewAll(page.Items, s.summary), NextCursor: page.NextCursor, TotalEstimate: page.TotalEstimate,
	})
}

func (s *Server) summary(o orders.Summary) summaryBody {
	return summaryBody{
		Number: o.Number, Stage: o.Stage, Version: o.Version, Flags: viewAll(o.Flags, func(f string) string { return f }),
		CustomerID: o.CustomerID, CustomerName: o.CustomerName, CustomerReference: o.CustomerRef, Total: o.Total,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Links: s.links(o.Number),
	}
}

type eventBody struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Actor     orders.Actor    `json:"actor"`
	Kind      string          `json:"kind"`
	Reason    string          `json:"reason"`
	Before    orders.Stage    `json:"before"`
	After     orders.Stage    `json:"after"`
	RequestID string          `json:"request_id"`
	Data      json.RawMessage `json:"data,omitempty"`
}

type timelineBody struct {
	Items      []eventBody `json:"items"`
	NextBefore int64       `json:"next_before"` // zero on the last page
}

func (s *Server) readTimeline(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	before, limit, err := c.timelineQuery()
	if err != nil {
		return err
	}
	events, err := s.database.Timeline(c.Request().Context(), number, before, limit)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		if _, err := s.database.Order(c.Request().Context(), number); err != nil {
			return err
		}
	}
	body := timelineBody{Items: viewAll(events, event)}
	if len(events) == limit && events[limit-1].Seq > 1 {
		body.NextBefore = events[limit-1].Seq
	}
	return c.JSON(http.StatusOK, body)
}

func event(e orders.TimelineEntry) eventBody {
	return eventBody{
		Seq: e.Seq, At: e.At, Actor: e.Actor, Kind: e.Kind, Reason: e.Reason, Before: e.Before, After: e.After,
		RequestID: e.Command, Data: e.Data,
	}
}

// commandBody is what is known of a command: pending, accepted with its answer, or refused with the problem.
type commandBody struct {
	Status    string       `json:"status"`
	CommandID string       `json:"command_id"`
	Number    string       `json:"number"`
	Answer    *answerBody  `json:"answer,omitempty"`
	Problem   *problemBody `json:"problem,omitempty"`
	Links     links        `json:"links"`
}

var commandPattern = regexp.MustCompile(`^[0-9A-Za-z:._-]{1,255}$`)

func (s *Server) readCommand(c *call) error {
	id := c.Param("id")
	if !commandPattern.MatchString(id) {
		return refuse(codeNotFound)
	}
	receipt, err := s.commands.Command(c.Request().Context(), id, c.actor)
	if err != nil {
		return err
	}
	body := commandBody{
		Status: "pending", CommandID: receipt.CommandID, Number: receipt.Order,
		Links: s.links(receipt.Order).withCommand(s, receipt),
	}
	switch {
	case receipt.Pending:
		c.Response().Header().Set("Retry-After", "1")
	case receipt.Outcome.Accepted && receipt.Outcome.Answer != nil:
		answer := c.accepted(receipt)
		body.Status, body.Answer = "accepted", &answer
	case receipt.Outcome.Problem != nil:
		problem := describe(*receipt.Outcome.Problem, c.locale, requestID(c))
		body.Status, body.Problem = "refused", &problem
	}
	return c.JSON(http.StatusOK, body)
}

// answerRefusal answers what the order refused. Where the caller's view was too old or the order's state is in the
// way, the current version and a summary come with it.
func (c *call) answerRefusal(r orders.Receipt) error {
	problem := &problemError{Problem: *r.Outcome.Problem}
	if statusOf(problem.Code) == http.StatusConflict {
		problem.extension = c.current(r.Order)
	}
	return answerProblem(c, problem)
}

// current is a courtesy: without it the problem stands.
func (c *call) current(number string) map[string]any {
	view, err := c.server.database.Order(c.Request().Context(), number)
	if err != nil {
		if !errors.Is(err, orders.ErrNotFound) {
			slog.Warn("read the order for a problem", "request_id", requestID(c), "error", err)
		}
		return nil
	}
	return standing(view)
}

// standing are the members of a problem that say where the order stands.
func standing(view orders.OrderView) map[string]any {
	o := view.Order
	return map[string]any{"current_version": o.Version, "order": currentBody{
		Number: o.Number, Version: o.Version, Stage: o.Stage, Flags: view.Flags(), UpdatedAt: view.UpdatedAt,
	}}
}

type currentBody struct {
	Number    string       `json:"number"`
	Version   int64        `json:"version"`
	Stage     orders.Stage `json:"stage"`
	Flags     []string     `json:"flags"`
	UpdatedAt time.Time    `json:"updated_at"`
}
