package rest

import (
	"net/http"

	"github.com/google/uuid"

	"amends/orders"
)

// recordSpace makes the IDs of what staff write down: a repeated request names the same row.
var recordSpace = uuid.MustParse("6f0b8a0e-2a54-4d6c-9a0c-6a3a3a1d5b7e")

// recordID is the ID of what a submission writes: the same actor, path and key are the same row.
func (c *call) recordID(s orders.Submission) string {
	return uuid.NewSHA1(recordSpace, []byte(s.Actor.ID+"\n"+c.Request().URL.Path+"\n"+s.Key)).String()
}

type noteForm struct {
	Text string `json:"text"`
}

type recordedBody struct {
	ID    string `json:"id"`
	Links *links `json:"links,omitempty"` // to the order, where there is one
}

func (s *Server) addNote(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	var form noteForm
	submission, f, err := c.form(&form)
	if err != nil {
		return err
	}
	note := orders.NoteView{ID: c.recordID(submission), Author: c.actor.ID, At: s.config.Clock().UTC(), Text: f.reason("text", form.Text)}
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	view, err := s.database.Order(c.Request().Context(), number)
	if err != nil {
		return err
	}
	for _, earlier := range view.Notes {
		if earlier.ID == note.ID {
			return c.recordedBefore(number, note.ID, earlier.Text == note.Text)
		}
	}
	if err := s.database.AddNote(c.Request().Context(), number, note); err != nil {
		return err
	}
	return c.recorded(number, note.ID)
}

type contactForm struct {
	Channel string `json:"channel"`
	Outcome string `json:"outcome"`
	Text    string `json:"text"`
}

var channels = []string{"phone", "wechat", "sms", "email", "in_person"}

func (s *Server) addContact(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	var form contactForm
	submission, f, err := c.form(&form)
	if err != nil {
		return err
	}
	contact := orders.ContactView{
		ID: c.recordID(submission), Author: c.actor.ID, At: s.config.Clock().UTC(),
		Channel: f.oneOf("channel", f.required("channel", form.Channel, 20), channels),
		Outcome: f.required("outcome", form.Outcome, 200), Text: f.note("text", form.Text),
	}
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	view, err := s.database.Order(c.Request().Context(), number)
	if err != nil {
		return err
	}
	for _, earlier := range view.Contacts {
		if earlier.ID == contact.ID {
			same := earlier.Channel == contact.Channel && earlier.Outcome == contact.Outcome && earlier.Text == contact.Text
			return c.recordedBefore(number, contact.ID, same)
		}
	}
	if err := s.database.AddContact(c.Request().Context(), number, contact); err != nil {
		return err
	}
	return c.recorded(number, contact.ID)
}

// form reads the body of what is no command of an order.
func (c *call) form(into any) (orders.Submission, *fields, error) {
	submission, raw, err := c.submission()
	if err != nil {
		return submission, nil, err
	}
	wrong, err := bind(raw, into)
	return submission, &fields{list: wrong}, err
}

// recorded answers what was written down and leaves a line in the audit log, one for all repeats: the first request may
// have ended between the two.
func (c *call) recorded(number, id string) error {
	row := orders.AuditRow{
		Actor: c.actor, Action: c.route.right, Order: number, Command: id, Outcome: "accepted", RequestID: requestID(c),
	}
	if err := c.server.database.Audit(c.Request().Context(), row); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, c.record(number, id))
}

// recordedBefore answers a key that was used before: as then, or not at all where the request is another one.
func (c *call) recordedBefore(number, id string, same bool) error {
	if !same {
		return orders.ErrKeyReused
	}
	c.Response().Header().Set("Idempotency-Replayed", "true")
	return c.recorded(number, id)
}

func (c *call) record(number, id string) recordedBody {
	if number == "" {
		return recordedBody{ID: id}
	}
	to := c.server.links(number)
	return recordedBody{ID: id, Links: &to}
}
