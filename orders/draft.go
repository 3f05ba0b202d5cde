package orders

import "amends/money"

// maxQuantity is the most units of a line.
const maxQuantity = 1_000_000

// check refuses a draft that nobody could reckon with. The API tells clerks in detail what is wrong with theirs; this
// keeps one that came another way from blocking the order.
func (d *Draft) check() error {
	switch {
	case len(d.Lines) == 0 || len(d.Lines) > MaxLines:
		return invalid("draft.lines", "out_of_range", 1, MaxLines)
	case !money.Known(d.Currency) || d.Delivery.Fee.IsNegative() || !d.pays(d.Delivery.Fee):
		return invalid("draft.delivery.fee", "out_of_range", 0, money.New(money.Max, d.Currency).Decimal())
	}
	total := d.Delivery.Fee
	for i := range d.Lines {
		line := &d.Lines[i]
		if !d.plain(line) || d.Line(line.ID) != line {
			return invalid(lineField(i), CodeInvalid)
		}
		if total = total.Add(line.Gross()); total.Minor > money.Max {
			return invalid(lineField(i), "out_of_range", 0, money.New(money.Max, d.Currency).Decimal())
		}
	}
	return d.checkSlots()
}

// plain tells whether a line can be multiplied and nothing has happened to it yet.
func (d *Draft) plain(l *Line) bool {
	untouched := l.Reserved == 0 && l.Shipped == 0 && l.Delivered == 0 && l.Returned == 0 && l.Voided == 0 && l.Recalled == 0
	return l.ID != "" && (l.Kind == Goods || l.Kind == Service) && untouched && l.Ordered >= 1 && l.Ordered <= maxQuantity &&
		d.pays(l.UnitPrice) && d.pays(l.ListPrice) && d.pays(l.Discount) && !l.Gross().IsNegative()
}

// pays tells whether an amount is in the draft's currency and neither negative nor too large to be multiplied.
func (d *Draft) pays(a money.Amount) bool {
	return (a.Currency == d.Currency || a == money.Amount{}) && !a.IsNegative() && a.Minor <= money.Max
}

// checkSlots makes sure that every service has one technician's time and nothing else has.
func (d *Draft) checkSlots() error {
	for i := range d.Lines {
		have := 0
		for _, slot := range d.Slots {
			if slot.LineID == d.Lines[i].ID && slot.ID != "" {
				have++
			}
		}
		if service := d.Lines[i].Kind == Service; have > 1 || (have == 1) != service {
			return invalid(lineField(i)+".appointment", "required")
		}
	}
	for _, slot := range d.Slots {
		if d.Line(slot.LineID) == nil {
			return invalid("draft.slots", "unknown_line")
		}
	}
	return nil
}

func lineField(i int) string { return "draft.lines[" + id("", i-1) + "]" }
