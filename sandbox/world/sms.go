package world

import (
	"context"
	"net/http"
	"regexp"

	"github.com/jackc/pgx/v5"
)

type shortMessage struct {
	Order string `json:"order"`
	To    string `json:"to"`
	Text  string `json:"text"`
}

// dialable is a telephone number as gateways take them: digits, perhaps with a plus in front.
var dialable = regexp.MustCompile(`^\+?[0-9]{5,20}$`)

func (w *World) sendSMS(rw http.ResponseWriter, r *http.Request) {
	var m shortMessage
	err := read(r, &m)
	key, keyErr := readKey(r)
	err = firstOf(err, keyErr, required("order", m.Order, "text", m.Text))
	if err == nil && !dialable.MatchString(m.To) {
		err = refuse(http.StatusUnprocessableEntity, "bad_recipient", "the number must have 5 to 20 digits")
	}
	if err != nil {
		fail(rw, err)
		return
	}
	w.serve(rw, r, newRequest(sms, "send", key, m.Order, m), func(_ context.Context, _ pgx.Tx, p plan) (*done, error) {
		id, kind := newID("sms"), "sent"
		if p.outcome == modeLose {
			kind = "lost"
		}
		return &done{
			status: http.StatusOK,
			body:   map[string]string{"message_id": id},
			entry:  &entry{kind: kind, ref: id, detail: map[string]any{"message_id": id, "to": m.To, "text": m.Text}},
		}, nil
	})
}
