package rest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"amends/api/intake"
	"amends/orders"
)

const (
	defaultLimit = 50
	maxLimit     = 100
	maxCursor    = 2000 // characters
)

var (
	sorts     = []string{"-created_at", "created_at"}
	flagNames = []string{orders.FlagAttention, "on_hold", "overdue", "voiding", orders.FlagGone}
)

// parameters refuses query parameters that the route does not have, and any that is there twice.
func (c *call) parameters(known ...string) error {
	query, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return refuse(codeUnreadable)
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case !slices.Contains(known, name):
			return (&unreadableError{code: codeUnknownParameter, field: join("", name)}).problem()
		case len(query[name]) > 1:
			return (&unreadableError{code: codeDuplicateField, field: name}).problem()
		}
	}
	return nil
}

func (c *call) orderQuery() (orders.OrderQuery, error) {
	err := c.parameters("q", "stage", "flag", "customer", "phone", "sku", "service_type", "from", "to", "sort", "cursor", "limit")
	if err != nil {
		return orders.OrderQuery{}, err
	}
	f := &fields{}
	q := orders.OrderQuery{
		Q:        f.text("q", c.QueryParam("q"), 100),
		Stage:    orders.Stage(f.oneOf("stage", c.QueryParam("stage"), stageNames())),
		Flag:     f.oneOf("flag", c.QueryParam("flag"), flagNames),
		Customer: f.text("customer", c.QueryParam("customer"), 64),
		Phone:    f.phone("phone", c.QueryParam("phone")),
		SKU:      f.text("sku", c.QueryParam("sku"), 64),
		From:     f.time("from", c.QueryParam("from")),
		To:       f.time("to", c.QueryParam("to")),
		Sort:     f.oneOf("sort", c.QueryParam("sort"), sorts),
		Cursor:   f.cursor("cursor", c.QueryParam("cursor")),
		Limit:    f.limit("limit", c.QueryParam("limit")),
	}
	if q.ServiceType, err = c.service(f, "service_type", c.QueryParam("service_type")); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		f.add("to", "ends_before_start")
	}
	if q.Sort == "" {
		q.Sort = sorts[0]
	}
	if len(f.list) > 0 {
		return q, invalid(f.list)
	}
	return q, nil
}

func (c *call) timelineQuery() (before int64, limit int, err error) {
	if err := c.parameters("before", "limit"); err != nil {
		return 0, 0, err
	}
	f := &fields{}
	if typed := c.QueryParam("before"); typed != "" {
		if before, err = strconv.ParseInt(typed, 10, 64); err != nil || before < 1 {
			f.add("before", codeBadCursor)
		}
	}
	limit = f.limit("limit", c.QueryParam("limit"))
	if len(f.list) > 0 {
		return 0, 0, invalid(f.list)
	}
	return before, limit, nil
}

func stageNames() []string {
	return viewAll(orders.Stages(), func(s orders.Stage) string { return string(s) })
}

func (f *fields) oneOf(field, typed string, known []string) string {
	if typed != "" && !slices.Contains(known, typed) {
		f.add(field, codeUnknownValue, strings.Join(known, ", "))
		return ""
	}
	return typed
}

func (f *fields) phone(field, typed string) string {
	if typed == "" {
		return ""
	}
	ending, ok := intake.PhoneEnding(typed)
	if !ok {
		f.add(field, "not_a_phone_ending")
		return ""
	}
	return ending
}

// service takes the SKU of a service.
func (c *call) service(f *fields, field, typed string) (string, error) {
	sku := f.text(field, typed, 64)
	if sku == "" {
		return "", nil
	}
	found, err := c.server.database.Products(c.Request().Context(), []string{sku})
	if err != nil {
		return "", err
	}
	switch {
	case len(found) == 0:
		f.add(field, intake.CodeUnknownSKU, sku)
	case found[0].Kind != orders.Service:
		f.add(field, "not_a_service")
	}
	return sku, nil
}

func (f *fields) time(field, typed string) time.Time {
	if typed == "" {
		return time.Time{}
	}
	at, ok := readTime(typed)
	if !ok {
		f.add(field, codeNotTime)
	}
	return at
}

// cursor passes on what a page gave out; whoever gave it out reads it.
func (f *fields) cursor(field, typed string) string {
	if len(typed) > maxCursor {
		f.add(field, codeBadCursor)
		return ""
	}
	return typed
}

func (f *fields) limit(field, typed string) int {
	if typed == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(typed)
	if err != nil || n < 1 || n > maxLimit {
		f.add(field, codeOutOfRange, "1", strconv.Itoa(maxLimit))
	}
	return n
}

// covers tells whether the field, or a list or object it is in, has a problem already.
func (f *fields) covers(field string) bool {
	return slices.ContainsFunc(f.list, func(p orders.FieldProblem) bool {
		rest, ok := strings.CutPrefix(field, p.Field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
