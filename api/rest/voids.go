package rest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"amends/money"
	"amends/orders"
)

type voidForm struct {
	mayExpect
	wishBody
	PlanHash string `json:"plan_hash"`
}

// void confirms a plan. The order itself compares the hash, for the state that is read here may lag behind.
func void(c *call, b voidForm, s *orders.Submission, f *fields) error {
	wish, err := c.wish(b.wishBody, f)
	if err != nil {
		return err
	}
	s.Command = &orders.Void{VoidWish: wish, PlanHash: f.required("plan_hash", b.PlanHash, 100), Limit: c.limit}
	s.NoteText = f.note("note", b.Note)
	if wish.ReasonCode == "other" {
		s.NoteText = f.reason("note", b.Note)
	}
	if text := f.note("staff_note", b.StaffNote); text != "" && len(f.list) == 0 {
		c.staffNote = &orders.NoteView{ID: c.recordID(*s), Text: text, Author: c.actor.ID, At: c.server.config.Clock().UTC()}
	}
	return nil
}

// voidedBody is the answer to a void: how far it has come by now.
type voidedBody struct {
	VoidID    string       `json:"void_id,omitempty"`
	Status    string       `json:"status"`
	Number    string       `json:"number"`
	Version   int64        `json:"version"`
	Stage     orders.Stage `json:"stage"`
	CommandID string       `json:"command_id"`
	Steps     []stepBody   `json:"steps"`
	Links     links        `json:"links"`
}

// showVoided reads the void that a receipt is about. The note for colleagues is written down with it; a repeat of the
// request does so where the first one ended too early.
func showVoided(c *call, r orders.Receipt) (any, error) {
	answer := r.Outcome.Answer
	if c.staffNote != nil {
		if err := c.server.database.AddNote(c.Request().Context(), answer.Number, *c.staffNote); err != nil {
			return nil, err
		}
	}
	view, err := c.server.database.Order(c.Request().Context(), answer.Number)
	if err != nil {
		return nil, err
	}
	a := madeBy(view.Order, answer.Subject, c.actor)
	if a == nil {
		return c.accepted(r), nil
	}
	return voidedBody{
		VoidID: a.ID, Status: string(a.Status), Number: answer.Number, Version: answer.Version, Stage: answer.Stage,
		CommandID: r.CommandID, Steps: c.steps(view.Order, *a), Links: c.server.voidLinks(answer.Number, a.ID).withCommand(c.server, r),
	}, nil
}

// madeBy finds a void by its ID. Where the answer that named it was lost it is the last one that the actor asked for.
func madeBy(o orders.Order, id string, actor orders.Actor) *orders.Amendment {
	if id != "" {
		return o.Amendment(id)
	}
	for _, a := range slices.Backward(o.Amendments) {
		if a.Request.Actor.ID == actor.ID {
			return &a
		}
	}
	return nil
}

// voidBody is everything that is to be known of a void.
type voidBody struct {
	VoidID       string          `json:"void_id"`
	CommandID    string          `json:"command_id,omitempty"`
	Number       string          `json:"number"`
	Version      int64           `json:"version"`
	Stage        orders.Stage    `json:"stage"`
	Kind         string          `json:"kind"`
	Status       string          `json:"status"`
	PlanHash     string          `json:"plan_hash"`
	ReasonCode   string          `json:"reason_code"`
	Refund       refundBody      `json:"refund"`
	Restock      []restockBody   `json:"restock"`
	Whole        bool            `json:"whole"`
	Takes        []takeBody      `json:"takes"`
	Approvals    []string        `json:"approvals"`
	RequestedBy  orders.Actor    `json:"requested_by"`
	RequestedAt  time.Time       `json:"requested_at"`
	DecidedBy    *orders.Actor   `json:"decided_by,omitempty"`
	DecidedAt    *time.Time      `json:"decided_at,omitempty"`
	DueAt        *time.Time      `json:"due_at,omitempty"`
	EndedAt      *time.Time      `json:"ended_at,omitempty"`
	Money        []moneyBackBody `json:"money"`
	Retained     money.Amount    `json:"retained"`
	Steps        []stepBody      `json:"steps"`
	Alternatives []reasonBody    `json:"alternatives"`
	Links        links           `json:"links"`
}

// refundBody is how the money was asked to go back.
type refundBody struct {
	Mode   string `json:"mode"`
	Amount string `json:"amount,omitempty"` // all that the voided goods cost where it is left out
}

// moneyBackBody is what was decided for a payment and, beside it, how far the money has moved.
type moneyBackBody struct {
	moneyPlanBody
	RefundNumber string           `json:"refund_number,omitempty"`
	ReleaseState orders.StepState `json:"release_state,omitempty"`
	RefundState  orders.StepState `json:"refund_state,omitempty"`
}

func (c *call) void(o orders.Order, a orders.Amendment) voidBody {
	return voidBody{
		VoidID: a.ID, Number: o.Number, Version: o.Version, Stage: o.Stage, Kind: a.Kind, Status: string(a.Status),
		PlanHash: a.Hash, ReasonCode: a.Request.ReasonCode,
		Refund:  refundBody{cmp.Or(a.Request.Refund.Mode, orders.RefundOriginal), a.Request.Refund.Amount},
		Restock: viewAll(a.Request.Restock, func(r orders.Restock) restockBody { return restockBody(r) }),
		Whole:   a.Whole, Takes: takes(a.Takes), Approvals: texts(a.Approvals),
		RequestedBy: a.Request.Actor, RequestedAt: a.RequestedAt, DecidedBy: a.DecidedBy, DecidedAt: moment(a.DecidedAt),
		DueAt: moment(a.DueAt), EndedAt: moment(a.EndedAt),
		Money:    viewAll(a.Money, func(m orders.MoneyBack) moneyBackBody { return moneyBack(o, a, m) }),
		Retained: inCurrency(a.Retained, o.Total()), Steps: c.steps(o, a), Alternatives: alternatives(a.Alternatives, c.locale),
		Links: c.server.voidLinks(o.Number, a.ID),
	}
}

func moneyBack(o orders.Order, a orders.Amendment, m orders.MoneyBack) moneyBackBody {
	body := moneyBackBody{moneyPlanBody: moneyPlan(m, o.Total()), RefundNumber: m.Number}
	for _, s := range a.Steps {
		switch {
		case s.Subject != m.Payment:
		case s.Kind == orders.StepReleasePayment:
			body.ReleaseState = o.StepState(a, s)
		case s.Kind == orders.StepRefund, s.Kind == orders.StepCarryOver:
			body.RefundState = o.StepState(a, s)
		}
	}
	return body
}

type voidsBody struct {
	Items []voidBody `json:"items"`
}

func (s *Server) listVoids(c *call) error {
	view, err := c.view()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, voidsBody{Items: viewAll(view.Order.Amendments, func(a orders.Amendment) voidBody {
		return c.void(view.Order, a)
	})})
}

func (s *Server) readVoid(c *call) error {
	view, err := c.view()
	if err != nil {
		return err
	}
	a := view.Order.Amendment(c.Param("void"))
	if a == nil {
		return refuse(codeNotFound)
	}
	return c.JSON(http.StatusOK, c.void(view.Order, *a))
}

// view reads the order that the path of a GET names.
func (c *call) view() (orders.OrderView, error) {
	number, err := c.number()
	if err != nil {
		return orders.OrderView{}, err
	}
	if err := c.parameters(); err != nil {
		return orders.OrderView{}, err
	}
	return c.server.database.Order(c.Request().Context(), number)
}

// voidSummaryBody is a void as its order shows it.
type voidSummaryBody struct {
	VoidID      string    `json:"void_id"`
	Status      string    `json:"status"`
	Whole       bool      `json:"whole"`
	RequestedAt time.Time `json:"requested_at"`
	Links       links     `json:"links"`
}

func (s *Server) voidSummaries(o orders.Order) []voidSummaryBody {
	return viewAll(o.Amendments, func(a orders.Amendment) voidSummaryBody {
		return voidSummaryBody{a.ID, string(a.Status), a.Whole, a.RequestedAt, s.voidLinks(o.Number, a.ID)}
	})
}

func (s *Server) voidLinks(number, id string) links {
	return links{Self: s.orderURL(number) + "/voids/" + url.PathEscape(id), Order: s.orderURL(number)}
}
