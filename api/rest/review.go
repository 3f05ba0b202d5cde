package rest

import (
	"errors"
	"slices"

	"amends/api/intake"
	"amends/orders"
)

// The handlers of this file fill a submission from the body of one command each.

type approveBody struct {
	expects
	Note string `json:"note"`
}

func approve(_ *call, b approveBody, s *orders.Submission, f *fields) error {
	s.Command, s.NoteText = &orders.Approve{}, f.note("note", b.Note)
	return nil
}

type reasonedBody struct {
	expects
	Reason string `json:"reason"`
}

func sendBack(_ *call, b reasonedBody, s *orders.Submission, f *fields) error {
	s.Command, s.NoteText = &orders.SendBack{}, f.reason("reason", b.Reason)
	return nil
}

func hold(_ *call, b reasonedBody, s *orders.Submission, f *fields) error {
	s.Command, s.NoteText = &orders.PutOnHold{}, f.reason("reason", b.Reason)
	return nil
}

type bareBody struct{ expects }

func resume(_ *call, _ bareBody, s *orders.Submission, _ *fields) error {
	s.Command = &orders.Resume{}
	return nil
}

func retry(_ *call, _ bareBody, s *orders.Submission, _ *fields) error {
	s.Command = &orders.Retry{}
	return nil
}

type resubmitBody struct {
	expects
	Order *intake.Form `json:"order"`
}

// resubmit starts the review again, with a whole new order where there is one.
func resubmit(c *call, b resubmitBody, s *orders.Submission, f *fields) error {
	s.Command = &orders.Resubmit{}
	if b.Order == nil {
		return nil
	}
	return c.server.enter(c, *b.Order, s, f, "order.")
}

type rejectBody struct {
	expects
	ReasonCode string `json:"reason_code"`
	Note       string `json:"note"`
	Survivor   string `json:"survivor"`
}

func reject(c *call, b rejectBody, s *orders.Submission, f *fields) error {
	s.Command = &orders.Reject{ReasonCode: f.required("reason_code", b.ReasonCode, 50), Survivor: b.Survivor}
	s.NoteText = f.note("note", b.Note)
	switch {
	case b.Survivor == "":
		return nil
	case !numberPattern.MatchString(b.Survivor):
		f.add("survivor", "not_an_order_number")
		return nil
	case b.Survivor == s.Order:
		f.add("survivor", "same_order")
		return nil
	}
	return c.survivor(b.Survivor, s.Order, f)
}

// survivor checks the order that is to live on: it must be a living one of the same customer.
func (c *call) survivor(number, rejected string, f *fields) error {
	order, err := c.server.database.Order(c.Request().Context(), rejected)
	if err != nil {
		return err
	}
	survivor, err := c.server.database.Order(c.Request().Context(), number)
	switch {
	case errors.Is(err, orders.ErrNotFound):
		f.add("survivor", "unknown_order", number)
	case err != nil:
		return err
	case slices.Contains([]orders.Stage{orders.Rejected, orders.Voiding, orders.Voided}, survivor.Order.Stage):
		f.add("survivor", "survivor_rejected", number, string(survivor.Order.Stage))
	case survivor.Order.CustomerID != order.Order.CustomerID:
		f.add("survivor", "other_customer", number)
	}
	return nil
}
