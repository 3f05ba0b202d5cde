package rest

import (
	"errors"
	"net/http"
	"time"

	"amends/api/messages"
	"amends/money"
	"amends/orders"
)

// planBody is a plan as the API shows it: what a void would do if it were confirmed now.
type planBody struct {
	Kind         string            `json:"kind"`
	OrderVersion int64             `json:"order_version"`
	Whole        bool              `json:"whole"`
	Takes        []takeBody        `json:"takes"`
	Steps        []plannedBody     `json:"steps"`
	Money        []moneyPlanBody   `json:"money"`
	Retained     money.Amount      `json:"retained"`
	Total        money.Amount      `json:"total"`
	Stock        []stockEffectBody `json:"stock"`
	Shipments    []partEffectBody  `json:"shipments"`
	Appointments []partEffectBody  `json:"appointments"`
	Notices      []string          `json:"notices"`
	Approvals    []string          `json:"approvals"`
	Consent      bool              `json:"consent"`
	Warnings     []findingBody     `json:"warnings"`
	Alternatives []reasonBody      `json:"alternatives"`
}

type takeBody struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Shipped  int64  `json:"shipped"`
}

// plannedBody is a step as it was planned.
type plannedBody struct {
	ID        string           `json:"id"`
	Kind      string           `json:"kind"`
	Subject   string           `json:"subject,omitempty"`
	Amount    *money.Amount    `json:"amount,omitempty"`
	Lines     []parcelLineBody `json:"lines"`
	After     []string         `json:"after"`
	OwnerRole string           `json:"owner_role"`
	DueAt     *time.Time       `json:"due_at,omitempty"`
}

type moneyPlanBody struct {
	Payment string       `json:"payment_id"`
	Release money.Amount `json:"release"`
	Refund  money.Amount `json:"refund"`
}

type stockEffectBody struct {
	LineID   string `json:"line_id"`
	Withdraw int64  `json:"withdraw"`
	Release  int64  `json:"release"`
	PutBack  int64  `json:"put_back"`
	Return   int64  `json:"return"`
}

type partEffectBody struct {
	ID     string `json:"id"`
	Action string `json:"action"`
}

// previewBody is the answer to a preview. The hash is what confirming sends back.
type previewBody struct {
	Plan         planBody  `json:"plan"`
	PlanHash     string    `json:"plan_hash"`
	OrderVersion int64     `json:"order_version"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// planVoid shows what a void would do. It writes nothing down.
func (s *Server) planVoid(c *call) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	var form wishBody
	_, f, err := c.form(&form)
	if err != nil {
		return err
	}
	view, err := s.database.Order(c.Request().Context(), number)
	if err != nil {
		return err
	}
	wish, err := c.wish(form, f)
	if err != nil {
		return err
	}
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	request := orders.VoidRequest{Actor: c.actor, Limit: c.limit, VoidWish: wish}
	plan, err := orders.PlanVoid(view.Order, request, s.config.Clock())
	if err != nil {
		return judged(err, view)
	}
	return c.JSON(http.StatusOK, preview(plan, c.locale))
}

// judged is a refusal by the order as a problem, with where the order stands if that is in the way.
func judged(err error, view orders.OrderView) error {
	if err == nil {
		return nil
	}
	var transition *orders.TransitionError
	problem := &problemError{Problem: orders.AsProblem(err)}
	switch {
	case problem.Code == orders.CodeInternal:
		return err
	case errors.As(err, &transition) && statusOf(problem.Code) == http.StatusConflict:
		problem.extension = standing(view)
	}
	return problem
}

func preview(p orders.Plan, locale string) previewBody {
	return previewBody{Plan: plan(p, locale), PlanHash: p.Hash, OrderVersion: p.OrderVersion, ExpiresAt: p.ExpiresAt}
}

func plan(p orders.Plan, locale string) planBody {
	return planBody{
		Kind: p.Kind, OrderVersion: p.OrderVersion, Whole: p.Whole, Takes: takes(p.Takes), Steps: viewAll(p.Steps, planned),
		Money:    viewAll(p.Money, func(m orders.MoneyBack) moneyPlanBody { return moneyPlan(m, p.Total) }),
		Retained: inCurrency(p.Retained, p.Total), Total: p.Total,
		Stock:     viewAll(p.Stock, func(e orders.StockEffect) stockEffectBody { return stockEffectBody(e) }),
		Shipments: partEffects(p.Shipments), Appointments: partEffects(p.Appointments),
		Notices: texts(p.Notices), Approvals: texts(p.Approvals), Consent: p.Consent,
		Warnings: viewAll(p.Warnings, func(f orders.Finding) findingBody {
			return findingBody{f.Code, f.LineID, f.Detail, messages.About(locale, "warning", f.Code, f.Detail, f.LineID)}
		}),
		Alternatives: alternatives(p.Alternatives, locale),
	}
}

func alternatives(codes []string, locale string) []reasonBody {
	return viewAll(codes, func(code string) reasonBody {
		return reasonBody{code, messages.About(locale, "alternative", code)}
	})
}

func takes(list []orders.Take) []takeBody {
	return viewAll(list, func(t orders.Take) takeBody { return takeBody(t) })
}

func planned(s orders.Step) plannedBody {
	return plannedBody{
		ID: s.ID, Kind: s.Kind, Subject: s.Subject, Amount: s.Amount,
		Lines: parcelLines(s.Lines), After: texts(s.After), OwnerRole: s.Role, DueAt: moment(s.DueAt),
	}
}

func parcelLines(list []orders.ShipmentLine) []parcelLineBody {
	return viewAll(list, func(l orders.ShipmentLine) parcelLineBody { return parcelLineBody(l) })
}

func moneyPlan(m orders.MoneyBack, of money.Amount) moneyPlanBody {
	return moneyPlanBody{m.Payment, inCurrency(m.Release, of), inCurrency(m.Refund, of)}
}

func partEffects(list []orders.PartEffect) []partEffectBody {
	return viewAll(list, func(e orders.PartEffect) partEffectBody { return partEffectBody(e) })
}

// texts shows a list of texts, an empty one as [].
func texts(list []string) []string { return viewAll(list, func(s string) string { return s }) }
