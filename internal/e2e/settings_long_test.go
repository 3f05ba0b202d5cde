//go:build long

package e2e_test

import (
	"net/http"
	"slices"
)

// setting is where an order stands when it is voided: how it is typed, and how it is brought there.
type setting struct {
	name  string
	form  func() form
	ready func(o *order)
}

// reviewed is an order that a person must review.
func reviewed() form { return kept(typed(line("TEA-003", 1, "188.00"))) }

// kept has an after-sales window, so that the order does not close by itself.
func kept(f form) form {
	f["terms"] = object{"payment": "prepaid", "after_sales_days": 7}
	return f
}

func tea() form { return kept(typed(line("TEA-001", 1, "128.00"))) }

func settings() []setting {
	return []setting{
		{"in review", reviewed, func(o *order) { o.reaches("in_review") }},
		{"sent back", reviewed, func(o *order) {
			o.reaches("in_review")
			o.tell("reviewer", "send-back", object{"reason": "价格不对"}).want(http.StatusOK)
		}},
		{"reserved", func() form { return typed(line("TEA-001", 1, "128.00"), visit("SVC-INSTALL", "200.00")) }, func(o *order) { o.awaitReady() }},
		{"taken at once", reviewed, func(o *order) {
			o.reaches("in_review")
			misbehave(o, "payments", "authorise", "immediate", o.number, 1)
			o.tell("reviewer", "approve", nil).want(http.StatusOK)
			o.awaitReady()
		}},
		{"packed", tea, packs},
		{"on its way", tea, leaves},
		{"signed for", tea, func(o *order) {
			leaves(o)
			o.reported(o.view().Shipments[0].TrackingNumber, "delivered", object{"proof": true})
			o.await("earned", func(view) bool { return o.state().Revenue })
		}},
	}
}

func settingOf(name string) setting {
	all := settings()
	return all[slices.IndexFunc(all, func(s setting) bool { return s.name == name })]
}

func packs(o *order) {
	o.awaitReady()
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).want(http.StatusCreated)
	o.await("booked", func(v view) bool { return v.Shipments[0].Booking == "booked" })
}

func leaves(o *order) {
	packs(o)
	v := o.view()
	o.settle(o.handingOver(v.Shipments[0].Label, v.Version)).want(http.StatusOK)
	o.await("captured", func(v view) bool { return v.Payments[0].Captured == v.Total })
}
