package rest

import (
	"net/http"

	"github.com/google/uuid"

	"amends/orders"
)

// recordSpace makes the IDs of what staff write down: a repeated request names the same row.
var recordSpace = uuid.MustParse("6f0b8a0e-2a54-4d6c-9a0c-6a3a3a1d5b7e")

// recordID is the ID of what a submission writes: the same actor, route and key are the same row.
func recordID(s orders.Submission) string {
	return uuid.NewSHA1(recordSpace, []byte(s.Actor.ID+"\n"+s.Route+"\n"+s.Key)).String()
}

type noteForm struct {
	Text string `json:"text"`
}

type recordedBody struct {
	ID    string `json:"id"`
	Links links  `json:"links"`
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
	note := orders.NoteView{ID: recordID(submission), Author: c.actor.ID, At: s.config.Clock().UTC(), Text: f.reason("text", form.Text)}
	if len(f.list) > 0 {
		return invalid(f.list)
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
		ID: recordID(submission), Author: c.actor.ID, At: s.config.Clock().UTC(),
		Channel: f.oneOf("channel", f.required("channel", form.Channel, 20), channels),
		Outcome: f.required("outcome", form.Outcome, 200), Text: f.note("text", form.Text),
	}
	if len(f.list) > 0 {
		return invalid(f.list)
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

// recorded answers what was written down and leaves a line in the audit log.
func (c *call) recorded(number, id string) error {
	row := orders.AuditRow{
		Actor: c.actor, Action: c.route.right, Order: number, Command: id, Outcome: "accepted", RequestID: requestID(c),
	}
	if err := c.server.database.Audit(c.Request().Context(), row); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, recordedBody{ID: id, Links: c.server.links(number)})
}
