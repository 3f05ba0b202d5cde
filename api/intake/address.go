package intake

import (
	"regexp"
	"strings"

	"amends/orders"
)

var postcode = regexp.MustCompile(`^[0-9]{3,6}$`)

// address checks an address for completeness: province, city, and a street or a door. Whether the divisions exist is
// for the review, not for refusing.
func (p *problems) address(field string, typed Address) orders.Address {
	a := orders.Address{
		Country:  strings.ToUpper(p.text(field+".country", typed.Country, 2)),
		Province: p.required(field+".province", typed.Province, 50),
		City:     p.required(field+".city", typed.City, 50),
		District: p.text(field+".district", typed.District, 50),
		Street:   p.text(field+".street", typed.Street, 200),
		Detail:   p.text(field+".detail", typed.Detail, 200),
		Postcode: p.text(field+".postcode", typed.Postcode, 10),
	}
	if a.Country == "" {
		a.Country = "CN"
	}
	if a.Country != "CN" {
		p.add(field+".country", CodeUnknownValue, "CN")
	}
	if Blank(typed.Street) && Blank(typed.Detail) {
		p.add(field+".detail", CodeRequired)
	}
	if a.Postcode != "" && !postcode.MatchString(a.Postcode) {
		p.add(field+".postcode", CodePostcode)
	}
	return a
}
