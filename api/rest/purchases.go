package rest

import (
	"time"

	"amends/orders"
)

type purchaseForm struct {
	expects
	LineID   string `json:"line_id"`
	Quantity *int64 `json:"quantity"`
}

// requestPurchase asks the supplier for goods of a line. Without a quantity it is all that the line is short of.
func requestPurchase(_ *call, b purchaseForm, s *orders.Submission, f *fields) error {
	command := &orders.RequestPurchase{LineID: f.required("line_id", b.LineID, 20)}
	if b.Quantity != nil {
		command.Quantity = f.quantity("quantity", *b.Quantity)
	}
	s.Command = command
	return nil
}

type purchaseBody struct {
	ID        string                `json:"id"`
	LineID    string                `json:"line_id"`
	SKU       string                `json:"sku"`
	Quantity  int64                 `json:"quantity"`
	Status    orders.PurchaseStatus `json:"status"`
	Reference string                `json:"reference,omitempty"`
}

func purchase(p orders.Purchase) purchaseBody {
	return purchaseBody{ID: p.ID, LineID: p.LineID, SKU: p.SKU, Quantity: p.Quantity, Status: p.Status, Reference: p.Reference}
}

// Media of an invoice.
const (
	electronic = "electronic"
	paper      = "paper"
)

type issueInvoiceForm struct {
	expects
	Number string `json:"number"`
	Medium string `json:"medium"`
}

func issueInvoice(_ *call, b issueInvoiceForm, s *orders.Submission, f *fields) error {
	medium := f.oneOf("medium", f.required("medium", b.Medium, 20), []string{electronic, paper})
	s.Command = &orders.IssueInvoice{Number: f.required("number", b.Number, 50), Paper: medium == paper}
	return nil
}

// invoiceBody is the invoice that was asked for and, once there is one, the one that was issued.
type invoiceBody struct {
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	TaxNumber string     `json:"tax_number"`
	Number    string     `json:"number,omitempty"`
	Medium    string     `json:"medium,omitempty"`
	IssuedAt  *time.Time `json:"issued_at,omitempty"`
	Cancelled bool       `json:"cancelled,omitempty"` // the request for it, by a void
}

func invoice(o orders.Order, to orders.InvoiceTo) invoiceBody {
	body := invoiceBody{Kind: o.Invoice.Kind, Title: to.Title, TaxNumber: to.TaxNumber, Cancelled: o.InvoiceOff}
	if issued := o.Invoiced; issued != nil {
		body.Number, body.Medium, body.IssuedAt = issued.Number, electronic, &issued.At
		if issued.Paper {
			body.Medium = paper
		}
	}
	return body
}
