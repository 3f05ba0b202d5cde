package rest

import (
	"regexp"
	"slices"
	"time"

	"amends/api/messages"
	"amends/orders"
)

// stepBody is a step of a void as it stands.
type stepBody struct {
	plannedBody
	State         orders.StepState `json:"state"`
	Attempts      int              `json:"attempts"`
	LastError     string           `json:"last_error,omitempty"`
	Message       string           `json:"message,omitempty"` // the last error in words
	NextAttemptAt *time.Time       `json:"next_attempt_at,omitempty"`
	Since         *time.Time       `json:"since,omitempty"` // it is blocked
	Evidence      string           `json:"evidence,omitempty"`
	Outcome       string           `json:"outcome,omitempty"`
	Damaged       []parcelLineBody `json:"damaged,omitempty"`
	End           string           `json:"end,omitempty"`
	By            *orders.Actor    `json:"by,omitempty"`
	At            *time.Time       `json:"at,omitempty"`
	WaiveAskedBy  *orders.Actor    `json:"waive_asked_by,omitempty"`
	Verbs         []string         `json:"verbs"`
}

func (c *call) steps(o orders.Order, a orders.Amendment) []stepBody {
	return viewAll(a.Steps, func(s orders.Step) stepBody { return c.step(o, a, s) })
}

func (c *call) step(o orders.Order, a orders.Amendment, s orders.Step) stepBody {
	body := stepBody{
		plannedBody: planned(s), State: o.StepState(a, s), Attempts: s.Attempts, LastError: s.LastError, Evidence: s.Evidence,
		Outcome: s.Outcome, Damaged: parcelLines(s.Damaged), End: s.End, By: s.By, At: moment(s.At), WaiveAskedBy: s.WaiveBy,
		Verbs: c.verbs(o, a, s),
	}
	if blocked := o.StepBlocked(a, s); blocked != nil {
		body.LastError, body.NextAttemptAt, body.Since = blocked.Reason, moment(blocked.RetryAt), moment(blocked.Since)
	}
	if body.LastError != "" {
		body.Message = messages.About(c.locale, "reason", body.LastError)
	}
	return body
}

// rightOf is what a verb of a step needs.
var rightOf = map[string]string{"retry": orders.CmdRetryStep, "complete": orders.CmdCompleteStep, "waive": orders.CmdWaiveStep}

// verbs lists what the caller may do with a step. Who asked for a waiver is not the second person.
func (c *call) verbs(o orders.Order, a orders.Amendment, s orders.Step) []string {
	return slices.DeleteFunc(texts(o.StepVerbs(a, s)), func(verb string) bool {
		asked := verb == "waive" && s.WaiveBy != nil && s.WaiveBy.ID == c.actor.ID
		decides := verb == "complete" || verb == "waive" && s.WaiveBy != nil
		others := decides && !orders.Answers(c.actor, &s)
		return asked || others || !orders.May(c.actor.Role, rightOf[verb])
	})
}

// amendment finds the void that the path names in the order as it is stored.
func (c *call) amendment() (*orders.Amendment, orders.Order, error) {
	number, err := c.number()
	if err != nil {
		return nil, orders.Order{}, err
	}
	view, err := c.server.database.Order(c.Request().Context(), number)
	if err != nil {
		return nil, orders.Order{}, err
	}
	a := view.Order.Amendment(c.Param("void"))
	if a == nil {
		return nil, view.Order, refuse(codeNotFound)
	}
	return a, view.Order, nil
}

// showVoid answers what was done about a void with all of it.
func showVoid(c *call, r orders.Receipt) (any, error) {
	a, o, err := c.amendment()
	if err != nil {
		return nil, err
	}
	body := c.void(o, *a)
	body.CommandID, body.Links = r.CommandID, body.Links.withCommand(c.server, r)
	return body, nil
}

type approvePlanBody struct {
	mayExpect
	Note string `json:"note"`
}

func approvePlan(c *call, b approvePlanBody, s *orders.Submission, f *fields) error {
	a, _, err := c.amendment()
	if err != nil {
		return err
	}
	s.Command, s.NoteText = &orders.ApprovePlan{ID: a.ID, Limit: c.limit}, f.note("note", b.Note)
	return nil
}

type mayReasonBody struct {
	mayExpect
	Reason string `json:"reason"`
}

func declinePlan(c *call, b mayReasonBody, s *orders.Submission, f *fields) error {
	a, _, err := c.amendment()
	if err != nil {
		return err
	}
	s.Command, s.NoteText = &orders.DeclinePlan{ID: a.ID}, f.reason("reason", b.Reason)
	return nil
}

func revoke(c *call, b mayReasonBody, s *orders.Submission, f *fields) error {
	a, _, err := c.amendment()
	if err != nil {
		return err
	}
	s.Command, s.NoteText = &orders.Revoke{ID: a.ID}, f.note("reason", b.Reason)
	return nil
}

var stepPattern = regexp.MustCompile(`^[1-9][0-9]{0,5}$`)

// stepRef returns the step that the path names. It exists.
func (c *call) stepRef() (orders.StepRef, error) {
	step := c.Param("step")
	if !stepPattern.MatchString(step) {
		return orders.StepRef{}, refuse(codeNotFound)
	}
	a, _, err := c.amendment()
	if err != nil {
		return orders.StepRef{}, err
	}
	if a.Step(step) == nil {
		return orders.StepRef{}, refuse(codeNotFound)
	}
	return orders.StepRef{ID: a.ID, StepID: step}, nil
}

func retryStep(c *call, b mayReasonBody, s *orders.Submission, f *fields) error {
	step, err := c.stepRef()
	s.Command, s.NoteText = &orders.RetryStep{StepRef: step}, f.note("reason", b.Reason)
	return err
}

// waiveStep needs a reason, and a second person after the first.
func waiveStep(c *call, b mayReasonBody, s *orders.Submission, f *fields) error {
	step, err := c.stepRef()
	s.Command, s.NoteText = &orders.WaiveStep{StepRef: step}, f.reason("reason", b.Reason)
	return err
}

type completeStepBody struct {
	mayExpect
	Reason   string         `json:"reason"`
	Evidence string         `json:"evidence"`
	Outcome  string         `json:"outcome"`
	Damaged  []shipLineBody `json:"damaged"`
}

// completeStep takes the word of a person for what was done by hand: the books follow the evidence.
func completeStep(c *call, b completeStepBody, s *orders.Submission, f *fields) error {
	step, err := c.stepRef()
	s.Command = &orders.CompleteStep{
		StepRef: step, Evidence: f.required("evidence", b.Evidence, 200), Outcome: f.text("outcome", b.Outcome, 40),
		Damaged: f.shipLines("damaged", b.Damaged),
	}
	s.NoteText = f.note("reason", b.Reason)
	return err
}
