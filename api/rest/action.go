package rest

import (
	"errors"
	"net/http"
	"strconv"

	"amends/api/intake"
	"amends/orders"
)

// versioned is the body of a command: it names the version of the order that the caller has seen.
type versioned interface {
	expected() (version *int64, required bool)
}

// expects is the part of a command's body that must name the version.
type expects struct {
	ExpectedVersion *int64 `json:"expected_version"`
}

func (e expects) expected() (*int64, bool) { return e.ExpectedVersion, true }

// mayExpect is the same where a plan's hash or the state of a step says as much.
type mayExpect struct {
	ExpectedVersion *int64 `json:"expected_version"`
}

func (e mayExpect) expected() (*int64, bool) { return e.ExpectedVersion, false }

// fields collects what is wrong with a body. The first problem of a field stands.
type fields struct{ list []orders.FieldProblem }

func (f *fields) add(field, code string, params ...string) {
	f.join([]orders.FieldProblem{{Field: field, Code: code, Params: params}})
}

func (f *fields) join(list []orders.FieldProblem) {
	for _, problem := range list {
		if !f.has(problem.Field) {
			f.list = append(f.list, problem)
		}
	}
}

func (f *fields) has(field string) bool {
	for _, problem := range f.list {
		if problem.Field == field {
			return true
		}
	}
	return false
}

// text and required are intake's checks with the problem filed.
func (f *fields) text(field, typed string, most int) string {
	return f.keep(intake.Text(field, typed, most))
}

func (f *fields) required(field, typed string, most int) string {
	return f.keep(intake.Required(field, typed, most))
}

func (f *fields) note(field, typed string) string {
	return f.keep(intake.Paragraphs(field, typed, 2000))
}

func (f *fields) reason(field, typed string) string {
	if intake.Blank(typed) {
		f.add(field, codeRequired)
	}
	return f.note(field, typed)
}

func (f *fields) keep(text string, problem *orders.FieldProblem) string {
	if problem != nil {
		f.join([]orders.FieldProblem{*problem})
	}
	return text
}

// maxVersion is far beyond what the commands of an order add up to, and a number that every JSON reader keeps exactly.
const maxVersion = 1<<53 - 1

// act makes a handler of a function that turns a command's body into what is submitted. The function checks what the
// body says and files what is wrong with it.
func act[B versioned](status int, fill func(c *call, body B, s *orders.Submission, f *fields) error) func(*call) error {
	return actShowing(nil, status, fill)
}

// actShowing is act with another answer than what the receipt alone says.
func actShowing[B versioned](
	show func(*call, orders.Receipt) (any, error), status int, fill func(c *call, body B, s *orders.Submission, f *fields) error,
) func(*call) error {
	return func(c *call) error {
		c.show = show
		if _, err := c.number(); err != nil {
			return err
		}
		s, raw, err := c.submission()
		if err != nil {
			return err
		}
		var body B
		wrong, err := bind(raw, &body)
		if err != nil {
			return err
		}
		f := &fields{list: wrong}
		version := f.version(body)
		if err := fill(c, body, &s, f); err != nil {
			return err
		}
		if len(f.list) > 0 {
			return c.unlessReplayed(s, invalid(f.list), status)
		}
		s.Command.Head().ExpectedVersion = version
		return c.submit(s, status)
	}
}

func (f *fields) version(body versioned) *int64 {
	version, required := body.expected()
	switch {
	case version == nil && required:
		f.add("expected_version", codeRequired)
	case version == nil:
	case *version < 1:
		f.add("expected_version", codeTooSmall, "1")
	case *version > maxVersion:
		f.add("expected_version", codeOutOfRange, "1", strconv.Itoa(maxVersion))
	}
	return version
}

// unlessReplayed answers a repeated request as it was answered first, though it would be refused now: a time that was
// in the future then may be in the past.
func (c *call) unlessReplayed(s orders.Submission, problem *problemError, status int) error {
	receipt, err := c.server.commands.Replay(c.Request().Context(), s)
	switch {
	case errors.Is(err, orders.ErrNotFound):
		return problem
	case err != nil:
		return err
	}
	receipt.Replayed = true
	return c.answer(receipt, status)
}

func (c *call) submit(s orders.Submission, status int) error {
	receipt, err := c.server.commands.Submit(c.Request().Context(), s)
	var taken *orders.SlotTakenError
	if errors.As(err, &taken) {
		return c.slotTaken(taken)
	}
	if err != nil {
		return err
	}
	return c.answer(receipt, status)
}

// answerBody is the answer to a command. It is made from the receipt alone, so that a repeat gets the same one.
type answerBody struct {
	Status        string       `json:"status"`
	CommandID     string       `json:"command_id"`
	Number        string       `json:"number,omitempty"`
	Version       int64        `json:"version,omitempty"`
	Stage         orders.Stage `json:"stage,omitempty"`
	ShipmentID    string       `json:"shipment_id,omitempty"`
	AppointmentID string       `json:"appointment_id,omitempty"`
	PurchaseID    string       `json:"purchase_id,omitempty"`
	VoidID        string       `json:"void_id,omitempty"`
	Links         links        `json:"links"`
}

// links lead on. Temporal is the order's workflow in the Web UI.
type links struct {
	Self     string `json:"self"`
	Order    string `json:"order,omitempty"`
	Timeline string `json:"timeline,omitempty"`
	Command  string `json:"command,omitempty"`
	Temporal string `json:"temporal,omitempty"`
}

// answer writes a receipt: the outcome, or 202 while there is none.
func (c *call) answer(r orders.Receipt, status int) error {
	if r.Replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	switch {
	case r.Pending:
		c.Response().Header().Set("Retry-After", "1")
		return c.JSON(http.StatusAccepted, c.pending(r))
	case r.Outcome.Accepted && r.Outcome.Answer != nil:
		if status == http.StatusCreated && (c.route.right == orders.CmdCreate || c.route.right == orders.CmdPlaceAgain) {
			c.Response().Header().Set("Location", c.server.orderURL(r.Order))
		}
		return c.answerAccepted(r, status)
	case r.Outcome.Problem != nil:
		return c.answerRefusal(r)
	}
	return errors.New("the receipt of " + r.CommandID + " says nothing")
}

// answerAccepted writes the outcome as the route shows it. What a route shows beside the receipt is read anew: where it
// cannot be read, the caller repeats the request.
func (c *call) answerAccepted(r orders.Receipt, status int) error {
	if c.show == nil {
		return c.JSON(status, c.accepted(r))
	}
	body, err := c.show(c, r)
	if err != nil {
		return err
	}
	return c.JSON(status, body)
}

func (c *call) pending(r orders.Receipt) answerBody {
	return answerBody{
		Status: "pending", CommandID: r.CommandID, Number: r.Order, Links: c.server.links(r.Order).withCommand(c.server, r),
	}
}

func (c *call) accepted(r orders.Receipt) answerBody {
	answer := r.Outcome.Answer
	body := answerBody{
		Status: "accepted", CommandID: r.CommandID, Number: answer.Number, Version: answer.Version, Stage: answer.Stage,
		Links: c.server.links(answer.Number).withCommand(c.server, r),
	}
	body.name(answer.Subject)
	return body
}

// name says what the command made or moved. The letters of its ID tell what it is.
func (b *answerBody) name(subject string) {
	if _, ok := orders.AmendmentOrder(subject); ok {
		b.VoidID = subject
		return
	}
	if len(subject) < 2 {
		return
	}
	switch subject[0] {
	case 'S':
		b.ShipmentID = subject
	case 'A':
		b.AppointmentID = subject
	case 'B':
		b.PurchaseID = subject
	}
}

func (l links) withCommand(s *Server, r orders.Receipt) links {
	if r.CommandID != "" {
		l.Command = s.config.PublicURL + "/api/v1/commands/" + r.CommandID
	}
	return l
}
