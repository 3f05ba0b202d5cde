package intake

import (
	"cmp"
	"regexp"
	"strings"

	"amends/orders"
)

var taxNumber = regexp.MustCompile(`^[0-9A-Z]{15,20}$`)

// Locales are the languages that customers are written to in.
var Locales = []string{"zh-CN", "en"}

// contact checks the personal part of a form. What the form leaves out is taken from the known customer.
func contact(p *problems, form Form, known orders.Customer) orders.Contact {
	typed := form.Customer
	c := orders.Contact{
		Name:   cmp.Or(p.name("customer.name", typed.Name, 100), known.Name),
		Phone:  cmp.Or(p.phone("customer.phone", typed.Phone), known.Phone),
		Email:  cmp.Or(p.email("customer.email", typed.Email), known.Email),
		Locale: cmp.Or(p.oneOf("customer.locale", typed.Locale, Locales...), known.Locale, Locales[0]),
		Note:   p.paragraphs("note", form.Note, 2000),
	}
	c.ShipTo = orders.Consignee{Name: c.Name, Phone: c.Phone}
	if form.ShipTo != nil {
		c.ShipTo.Name = cmp.Or(p.name("ship_to.name", form.ShipTo.Name, 100), c.Name)
		c.ShipTo.Phone = cmp.Or(p.phone("ship_to.phone", form.ShipTo.Phone), c.Phone)
		if form.ShipTo.Address != nil {
			c.ShipTo.Address = p.address("ship_to.address", *form.ShipTo.Address)
		}
	}
	c.InvoiceTo = p.invoiceTo(form.Invoice)
	c.LineNotes = lineNotes(p, form.Lines)
	return c
}

func (p *problems) phone(field, typed string) string {
	if Blank(typed) {
		return ""
	}
	number, code := Phone(typed)
	p.check(field, code)
	return number
}

func (p *problems) email(field, typed string) string {
	if Blank(typed) {
		return ""
	}
	address, code := Email(typed)
	p.check(field, code)
	return address
}

// oneOf returns the value where it is empty or one of the known ones.
func (p *problems) oneOf(field, typed string, known ...string) string {
	if typed == "" {
		return ""
	}
	for _, value := range known {
		if typed == value {
			return value
		}
	}
	p.add(field, CodeUnknownValue, strings.Join(known, ", "))
	return ""
}

// invoiceTo checks who the invoice is made out to. A special invoice (增值税专用发票) cannot be issued without title and
// tax number.
func (p *problems) invoiceTo(typed Invoice) orders.InvoiceTo {
	to := orders.InvoiceTo{
		Title:     p.text("invoice.title", typed.Title, 200),
		TaxNumber: strings.ToUpper(p.text("invoice.tax_number", strings.TrimSpace(typed.TaxNumber), 30)),
	}
	if to.TaxNumber != "" && !taxNumber.MatchString(to.TaxNumber) {
		p.add("invoice.tax_number", CodeTaxNumber)
	}
	if typed.Kind != "special" {
		return to
	}
	if Blank(typed.Title) {
		p.add("invoice.title", CodeRequired)
	}
	if Blank(typed.TaxNumber) {
		p.add("invoice.tax_number", CodeRequired)
	}
	return to
}

func lineNotes(p *problems, lines []Line) map[string]string {
	notes := map[string]string{}
	for i, line := range lines[:min(len(lines), orders.MaxLines)] {
		if note := p.paragraphs(linePath(i)+".note", line.Note, 1000); note != "" {
			notes[lineID(i)] = note
		}
	}
	if len(notes) == 0 {
		return nil
	}
	return notes
}

// facts is what the order may know of its contact.
func facts(c orders.Contact) orders.ContactFacts {
	address := c.ShipTo.Address
	has := address.City != ""
	return orders.ContactFacts{
		Locale: c.Locale, HasPhone: c.Phone != "", HasEmail: c.Email != "", HasAddress: has,
		KnownDistrict: has && knownDistrict(address.Province, address.City, address.District),
	}
}
