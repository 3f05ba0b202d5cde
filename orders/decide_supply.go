package orders

import (
	"slices"
	"unicode/utf8"
)

type (
	// RequestPurchase asks the supplier for what a line is short of. No quantity means all of it.
	RequestPurchase struct {
		Header
		LineID   string `json:"line_id"`
		Quantity int64  `json:"quantity,omitempty"`
	}
	// IssueInvoice records that finance has issued the invoice.
	IssueInvoice struct {
		Header
		Number string `json:"number"`
		Paper  bool   `json:"paper,omitempty"`
	}
)

func (*RequestPurchase) Name() string { return CmdRequestPurchase }
func (*IssueInvoice) Name() string    { return CmdIssueInvoice }

func (c *RequestPurchase) guard(o *Order) error {
	if err := working(o, c); err != nil {
		return err
	}
	if !slices.ContainsFunc(o.Lines, func(l Line) bool { return o.unbought(l) > 0 }) {
		return refuse(o, c, CodeNothingShort)
	}
	return nil
}

// unbought is what a line is short of and nobody has asked the supplier for.
func (o *Order) unbought(l Line) int64 {
	if l.Kind != Goods {
		return 0
	}
	short := l.Open() - l.Reserved
	for _, b := range o.Purchases {
		if b.LineID == l.ID && (b.Status == PurchasePending || b.Status == PurchaseRequested) {
			short -= b.Quantity
		}
	}
	return max(0, short)
}

func (c *RequestPurchase) decide(d *decider) error {
	line := d.o.Line(c.LineID)
	if line == nil {
		return invalid("line_id", "unknown_line")
	}
	short := d.o.unbought(*line)
	quantity := c.Quantity
	if quantity == 0 {
		quantity = short
	}
	if short == 0 {
		return refuse(&d.o, c, CodeNothingShort)
	}
	if quantity < 1 || quantity > short {
		return invalid("quantity", "out_of_range", 1, short)
	}
	d.subject = id("B", len(d.o.Purchases))
	d.emit(&purchaseRequested{Purchase: Purchase{
		ID: d.subject, LineID: line.ID, SKU: line.SKU, Quantity: quantity, Status: PurchasePending, Try: 1,
	}})
	return nil
}

func (c *IssueInvoice) guard(o *Order) error {
	if err := inStage(o, c); err != nil {
		return err
	}
	switch {
	case o.Invoiced != nil:
		return refuse(o, c, CodeInvoiceIssued, o.Invoiced.Number)
	case o.Invoice.Kind == "" || o.Invoice.Kind == "none" || o.InvoiceOff:
		return refuse(o, c, CodeNoInvoice)
	}
	return nil
}

func (c *IssueInvoice) decide(d *decider) error {
	if c.Number == "" {
		return invalid("number", "required")
	}
	if utf8.RuneCountInString(c.Number) > 64 {
		return invalid("number", "too_long", 64)
	}
	d.emit(&invoiceIssued{Invoice: IssuedInvoice{Number: c.Number, Paper: c.Paper, At: d.now}})
	return nil
}
