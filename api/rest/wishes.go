package rest

import (
	"slices"
	"strconv"

	"amends/api/intake"
	"amends/orders"
)

// wishBody is what a void asks for: the same in the preview and in the void itself.
type wishBody struct {
	ReasonCode string          `json:"reason_code"`
	Lines      []shipLineBody  `json:"lines"` // everything that can be voided where it is left out
	Refund     *refundWishBody `json:"refund"`
	Restock    []restockBody   `json:"restock"`
	Notify     *notifyBody     `json:"notify"`
	Note       string          `json:"note"`       // the reason in words
	StaffNote  string          `json:"staff_note"` // for colleagues: it becomes a note on the order
}

type refundWishBody struct {
	Mode   string  `json:"mode"`
	Amount *string `json:"amount"`
}

type restockBody struct {
	LineID    string `json:"line_id"`
	Warehouse string `json:"warehouse"`
}

type notifyBody struct {
	Customer    *bool    `json:"customer"`
	Departments []string `json:"departments"`
}

var refundModes = []string{orders.RefundOriginal, orders.RefundNone, orders.RefundCarryOver}

// wish reads what a void asks for. What the order has to say about it is judged later.
func (c *call) wish(b wishBody, f *fields) (orders.VoidWish, error) {
	wish := orders.VoidWish{
		ReasonCode: f.oneOf("reason_code", f.required("reason_code", b.ReasonCode, 50), orders.VoidReasons),
		Lines:      f.shipLines("lines", b.Lines),
		Refund:     f.refund(b.Refund),
		Notify:     f.notify(b.Notify),
	}
	if b.Lines != nil && len(b.Lines) == 0 {
		f.add("lines", codeNoLines)
	}
	f.note("note", b.Note)
	f.note("staff_note", b.StaffNote)
	var err error
	wish.Restock, err = c.restock(b.Restock, f)
	return wish, err
}

// refund reads how the money goes back. An amount has no meaning where none does.
func (f *fields) refund(b *refundWishBody) orders.RefundWish {
	if b == nil {
		return orders.RefundWish{}
	}
	wish := orders.RefundWish{Mode: f.oneOf("refund.mode", b.Mode, refundModes)}
	if b.Amount == nil {
		return wish
	}
	if wish.Mode == orders.RefundNone {
		f.add("refund.amount", codeNoAmount)
	}
	wish.Amount = f.amount("refund.amount", *b.Amount)
	return wish
}

func (f *fields) notify(b *notifyBody) orders.Notify {
	if b == nil {
		return orders.Notify{}
	}
	notify := orders.Notify{Customer: b.Customer}
	for i, typed := range b.Departments {
		field := "notify.departments[" + strconv.Itoa(i) + "]"
		department := f.oneOf(field, f.required(field, typed, 50), orders.Departments())
		if slices.Contains(notify.Departments, department) {
			f.add(field, codeTwice)
		}
		notify.Departments = append(notify.Departments, department)
	}
	return notify
}

// restock reads to which warehouses goods go that come back. A warehouse is one that stock is kept in.
func (c *call) restock(list []restockBody, f *fields) ([]orders.Restock, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > orders.MaxLines {
		f.add("restock", intake.CodeLineCount, strconv.Itoa(orders.MaxLines))
	}
	levels, err := c.server.database.StockLevels(c.Request().Context(), "")
	if err != nil {
		return nil, err
	}
	restock := make([]orders.Restock, 0, len(list))
	for i, b := range list {
		path := "restock[" + strconv.Itoa(i) + "]"
		to := orders.Restock{
			LineID: f.required(path+".line_id", b.LineID, 20), Warehouse: f.required(path+".warehouse", b.Warehouse, 64),
		}
		if slices.ContainsFunc(restock, func(r orders.Restock) bool { return r.LineID == to.LineID }) {
			f.add(path+".line_id", "repeated")
		}
		if !slices.ContainsFunc(levels, func(l orders.StockLevel) bool { return l.Warehouse == to.Warehouse }) {
			f.add(path+".warehouse", "unknown_warehouse", to.Warehouse)
		}
		restock = append(restock, to)
	}
	return restock, nil
}
