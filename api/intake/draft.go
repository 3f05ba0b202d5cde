package intake

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"amends/money"
	"amends/orders"
)

// Limits of what an order may say. Amounts are in minor units.
const (
	MaxQuantity = 1_000_000
	MaxPrice    = 10_000_000_000 // 100,000,000.00
	MaxTotal    = money.Max
	MaxVisit    = 24 * time.Hour
)

var (
	methods  = []string{"express", "freight", "pickup", "own_vehicle"}
	payments = []string{orders.Prepaid, "transfer", "deposit", "cod", "credit"}
	invoices = []string{"none", "normal", "special"}
)

// draft checks everything of a form that is not personal.
func (r *Reader) draft(p *problems, form Form, products map[string]orders.Product) orders.Draft {
	d := orders.Draft{CustomerRef: p.text("customer_reference", form.Reference, 100), Currency: PriceListCurrency}
	switch form.Currency {
	case PriceListCurrency:
	case "":
		p.add("currency", CodeRequired)
	default:
		p.add("currency", CodeCurrency, PriceListCurrency)
	}
	d.Lines = r.lines(p, form.Lines, products)
	d.Delivery = orders.Delivery{
		Method: p.oneOf("delivery.method", form.Delivery.Method, methods...),
		Fee:    p.amount("delivery.fee", form.Delivery.Fee),
	}
	if at := form.Delivery.PromisedAt; at != nil {
		p.future("delivery.promised_at", *at, r.now())
		d.Delivery.PromisedAt = at.UTC()
	}
	d.Terms = p.terms(form.Terms)
	d.Invoice = orders.Invoice{Kind: cmp.Or(p.oneOf("invoice.kind", form.Invoice.Kind, invoices...), "none")}
	p.total(d)
	return d
}

// terms refuses payment terms that cannot be traded under yet.
func (p *problems) terms(typed Terms) orders.Terms {
	t := orders.Terms{
		Payment:        p.oneOf("terms.payment", typed.Payment, payments...),
		Deposit:        p.amount("terms.deposit", typed.Deposit),
		CreditDays:     p.count("terms.credit_days", typed.CreditDays, 3650),
		AfterSalesDays: DefaultAfterSalesDays,
		WarrantyMonths: p.count("terms.warranty_months", typed.WarrantyMonths, 1200),
	}
	if typed.AfterSalesDays != nil {
		t.AfterSalesDays = p.count("terms.after_sales_days", *typed.AfterSalesDays, 3650)
	}
	switch {
	case typed.Payment == "":
		p.add("terms.payment", CodeRequired)
	case t.Payment != "" && t.Payment != orders.Prepaid:
		p.add("terms.payment", orders.CodeTermsLater, t.Payment)
	}
	return t
}

func (p *problems) count(field string, n int64, most int64) int {
	if n < 0 || n > most {
		p.add(field, CodeRange, "0", strconv.FormatInt(most, 10))
		return 0
	}
	return int(n)
}

// amount reads a decimal of the price list's currency between zero and MaxPrice. Nothing typed is zero.
func (p *problems) amount(field, typed string) money.Amount {
	nothing, most := money.New(0, PriceListCurrency), money.New(MaxPrice, PriceListCurrency)
	if typed == "" {
		return nothing
	}
	a, err := money.Parse(typed, PriceListCurrency)
	switch {
	case errors.Is(err, money.ErrTooFine):
		p.add(field, CodeTooFine, "2")
	case errors.Is(err, money.ErrTooLarge), err == nil && (strings.HasPrefix(typed, "-") || most.Less(a)):
		p.add(field, CodeRange, nothing.Decimal(), most.Decimal())
	case err != nil:
		p.add(field, CodeAmount)
	default:
		return a
	}
	return nothing
}

func (p *problems) future(field string, at, now time.Time) {
	if !at.After(now) {
		p.add(field, CodePast)
	}
}

// total bounds the sum. Each line is at most 10^16 minor units, so the sum is watched while it grows.
func (p *problems) total(d orders.Draft) {
	sum, most := d.Delivery.Fee, money.New(MaxTotal, PriceListCurrency)
	for _, line := range d.Lines {
		sum = sum.Add(line.Total())
		if most.Less(sum) {
			p.add("lines", CodeTotal, most.Decimal())
			return
		}
	}
}

func lineID(i int) string   { return fmt.Sprintf("L%d", i+1) }
func linePath(i int) string { return fmt.Sprintf("lines[%d]", i) }

// Amount reads an amount that must be given: a decimal of the price list's currency between zero and MaxPrice.
func Amount(field, typed string) (money.Amount, *orders.FieldProblem) {
	p := &problems{}
	amount := p.amount(field, typed)
	if typed == "" {
		p.add(field, CodeRequired)
	}
	if len(p.list) > 0 {
		return amount, &p.list[0]
	}
	return amount, nil
}
