package orders

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"amends/money"
)

// Contact is an immutable, versioned row of personal data and free text. An order refers to it by ID.
type Contact struct {
	ID         string            `json:"id"` // UUID, made by whoever writes the row
	CustomerID string            `json:"customer_id"`
	Name       string            `json:"name"`
	Phone      string            `json:"phone"` // normalised: E.164, extension after a semicolon
	Email      string            `json:"email"`
	Locale     string            `json:"locale"` // zh-CN or en
	ShipTo     Consignee         `json:"ship_to"`
	InvoiceTo  InvoiceTo         `json:"invoice_to"`
	Note       string            `json:"note"`
	LineNotes  map[string]string `json:"line_notes,omitempty"` // by line ID
}

// Consignee is who receives the goods, and where.
type Consignee struct {
	Name    string  `json:"name"`
	Phone   string  `json:"phone"`
	Address Address `json:"address"`
}

// Address is a postal address, Chinese ones divided as the national standard does.
type Address struct {
	Country  string `json:"country"`
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Street   string `json:"street"`
	Detail   string `json:"detail"`
	Postcode string `json:"postcode"`
}

// InvoiceTo is the title and tax number of an invoice.
type InvoiceTo struct {
	Title     string `json:"title"`
	TaxNumber string `json:"tax_number"`
}

// Customer is who places orders. New customers are made with their first order.
type Customer struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Email  string `json:"email"`
	Locale string `json:"locale"`
}

// Product is an entry of the catalogue with its list price.
type Product struct {
	SKU       string       `json:"sku"`
	Kind      string       `json:"kind"` // Goods or Service
	Name      string       `json:"name"`
	Unit      string       `json:"unit"`
	ListPrice money.Amount `json:"list_price"`
}

// Staff is a person or service principal that may sign in.
type Staff struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Locale string `json:"locale"`

	RefundLimit int64 `json:"refund_limit"` // minor units that they may have given back per order without a second person
}

// OrderQuery selects orders. Empty fields do not restrict. Q is a number or four characters of one,
// a part of a customer reference or of a name, or the tail of a phone.
type OrderQuery struct {
	Q           string
	Stage       Stage
	Flag        string
	Customer    string // customer ID
	Phone       string // whole or its last four or more digits
	SKU         string
	ServiceType string // SKU of a service
	From, To    time.Time
	Sort        string // "-created_at" (default), "created_at"
	Cursor      string
	Limit       int // 1–100
}

// OrderPage is one page of a list.
type OrderPage struct {
	Items         []Summary
	NextCursor    string // empty on the last page
	TotalEstimate int64
}

// Summary is one row of the list.
type Summary struct {
	Number       string
	Stage        Stage
	Version      int64
	Flags        []string
	CustomerID   string
	CustomerName string
	CustomerRef  string
	Total        money.Amount
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// OrderView is one order with what the workflow does not carry.
type OrderView struct {
	Order     Order
	Contact   Contact
	Customer  Customer
	UpdatedAt time.Time
	GoneAt    time.Time // since when it has had no running workflow although it should; zero where it has, or needs none
	Notes     []NoteView
	Contacts  []ContactView
}

// Flags that people look for orders by. An order cannot raise FlagGone itself: the relay does.
const (
	FlagAttention = "needs_attention"
	FlagGone      = "workflow_gone"
)

// Flags are the order's own, and what was found about its workflow.
func (v OrderView) Flags() []string {
	flags := v.Order.Flags()
	if v.GoneAt.IsZero() {
		return flags
	}
	flags = slices.DeleteFunc(flags, func(flag string) bool { return flag == FlagAttention })
	return append(flags, FlagAttention, FlagGone)
}

// NoteView is a note that staff wrote on an order.
type NoteView struct {
	ID     string
	Text   string
	Author string
	At     time.Time
}

// ContactView is a recorded contact with the customer.
type ContactView struct {
	ID      string
	Channel string // phone, wechat, sms, email, in_person
	Outcome string
	Text    string
	Author  string
	At      time.Time
}

// TimelineEntry is one event as people read it.
type TimelineEntry struct {
	Seq     int64
	At      time.Time
	Kind    string
	Actor   Actor
	Command string // request ID
	Reason  string // the text of the note the event refers to
	Before  Stage
	After   Stage
	Data    json.RawMessage
}

// StockLevel is what a warehouse holds of a SKU.
type StockLevel struct {
	SKU       string
	Warehouse string
	OnHand    int64
	Reserved  int64
}

// WebhookView is an event of the outside world that belongs to no order yet, without what it said.
type WebhookView struct {
	Provider   string
	EventID    string
	Subject    string // a tracking number or a payment reference
	ReceivedAt time.Time
	Repeats    int64 // how often it came again
}

// WebhookPage is one page of events.
type WebhookPage struct {
	Items      []WebhookView
	NextCursor string // empty on the last page
}

// AuditRow is one line of the audit log: who asked for what, and how it was answered.
type AuditRow struct {
	Actor     Actor
	Action    string // a command name or a route
	Order     string
	Command   string
	Outcome   string // accepted, refused
	Code      string // of the refusal
	RequestID string
}

// Addressee returns the consignee as a label shows it: the customer stands in for what the consignee leaves out.
func (c Contact) Addressee() Addressee {
	to := Addressee{Name: c.ShipTo.Name, Phone: c.ShipTo.Phone, Address: c.ShipTo.Address.String()}
	if to.Name == "" {
		to.Name = c.Name
	}
	if to.Phone == "" {
		to.Phone = c.Phone
	}
	return to
}

// String writes the address in the Chinese order, from the largest part to the smallest.
func (a Address) String() string {
	parts := []string{a.Province, a.City, a.District, a.Street, a.Detail}
	if a.Country != "" && a.Country != "CN" {
		parts = append([]string{a.Country}, parts...)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " ")
}
