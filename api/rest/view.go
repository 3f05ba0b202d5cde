package rest

import (
	"net/url"
	"time"

	"amends/api/messages"
	"amends/money"
	"amends/orders"
)

// orderBody is an order as the API shows it.
type orderBody struct {
	Number            string            `json:"number"`
	Version           int64             `json:"version"`
	Stage             orders.Stage      `json:"stage"`
	StageSince        time.Time         `json:"stage_since"`
	Flags             []string          `json:"flags"`
	CreatedAt         time.Time         `json:"created_at"`
	CreatedBy         string            `json:"created_by"`
	UpdatedAt         time.Time         `json:"updated_at"`
	SignedOffAt       *time.Time        `json:"signed_off_at,omitempty"`
	Survivor          string            `json:"survivor,omitempty"`
	ReplacedBy        string            `json:"replaced_by,omitempty"`
	Replaces          string            `json:"replaces,omitempty"`
	Customer          personBody        `json:"customer"`
	ShipTo            shipToBody        `json:"ship_to"`
	CustomerReference string            `json:"customer_reference"`
	Currency          string            `json:"currency"`
	Total             money.Amount      `json:"total"`
	Lines             []lineBody        `json:"lines"`
	Delivery          deliveryBody      `json:"delivery"`
	Terms             termsBody         `json:"terms"`
	Invoice           invoiceBody       `json:"invoice"`
	Note              string            `json:"note"`
	Review            reviewBody        `json:"review"`
	Findings          []findingBody     `json:"findings"`
	Payments          []paymentBody     `json:"payments"`
	Captures          []captureBody     `json:"captures"`
	Reservations      []reservationBody `json:"reservations"`
	Shipments         []shipmentBody    `json:"shipments"`
	Appointments      []appointmentBody `json:"appointments"`
	Purchases         []purchaseBody    `json:"purchases"`
	Voids             []voidSummaryBody `json:"voids"`
	Hold              *holdBody         `json:"hold,omitempty"`
	Attention         []attentionBody   `json:"attention"`
	Incidents         []incidentBody    `json:"incidents"`
	Deadlines         []deadlineBody    `json:"deadlines"`
	Overdue           []string          `json:"overdue"`
	Notes             []noteBody        `json:"notes"`
	Contacts          []contactBody     `json:"contacts"`
	AllowedActions    []allowedBody     `json:"allowed_actions"`
	Links             links             `json:"links"`
}

type personBody struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Email  string `json:"email"`
	Locale string `json:"locale"`
}

type shipToBody struct {
	Name    string          `json:"name"`
	Phone   string          `json:"phone"`
	Address *orders.Address `json:"address"` // null where none was given
}

type deliveryBody struct {
	Method     string       `json:"method"`
	Fee        money.Amount `json:"fee"`
	PromisedAt *time.Time   `json:"promised_at,omitempty"`
}

type termsBody struct {
	Payment        string       `json:"payment"`
	Deposit        money.Amount `json:"deposit"`
	CreditDays     int          `json:"credit_days"`
	AfterSalesDays int          `json:"after_sales_days"`
	WarrantyMonths int          `json:"warranty_months"`
}

type reviewBody struct {
	Round   int  `json:"round"`
	Pending bool `json:"pending"`
}

type allowedBody struct {
	Action      string      `json:"action"`
	Allowed     bool        `json:"allowed"`
	ReasonIfNot *reasonBody `json:"reason_if_not,omitempty"`
}

type reasonBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// orderView shows an order to one actor, with reasons in their language.
func (s *Server) orderView(v orders.OrderView, actor orders.Actor, locale string) orderBody {
	o := v.Order
	return orderBody{
		Number: o.Number, Version: o.Version, Stage: o.Stage, StageSince: o.StageSince, Flags: v.Flags(), CreatedAt: o.CreatedAt,
		CreatedBy: o.CreatedBy, UpdatedAt: v.UpdatedAt, SignedOffAt: moment(o.SignedOffAt), Survivor: o.Survivor, ReplacedBy: o.ReplacedBy, Replaces: o.Replaces,
		Customer: person(v), ShipTo: shipTo(v.Contact.ShipTo),
		CustomerReference: o.CustomerRef, Currency: o.Currency, Total: o.Total(),
		Lines:    viewAll(o.Lines, func(l orders.Line) lineBody { return line(l, v.Contact.LineNotes[l.ID]) }),
		Delivery: deliveryBody{o.Delivery.Method, o.Delivery.Fee, moment(o.Delivery.PromisedAt)},
		Terms:    termsBody(o.Terms),
		Invoice:  invoice(o, v.Contact.InvoiceTo),
		Note:     v.Contact.Note, Review: reviewBody{o.Review.Round, o.Review.Pending},
		Findings: append(findings(o.Review.Findings, locale), findings(o.Findings, locale)...),
		Payments: viewAll(o.Payments, payment), Captures: viewAll(o.Captures, capture),
		Reservations: viewAll(o.Reservations, func(r orders.Reservation) reservationBody { return reservationBody(r) }),
		Shipments:    viewAll(o.Shipments, shipment), Appointments: viewAll(o.Appointments, appointment),
		Purchases: viewAll(o.Purchases, purchase), Voids: s.voidSummaries(o),
		Hold: held(o.Hold), Attention: viewAll(o.Attention, func(a orders.Attention) attentionBody { return attention(a, locale) }),
		Incidents: viewAll(o.Incidents, func(i orders.Incident) incidentBody { return incident(i, locale) }),
		Deadlines: viewAll(o.Deadlines, func(d orders.Deadline) deadlineBody { return deadlineBody{d.Kind, d.DueAt, o.Hold != nil} }),
		Overdue:   viewAll(o.Overdue, func(kind string) string { return kind }),
		Notes:     viewAll(v.Notes, func(n orders.NoteView) noteBody { return noteBody(n) }),
		Contacts:  viewAll(v.Contacts, func(c orders.ContactView) contactBody { return contactBody(c) }),
		AllowedActions: viewAll(orders.AllowedActions(o, actor), func(a orders.Action) allowedBody {
			return allowed(a, locale)
		}),
		Links: s.links(o.Number),
	}
}

// viewAll shows a list, an empty one as [].
func viewAll[A, B any](list []A, view func(A) B) []B {
	views := make([]B, 0, len(list))
	for _, a := range list {
		views = append(views, view(a))
	}
	return views
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// person shows the customer as they were when the order was placed.
func person(v orders.OrderView) personBody {
	return personBody{
		ID: v.Order.CustomerID, Name: v.Contact.Name, Phone: v.Contact.Phone, Email: v.Contact.Email, Locale: v.Contact.Locale,
	}
}

func shipTo(to orders.Consignee) shipToBody {
	body := shipToBody{Name: to.Name, Phone: to.Phone}
	if to.Address != (orders.Address{}) {
		body.Address = &to.Address
	}
	return body
}

func allowed(a orders.Action, locale string) allowedBody {
	body := allowedBody{Action: a.Action, Allowed: a.Allowed}
	if a.Reason != nil {
		body.ReasonIfNot = &reasonBody{a.Reason.Code, messages.Sentence(locale, a.Reason.Code, a.Reason.Params...)}
	}
	return body
}

func (s *Server) orderURL(number string) string {
	return s.config.PublicURL + "/api/v1/orders/" + url.PathEscape(number)
}

func (s *Server) links(number string) links {
	if number == "" {
		return links{}
	}
	return links{
		Self: s.orderURL(number), Timeline: s.orderURL(number) + "/timeline",
		Temporal: s.config.TemporalUIURL + "/namespaces/" + url.PathEscape(s.config.Namespace) + "/workflows/" + url.PathEscape(number),
	}
}
