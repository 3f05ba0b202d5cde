//go:build long

package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// hands play what people and the carrier must still do about many orders, until all are at rest.
type hands struct {
	*crowd
	refuses func(i int) bool // the carrier refuses to stop the parcels of the i-th order, and delivers them
}

// play goes round until every order is closed, voided or rejected.
func (h hands) play() []orders.Order {
	h.Helper()
	for deadline := time.Now().Add(longPatience); ; <-time.After(restPace) {
		list := h.states()
		var open []int
		for i, o := range list {
			if !o.AtRest() {
				open = append(open, i)
			}
		}
		if len(open) == 0 {
			return list
		}
		if time.Now().After(deadline) {
			h.Fatalf("after %s %d orders are still not at rest, such as %s", longPatience, len(open), described([]orders.Order{list[open[0]]}))
		}
		each(h.T, len(open), func(t testing.TB, n int) {
			number := list[open[n]].Number
			h.act(&order{t, number}, list[open[n]], slices.Index(h.numbers, number))
		})
	}
}

// say gives a command. What the order refuses, because it went on meanwhile, is looked at again in the next round.
func (h hands) say(o *order, role, path string, body object) {
	o.Helper()
	r := request{role: role, path: path, body: body, key: newKey()}
	a := send(o, r)
	ok := a.status < http.StatusMultipleChoices || a.status == http.StatusConflict
	require.True(o, ok, "%s by %s: %s", path, role, a)
}

// act does the next thing that is to be done about an order.
func (h hands) act(o *order, s orders.Order, i int) {
	o.Helper()
	for _, a := range s.Amendments {
		if a.Status == orders.AwaitingApproval {
			h.say(o, "manager", "/voids/"+a.ID+"/approve", object{})
			return
		}
		for _, step := range a.Steps {
			h.step(o, s, a, step, i)
		}
	}
	if s.Stage == orders.Voiding || s.Stage.Finished() {
		return
	}
	h.live(o, s)
}

// step does a person's or the carrier's part of a step.
func (h hands) step(o *order, s orders.Order, a orders.Amendment, step orders.Step, i int) {
	o.Helper()
	switch state := s.StepState(a, step); {
	case state == orders.StepBlocked:
		h.say(o, "manager", "/voids/"+a.ID+"/steps/"+step.ID+"/retry", object{})
	case state != orders.StepWaiting:
	case step.Kind == orders.StepIntercept && h.refuses(i):
		parcel := s.Shipment(step.Subject).Tracking
		o.reported(parcel, "intercept_refused", nil)
		o.reported(parcel, "delivered", nil)
	case step.Kind == orders.StepIntercept:
		o.reported(s.Shipment(step.Subject).Tracking, "intercepted", nil)
	default:
		body := object{"evidence": "SLIP-" + step.ID}
		if step.Kind == orders.StepInspect {
			body["outcome"] = []string{orders.OutcomeGood, orders.OutcomeDamaged}[i%2]
		}
		h.say(o, "manager", "/voids/"+a.ID+"/steps/"+step.ID+"/complete", body)
	}
}

// live brings an order that is not voided to its end.
func (h hands) live(o *order, s orders.Order) {
	o.Helper()
	path, version := "/orders/"+o.number+"/", object{"expected_version": s.Version}
	with := func(more object) object {
		for field, value := range more {
			version[field] = value
		}
		return version
	}
	switch {
	case s.Hold != nil:
		h.say(o, "manager", path+"resume", version)
		return
	case slices.ContainsFunc(s.Attention, func(a orders.Attention) bool { return !strings.HasPrefix(a.Task, "deliver/") }):
		h.say(o, "manager", path+"retry", version)
		return
	case s.Stage == orders.Fulfilling && len(s.Shipments) == 0 && len(s.Reservations) > 0:
		h.say(o, "manager", path+"shipments", with(object{"carrier": "SF"}))
		return
	}
	for _, p := range s.Shipments {
		switch {
		case p.Status == orders.Packed && p.Booking == orders.BookingDone:
			h.say(o, "manager", path+"shipments/"+p.ID+"/hand-over", with(object{"tracking_number": p.Label, "handed_over_at": time.Now()}))
			return
		case p.Status == orders.HandedOver, p.Status == orders.InTransit:
			o.reported(p.Tracking, "delivered", nil)
			return
		}
	}
	if s.Stage == orders.SigningOff {
		h.say(o, "manager", path+"sign-off", with(object{"by": "韩梅梅", "at": time.Now()}))
	}
}
