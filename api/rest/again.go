package rest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"amends/api/intake"
	"amends/orders"
)

type againForm struct {
	Appointments []againSlotBody `json:"appointments"`
}

type againSlotBody struct {
	LineID string     `json:"line_id"`
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`
}

// placeAgain makes a new order of what a voided one was, linked to it. Its services are wanted at the times that were
// agreed, where these still lie ahead, or at those of the body.
func (s *Server) placeAgain(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	var form againForm
	submission, f, err := c.form(&form)
	if err != nil {
		return err
	}
	view, err := s.database.Order(c.Request().Context(), number)
	if err != nil {
		return err
	}
	draft, err := again(view.Order)
	var refusal *problemError
	if err = judged(err, view); errors.As(err, &refusal) {
		submission.Order = ""
		return c.unlessReplayed(submission, refusal, http.StatusCreated)
	}
	if err != nil {
		return err
	}
	contact := view.Contact
	contact.ID = c.recordID(submission)
	submission.Order, submission.Draft, submission.Contact = "", &draft, &contact
	submission.Slots = f.slotsAgain(form.Appointments, view.Order, s.config.Clock())
	if len(f.list) > 0 {
		return c.unlessReplayed(submission, invalid(f.list), http.StatusCreated)
	}
	return c.submit(submission, http.StatusCreated)
}

// again is the draft, unless the order was placed again before.
func again(o orders.Order) (orders.Draft, error) {
	if o.ReplacedBy != "" {
		return orders.Draft{}, &orders.TransitionError{
			Command: orders.CmdPlaceAgain, Stage: o.Stage, Code: orders.CodePlacedAgain, Params: []string{o.ReplacedBy},
		}
	}
	return o.Again()
}

// slotsAgain asks for a time for each service of the order.
func (f *fields) slotsAgain(typed []againSlotBody, o orders.Order, now time.Time) []orders.SlotRequest {
	for i, slot := range typed {
		path := "appointments[" + strconv.Itoa(i) + "]."
		line := o.Line(f.required(path+"line_id", slot.LineID, 20))
		twice := slices.ContainsFunc(typed[:i], func(s againSlotBody) bool { return s.LineID == slot.LineID })
		switch {
		case line == nil:
			f.add(path+"line_id", "unknown_line")
		case line.Kind != orders.Service:
			f.add(path+"line_id", intake.CodeAppointment)
		case twice:
			f.add(path+"line_id", "repeated")
		}
		f.join(intake.CheckSlot(path, slot.From, slot.To, now))
	}
	var wanted []orders.SlotRequest
	for _, l := range o.Lines {
		if l.Kind == orders.Service {
			wanted = append(wanted, f.slotAgain(l, typed, o, now))
		}
	}
	return wanted
}

func (f *fields) slotAgain(l orders.Line, typed []againSlotBody, o orders.Order, now time.Time) orders.SlotRequest {
	wanted := orders.SlotRequest{LineID: l.ID, SKU: l.SKU}
	for _, slot := range typed {
		if slot.LineID == l.ID && slot.From != nil && slot.To != nil {
			wanted.From, wanted.To = *slot.From, *slot.To
			return wanted
		}
	}
	for _, slot := range o.AgreedSlots() {
		if slot.LineID == l.ID && slot.From.After(now) {
			wanted.From, wanted.To = slot.From, slot.To
		}
	}
	if wanted.From.IsZero() {
		f.add("appointments", intake.CodeNoAppointment)
	}
	return wanted
}
