package intake

import (
	"strconv"
	"time"

	"amends/orders"
)

func (r *Reader) lines(p *problems, typed []Line, products map[string]orders.Product) []orders.Line {
	if len(typed) == 0 || len(typed) > orders.MaxLines {
		p.add("lines", CodeLineCount, strconv.Itoa(orders.MaxLines))
		return nil
	}
	lines := make([]orders.Line, 0, len(typed))
	for i, line := range typed {
		lines = append(lines, r.line(p, i, line, products))
	}
	return lines
}

// line takes a snapshot of the product, so that the order keeps the name and the list price of the day.
func (r *Reader) line(p *problems, i int, typed Line, products map[string]orders.Product) orders.Line {
	path, before := linePath(i), len(p.list)
	line := orders.Line{
		ID:        lineID(i),
		SKU:       p.required(path+".sku", typed.SKU, 64),
		Spec:      p.text(path+".spec", typed.Spec, 200),
		UnitPrice: p.amount(path+".unit_price", typed.UnitPrice),
		Ordered:   p.quantity(path+".quantity", typed.Quantity),
	}
	if typed.UnitPrice == "" {
		p.add(path+".unit_price", CodeRequired)
	}
	line.Discount = p.amount(path+".discount", typed.Discount)
	if gross := line.UnitPrice.Times(line.Ordered); gross.Less(line.Discount) && len(p.list) == before {
		p.add(path+".discount", CodeDiscount, gross.Decimal())
	}
	product, ok := products[line.SKU]
	if !ok {
		if line.SKU != "" {
			p.add(path+".sku", CodeUnknownSKU, line.SKU)
		}
		return line
	}
	line.Kind, line.Name, line.Unit, line.ListPrice = product.Kind, product.Name, product.Unit, product.ListPrice
	p.appointment(path+".appointment", line.Kind, typed.Appointment, r.now())
	return line
}

func (p *problems) quantity(field string, n *int64) int64 {
	switch {
	case n == nil:
		p.add(field, CodeRequired)
	case *n < 1 || *n > MaxQuantity:
		p.add(field, CodeRange, "1", strconv.Itoa(MaxQuantity))
	default:
		return *n
	}
	return 0
}

// appointment is required for services and has no place with goods.
func (p *problems) appointment(field, kind string, typed *Appointment, now time.Time) {
	switch {
	case kind == orders.Service && typed == nil:
		p.add(field, CodeNoAppointment)
	case kind == orders.Service:
		p.list = append(p.list, CheckSlot(field+".", typed.From, typed.To, now)...)
	case typed != nil:
		p.add(field, CodeAppointment)
	}
}

// CheckSlot tells what is wrong with a time that was agreed for a service. The prefix goes before from and to.
func CheckSlot(prefix string, from, to *time.Time, now time.Time) []orders.FieldProblem {
	p := &problems{}
	switch {
	case from == nil:
		p.add(prefix+"from", CodeRequired)
	case !from.After(now):
		p.add(prefix+"from", CodePast)
	}
	switch {
	case to == nil:
		p.add(prefix+"to", CodeRequired)
	case from == nil:
	case !to.After(*from):
		p.add(prefix+"to", CodeEndBeforeStart)
	case to.Sub(*from) > MaxVisit:
		p.add(prefix+"to", CodeTooLongVisit, "24")
	}
	return p.list
}

func slots(lines []orders.Line, typed []Line) []orders.SlotRequest {
	var wanted []orders.SlotRequest
	for i, line := range lines {
		visit := typed[i].Appointment
		if line.Kind != orders.Service || visit == nil || visit.From == nil || visit.To == nil {
			continue
		}
		wanted = append(wanted, orders.SlotRequest{LineID: line.ID, SKU: line.SKU, From: visit.From.UTC(), To: visit.To.UTC()})
	}
	return wanted
}
