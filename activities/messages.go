package activities

import (
	"context"
	"errors"
	"fmt"

	"amends/orders"
)

// Orders is what Messages needs to know of orders.
type Orders interface {
	Order(ctx context.Context, number string) (orders.OrderView, error)
}

// Post is what Messages needs of the ways to reach people.
type Post interface {
	ToCustomer(ctx context.Context, m orders.Message, c orders.Contact) (channel string, err error)
	ToDepartments(ctx context.Context, m orders.Message, departments []string) error
}

// MessageBook is what Messages needs of the database.
type MessageBook interface {
	EffectBook
	ContactBook
	Orders
}

// Messages sends the messages of a void as steps: each is an effect with a key, and ends by being sent or refused.
type Messages struct {
	book    MessageBook
	post    Post
	company string
}

// NewMessages returns the activities over the ways to reach people. Company is the seller, as customers know it.
func NewMessages(book MessageBook, post Post, company string) *Messages {
	return &Messages{book, post, company}
}

// Telling names a message of a void. What it says is read when it is sent, so no history carries it.
type Telling struct {
	Key         string   `json:"key"`
	Order       string   `json:"order"`
	Amendment   string   `json:"amendment"`
	Template    string   `json:"template"`
	Departments []string `json:"departments,omitempty"`
}

// TellCustomer writes to the customer; the outcome's reference is the channel that took the message. A customer whom
// no channel reaches is a refusal.
func (s *Messages) TellCustomer(ctx context.Context, t Telling) (orders.EffectOutcome, error) {
	return s.tell(ctx, t, func(m orders.Message, o orders.Order) (string, error) {
		contact, err := s.book.ContactByID(ctx, o.ContactID)
		if err != nil {
			return "", fmt.Errorf("look up the customer's contact: %w", err)
		}
		return s.post.ToCustomer(ctx, m, contact)
	})
}

// TellDepartments writes one letter, in both languages, to the departments.
func (s *Messages) TellDepartments(ctx context.Context, t Telling) (orders.EffectOutcome, error) {
	return s.tell(ctx, t, func(m orders.Message, _ orders.Order) (string, error) {
		return "email", s.post.ToDepartments(ctx, m, t.Departments)
	})
}

// tell has a message sent once per key.
func (s *Messages) tell(ctx context.Context, t Telling, send func(orders.Message, orders.Order) (string, error)) (orders.EffectOutcome, error) {
	effect := orders.Effect{Key: t.Key, Order: t.Order, Kind: orders.EffectTell, Subject: t.Template}
	return once(ctx, s.book, effect, func(retry bool) (orders.EffectOutcome, error) {
		view, err := s.book.Order(ctx, t.Order)
		if err != nil {
			return orders.EffectOutcome{}, fmt.Errorf("read the order: %w", err)
		}
		data, ok := view.Order.VoidMessage(s.company, t.Amendment)
		if !ok { // the recording of the amendment is on its way
			return orders.EffectOutcome{}, errUnrecorded
		}
		channel, err := send(orders.Message{
			Key: t.Key, Order: t.Order, Locale: view.Order.Contact.Locale, Template: t.Template, Data: data, Retry: retry,
		}, view.Order)
		return orders.EffectOutcome{Reference: channel}, err
	})
}

var errUnrecorded = errors.New("the database does not know the amendment yet")
