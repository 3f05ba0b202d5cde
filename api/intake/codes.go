package intake

import "amends/orders"

// Codes of field problems.
const (
	CodeRequired       = "required"
	CodeTooLong        = "too_long"           // params: the most characters
	CodeControl        = "control_characters" // line separators too, where there is one line
	CodeBidi           = "bidi_characters"    //
	CodeNotUTF8        = "not_utf8"           //
	CodePhone          = "not_a_phone"        //
	CodeEmail          = "not_an_email"       //
	CodePostcode       = "not_a_postcode"     //
	CodeTaxNumber      = "not_a_tax_number"   //
	CodeAmount         = "not_an_amount"      //
	CodeTooFine        = "too_many_decimals"  //
	CodeRange          = "out_of_range"       // params: the least and the most
	CodeUnknownValue   = "unknown_value"      // params: the values there are
	CodeUnknownSKU     = "unknown_sku"        // params: the SKU
	CodeUnknownPerson  = "unknown_customer"   //
	CodeCurrency       = "wrong_currency"     // params: the currency of the price list
	CodeDiscount       = "discount_too_large" // params: the line's total
	CodeTotal          = "total_too_large"    // params: the most
	CodeLineCount      = "line_count"         // params: the most lines
	CodePast           = "in_the_past"        //
	CodeEndBeforeStart = "ends_before_start"  //
	CodeTooLongVisit   = "appointment_too_long"
	CodeNoAppointment  = "appointment_required"
	CodeAppointment    = "appointment_not_for_goods"
)

// Codes lists every code of this package.
func Codes() []string {
	return []string{
		CodeRequired, CodeTooLong, CodeControl, CodeBidi, CodeNotUTF8, CodePhone, CodeEmail, CodePostcode, CodeTaxNumber,
		CodeAmount, CodeTooFine, CodeRange, CodeUnknownValue, CodeUnknownSKU, CodeUnknownPerson, CodeCurrency, CodeDiscount,
		CodeTotal, CodeLineCount, CodePast, CodeEndBeforeStart, CodeTooLongVisit, CodeNoAppointment, CodeAppointment,
	}
}

// problems collects everything that is wrong with a form.
type problems struct{ list []orders.FieldProblem }

func (p *problems) add(field, code string, params ...string) {
	p.list = append(p.list, orders.FieldProblem{Field: field, Code: code, Params: params})
}

// check adds the code, if there is one.
func (p *problems) check(field, code string, params ...string) {
	if code != "" {
		p.add(field, code, params...)
	}
}
