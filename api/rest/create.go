package rest

import (
	"net/http"

	"amends/api/intake"
	"amends/orders"
)

// createOrder takes an order in: 201 once its workflow runs, 202 when it is accepted and not confirmed yet.
func (s *Server) createOrder(c *call) error {
	submission, raw, err := c.submission()
	if err != nil {
		return err
	}
	var form intake.Form
	wrong, err := bind(raw, &form)
	if err != nil {
		return err
	}
	f := &fields{list: wrong}
	if err := s.enter(c, form, &submission, f, ""); err != nil {
		return err
	}
	if len(f.list) > 0 {
		return c.unlessReplayed(submission, invalid(f.list), http.StatusCreated)
	}
	return c.submit(submission, http.StatusCreated)
}

// enter reads a form into a submission. The prefix goes before the fields of what is wrong with it.
func (s *Server) enter(c *call, form intake.Form, submission *orders.Submission, f *fields, prefix string) error {
	entry, wrong, err := s.intake.Read(c.Request().Context(), form)
	if err != nil {
		return err
	}
	for _, problem := range wrong {
		problem.Field = prefix + problem.Field
		if !f.covers(problem.Field) {
			f.join([]orders.FieldProblem{problem})
		}
	}
	submission.Draft, submission.Contact = &entry.Draft, &entry.Contact
	submission.NewCustomer, submission.Slots = entry.NewCustomer, entry.Slots
	return nil
}
