package orders

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The verbs on steps. A step is named by the amendment and its number, or, so that one signal mends many orders, by its
// kind; without either all blocked ones are meant.
type (
	// RetryStep has a blocked step done again.
	RetryStep struct {
		Header
		StepRef
	}
	// CompleteStep says that a person has done the step: their own part, or what the system could not.
	CompleteStep struct {
		Header
		StepRef
		Evidence string     `json:"evidence"`          // a reference: the number of a slip, never personal
		Outcome  string     `json:"outcome,omitempty"` // good or damaged; intercepted or intercept_refused
		Damaged  []ShipLine `json:"damaged,omitempty"` // which units; none: all
	}
	// WaiveStep asks to go without a step, and is granted when a second, signed-in person asks too.
	WaiveStep struct {
		Header
		StepRef
	}
)

// StepRef names steps.
type StepRef struct {
	ID     string `json:"id,omitempty"` // of the amendment
	StepID string `json:"step_id,omitempty"`
	Kind   string `json:"kind,omitempty"`
}

func (*RetryStep) Name() string    { return CmdRetryStep }
func (*CompleteStep) Name() string { return CmdCompleteStep }
func (*WaiveStep) Name() string    { return CmdWaiveStep }

func (c *RetryStep) guard(o *Order) error    { return someStep(o, c, c.StepRef, "retry") }
func (c *CompleteStep) guard(o *Order) error { return someStep(o, c, c.StepRef, "complete") }
func (c *WaiveStep) guard(o *Order) error    { return someStep(o, c, c.StepRef, "waive") }

// someStep refuses a verb where no step would take it. Where one step is named, deciding says what is wrong with that.
func someStep(o *Order, c Command, named StepRef, verb string) error {
	if named.ID != "" {
		return nil
	}
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if slices.Contains(o.StepVerbs(a, s), verb) {
				return nil
			}
		}
	}
	return refuse(o, c, CodeStepNotBlocked)
}

// target is a step with the amendment it belongs to.
type target struct {
	a    *Amendment
	s    *Step
	task string
}

// targets finds the steps that a verb is meant for.
func (r StepRef) targets(o *Order, c Command, verb string) ([]target, error) {
	if r.ID != "" && o.Amendment(r.ID) == nil {
		return nil, refuse(o, c, CodeUnknownVoid, r.ID)
	}
	if r.ID != "" && r.StepID != "" {
		return r.one(o, c, verb)
	}
	var list []target
	for i := range o.Amendments {
		a := &o.Amendments[i]
		for j := range a.Steps {
			s := &a.Steps[j]
			named := (r.ID == "" || r.ID == a.ID) && (r.StepID == "" || r.StepID == s.ID) && (r.Kind == "" || r.Kind == s.Kind)
			waiting := r.Kind == "" && r.StepID == "" && o.StepState(*a, *s) != StepBlocked
			if named && !waiting && slices.Contains(o.StepVerbs(*a, *s), verb) {
				list = append(list, target{a, s, o.taskOf(a, *s)})
			}
		}
	}
	if len(list) == 0 {
		return nil, refuse(o, c, CodeStepNotBlocked)
	}
	return list, nil
}

func (r StepRef) one(o *Order, c Command, verb string) ([]target, error) {
	a := o.Amendment(r.ID)
	s := a.Step(r.StepID)
	switch {
	case s == nil:
		return nil, refuse(o, c, CodeUnknownStep, r.StepID)
	case slices.Contains(o.StepVerbs(*a, *s), verb):
		return []target{{a, s, o.taskOf(a, *s)}}, nil
	case s.End != "":
		return nil, refuse(o, c, CodeStepEnded, s.ID)
	case verb == "complete" && ourBooks(s.Kind):
		return nil, refuse(o, c, CodeStepNotByHand, s.ID)
	case verb == "waive" && !waivable(s.Kind):
		return nil, refuse(o, c, CodeStepNotWaivable, s.ID)
	}
	return nil, refuse(o, c, CodeStepNotBlocked, s.ID)
}

func (c *RetryStep) decide(d *decider) error {
	list, err := c.targets(&d.o, c, "retry")
	if err != nil {
		return err
	}
	retry := &retried{}
	for _, t := range list {
		retry.Tasks = append(retry.Tasks, t.task)
	}
	d.subject = list[0].a.ID
	d.emit(retry)
	return nil
}

func (c *CompleteStep) decide(d *decider) error {
	list, err := c.targets(&d.o, c, "complete")
	if err != nil {
		return err
	}
	for _, t := range list {
		if !Answers(d.by, t.s) {
			return ErrForbidden
		}
	}
	if c.Evidence == "" {
		return invalid("evidence", "required")
	}
	if utf8.RuneCountInString(c.Evidence) > 200 {
		return invalid("evidence", "too_long", 200)
	}
	for _, t := range list {
		if err := c.fits(t.s); err != nil {
			return err
		}
	}
	d.subject = list[0].a.ID
	for _, t := range list {
		c.complete(d, *t.a, *t.s, t.task)
	}
	return nil
}

// Answers tells whether somebody may say that a step is done: whoever answers for it, and managers. A signal's author is
// unverified whatever role they claim; the audit log has their word.
func Answers(by Actor, s *Step) bool {
	return by.Role == s.Role || by.Role == "manager" || !by.Verified
}

// fits refuses an outcome that the step cannot have.
func (c *CompleteStep) fits(s *Step) error {
	var outcomes []string
	switch s.Kind {
	case StepInspect:
		outcomes = []string{OutcomeGood, OutcomeDamaged}
	case StepIntercept:
		outcomes = []string{OutcomeIntercepted, OutcomeRefused}
	case StepCarryOver:
		outcomes = []string{OutcomeRefund}
	}
	switch {
	case len(outcomes) > 0 && c.Outcome == "":
		return invalid("outcome", "required")
	case len(outcomes) > 0 && !slices.Contains(outcomes, c.Outcome):
		return invalid("outcome", "unknown_value", strings.Join(outcomes, ", "))
	case len(outcomes) == 0 && c.Outcome != "":
		return invalid("outcome", "not_taken")
	case len(c.Damaged) > 0 && (s.Kind != StepInspect || c.Outcome != OutcomeDamaged):
		return invalid("damaged", "not_taken")
	}
	for i, damaged := range c.Damaged {
		field := "damaged[" + id("", i-1) + "]"
		repeated := slices.ContainsFunc(c.Damaged[:i], func(l ShipLine) bool { return l.LineID == damaged.LineID })
		most := quantityIn(s.Lines, damaged.LineID)
		switch {
		case most == 0:
			return invalid(field+".line_id", "unknown_line")
		case repeated:
			return invalid(field+".line_id", "repeated")
		case damaged.Quantity < 1 || damaged.Quantity > most:
			return invalid(field+".quantity", "out_of_range", 1, most)
		}
	}
	return nil
}

// complete records what a person did. Where books of ours must follow, the step runs on.
func (c *CompleteStep) complete(d *decider, a Amendment, s Step, task string) {
	switch s.Kind {
	case StepPutBack, StepRefund, StepReleasePayment:
		blocked := d.o.StepBlocked(a, s)
		newKey := blocked != nil && !IsFault(blocked.Reason) && blocked.Reason != ReasonOverdue
		d.emit(&stepConfirmed{
			ID: a.ID, Step: s.ID, Task: task, By: d.by, ByHand: s.Kind != StepPutBack, Evidence: c.Evidence, NewKey: newKey,
		})
		return
	case StepCarryOver:
		e := &stepAmended{ID: a.ID, Step: s.ID, Why: OutcomeRefund, Kind: StepRefund, By: d.actor(), Evidence: c.Evidence}
		for _, goods := range d.o.goodsFirst(&a) {
			e.After = append(e.After, Waits{Step: s.ID, For: goods})
		}
		d.emit(e)
		return
	case StepReceive:
		d.emit(&goodsReturned{Shipment: s.Subject, Lines: s.Lines})
	case StepIntercept:
		if c.Outcome == OutcomeRefused {
			d.emit(d.o.toReturn(&a, s, OutcomeRefused))
		} else {
			d.emit(&parcelMoved{Shipment: s.Subject, Status: Intercepted, At: d.now})
		}
	}
	d.emit(&stepEnded{
		ID: a.ID, Step: s.ID, Task: task, End: EndCompleted, By: d.actor(), Outcome: c.Outcome, Evidence: c.Evidence,
		Damaged: c.damaged(s),
	})
}

// damaged spreads what was found damaged over the parcel's lines.
func (c *CompleteStep) damaged(s Step) []ShipmentLine {
	if c.Outcome != OutcomeDamaged {
		return nil
	}
	if len(c.Damaged) == 0 {
		return s.Lines
	}
	var lines []ShipmentLine
	for _, l := range s.Lines {
		i := slices.IndexFunc(c.Damaged, func(d ShipLine) bool { return d.LineID == l.LineID })
		if i < 0 {
			continue
		}
		if l.Quantity = min(l.Quantity, c.Damaged[i].Quantity-quantityIn(lines, l.LineID)); l.Quantity > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// decide needs a reason and two people. A raw signal is no person: it only asks.
func (c *WaiveStep) decide(d *decider) error {
	list, err := c.targets(&d.o, c, "waive")
	if err != nil {
		return err
	}
	if c.NoteID == "" && c.Reason == "" {
		return invalid("reason", "required")
	}
	for _, t := range list {
		switch {
		case t.s.WaiveBy == nil:
		case !d.by.Verified:
			return refuse(&d.o, c, CodeWaiveAsked, t.s.ID)
		case t.s.WaiveBy.ID == d.by.ID:
			return refuse(&d.o, c, CodeOwnRequest)
		case !Answers(d.by, t.s): // anybody may ask; who answers for the step, or a manager, grants
			return ErrForbidden
		}
	}
	d.subject = list[0].a.ID
	for _, t := range list {
		if t.s.WaiveBy == nil {
			d.emit(&waiveAsked{ID: t.a.ID, Step: t.s.ID, By: d.by})
		} else {
			d.emit(&stepEnded{ID: t.a.ID, Step: t.s.ID, Task: t.task, End: EndWaived, By: d.actor()})
		}
	}
	return nil
}
