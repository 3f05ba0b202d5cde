// Package commands is the only code that talks to Temporal from outside. It writes every command down before it
// delivers it, so that what was answered with 2xx is never lost, and turns Temporal's errors into the domain's.
package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"amends/internal/failpoint"
	"amends/orders"
)

// How long a request waits for its own delivery, and how long nobody else may deliver meanwhile.
const (
	wait  = 5 * time.Second
	lease = 8 * time.Second
)

// Store is where commands are written down.
type Store interface {
	AcceptCommand(ctx context.Context, c orders.NewCommand) (orders.CommandRow, bool, error)
	FinishCommand(ctx context.Context, id, owner string, outcome orders.Outcome, audit orders.AuditRow) (orders.Outcome, error)
	Command(ctx context.Context, id string) (orders.CommandRow, error)
	ClaimDue(ctx context.Context, owner string, lease time.Duration, limit int) ([]orders.CommandRow, error)
	Order(ctx context.Context, number string) (orders.OrderView, error)
}

// Service takes commands in and delivers them.
type Service struct {
	store    Store
	temporal client.Client
	settings Settings
	owner    string
	now      func() time.Time
}

// Settings are what new orders start with.
type Settings struct {
	Policy    orders.Policy
	PublicURL string // of the API, for the link from an order's workflow; none when empty
	Key       []byte // with which commands are sealed, see orders.Seal
}

// New returns a service.
func New(store Store, temporal client.Client, settings Settings) *Service {
	return &Service{store: store, temporal: temporal, settings: settings, owner: uuid.NewString(), now: time.Now}
}

// space names the update IDs of this system.
var space = uuid.MustParse("6f0b4c1e-6a55-5c5e-9d0e-61d3c7a5e1f4")

// commandID scopes an idempotency key to its actor and route.
func commandID(s orders.Submission) string {
	return uuid.NewSHA1(space, []byte(s.Actor.ID+"\n"+s.Route+"\n"+s.Key)).String()
}

// Submit writes a command down and delivers it. It returns orders.ErrNotFound, ErrKeyReused or a SlotTakenError where
// nothing was written. Once a row is written the receipt tells the outcome, or that it is pending and will not be lost.
func (s *Service) Submit(ctx context.Context, sub orders.Submission) (orders.Receipt, error) {
	row, replayed, err := s.store.AcceptCommand(ctx, s.written(sub))
	if err != nil {
		return orders.Receipt{}, fmt.Errorf("accept a command: %w", err)
	}
	receipt := orders.Receipt{CommandID: row.ID, Order: row.Order, Replayed: replayed}
	if row.Outcome != nil {
		receipt.Outcome = *row.Outcome
		return receipt, nil
	}
	if replayed {
		receipt.Pending = true
		return receipt, nil
	}
	failpoint.Hit(failpoint.CommandAccepted, row.Order+"/"+row.Name)
	// The row is written: from here on a client that goes away changes nothing.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	if row.Owner == s.owner {
		receipt.Outcome, err = s.settle(ctx, row)
	} else {
		receipt.Outcome, err = s.await(ctx, row.ID)
	}
	receipt.Pending = err != nil
	return receipt, nil
}

// await waits for the outcome of a command whose order has older ones pending: the relay delivers it in its turn.
func (s *Service) await(ctx context.Context, id string) (orders.Outcome, error) {
	const firstLook, longest = 10 * time.Millisecond, 200 * time.Millisecond
	for pause := firstLook; ; pause = min(2*pause, longest) {
		select {
		case <-ctx.Done():
			return orders.Outcome{}, ctx.Err()
		case <-time.After(pause):
		}
		row, err := s.store.Command(ctx, id)
		if err == nil && row.Outcome != nil {
			return *row.Outcome, nil
		}
	}
}

// written is the row for a submission, with what the transaction must still fill in.
func (s *Service) written(sub orders.Submission) orders.NewCommand {
	id := commandID(sub)
	c := orders.NewCommand{
		ID: id, Key: sub.Key, Route: sub.Route, Fingerprint: sub.Fingerprint, Order: sub.Order, Name: orders.CmdCreate,
		Actor: sub.Actor, RequestID: sub.RequestID, Owner: s.owner, Lease: lease,
		NewCustomer: sub.NewCustomer, Contact: sub.Contact, Slots: sub.Slots,
	}
	if sub.NoteText != "" {
		c.Note = &orders.NewNote{ID: uuid.NewSHA1(space, []byte("note\n"+id)).String(), Text: sub.NoteText}
	}
	if sub.Command == nil {
		c.Build = func(d orders.Drawn) (orders.Built, error) { return s.create(id, sub, d) }
		return c
	}
	c.Name = sub.Command.Name()
	c.Build = func(d orders.Drawn) (orders.Built, error) { return address(id, sub, c.Note, d) }
	return c
}

// create makes the order that starts, with its first event and the customer's confirmation.
func (s *Service) create(id string, sub orders.Submission, drawn orders.Drawn) (orders.Built, error) {
	draft := *sub.Draft
	draft.ContactID, draft.CustomerID, draft.Slots = sub.Contact.ID, drawn.CustomerID, drawn.Slots
	order, first := orders.New(drawn.Number, draft, s.settings.Policy, sub.Actor, id, s.now())
	payload, err := json.Marshal(orders.Start{Order: order})
	return orders.Built{Payload: payload, Order: &order, First: &first, Notices: orders.NoticesFor(order, first)}, err
}

// address completes a command with its header and with what the transaction drew for it.
func address(id string, sub orders.Submission, note *orders.NewNote, drawn orders.Drawn) (orders.Built, error) {
	head := sub.Command.Head()
	head.CommandID, head.Actor = id, sub.Actor
	if note != nil {
		head.NoteID = note.ID
	}
	switch c := sub.Command.(type) {
	case *orders.Resubmit:
		if c.Draft = sub.Draft; c.Draft != nil {
			c.Draft.ContactID, c.Draft.CustomerID, c.Draft.Slots = sub.Contact.ID, drawn.CustomerID, drawn.Slots
		}
	case *orders.Reschedule:
		if len(drawn.Slots) == 1 {
			c.Slot = drawn.Slots[0]
		}
	}
	payload, err := json.Marshal(sub.Command)
	return orders.Built{Payload: payload}, err
}

// Command tells what became of a command.
func (s *Service) Command(ctx context.Context, id string, _ orders.Actor) (orders.Receipt, error) {
	row, err := s.store.Command(ctx, id)
	if err != nil {
		return orders.Receipt{}, err
	}
	receipt := orders.Receipt{CommandID: row.ID, Order: row.Order, Pending: row.Outcome == nil}
	if row.Outcome != nil {
		receipt.Outcome = *row.Outcome
	}
	return receipt, nil
}

// settle delivers a command that this process owns and writes its outcome down. An error means that there is no
// outcome yet: the row stays pending and is delivered again, with the same ID, when the lease is over.
func (s *Service) settle(ctx context.Context, row orders.CommandRow) (orders.Outcome, error) {
	outcome, err := s.deliver(ctx, row)
	if err != nil {
		return outcome, err
	}
	failpoint.Hit(failpoint.CommandAnswered, row.Order+"/"+row.Name)
	audit := orders.AuditRow{Actor: row.Actor, Action: row.Name, Order: row.Order, Command: row.ID, Outcome: "accepted"}
	if outcome.Accepted && orders.IsReport(row.Name) {
		audit.Action = "" // it was only delivered: the order answers, and its recorder writes the row
	}
	if !outcome.Accepted {
		audit.Outcome, audit.Code = "refused", outcome.Problem.Code
	}
	return s.store.FinishCommand(ctx, row.ID, s.owner, outcome, audit)
}

func refused(problem orders.Problem) orders.Outcome { return orders.Outcome{Problem: &problem} }

func accepted(answer orders.Answer) orders.Outcome {
	return orders.Outcome{Accepted: true, Answer: &answer}
}

var errNotStarted = errors.New("the order's workflow has not started yet")
