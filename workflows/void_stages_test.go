package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// place is where an order stands when it is voided.
type place struct {
	name  string
	draft func(b *bench) orders.Draft // nil: goods
	slots int
	reach func(b *bench, void func())
	gone  int // units that do not come back
	care  care
}

func (b *bench) packs(quantity int64, then func()) {
	b.when("everything to pack", ready, func() {
		b.update("ship", &orders.Ship{Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: quantity}}})
	})
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && o.Shipments[0].Label != "" && quiet(o) }, then)
}

// sends hands a parcel of so many units over.
func (b *bench) sends(quantity int64, then func()) {
	b.packs(quantity, func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1"}) })
	b.when("it to be gone", func(o orders.Order) bool { return status(0, orders.HandedOver)(o) && quiet(o) }, then)
}

// delivers hands a parcel of so many units over, which arrives.
func (b *bench) delivers(quantity int64, then func()) {
	b.sends(quantity, func() { b.carrier(b.lastSeen.Shipments[0].Tracking, "delivered", false) })
	b.when("it to arrive", func(o orders.Order) bool { return status(0, orders.Delivered)(o) && quiet(o) }, then)
}

// approves has somebody approve an order that the review found something about.
func (b *bench) approves() {
	b.when("the review", in(orders.InReview), func() {
		b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
}

func beforeMoney() []place {
	return []place{
		{name: "created, while the checks run", reach: func(b *bench, void func()) {
			g := newGate()
			b.database.checks = g.pass
			b.when("the checks", in(orders.Created), func() {
				<-g.reached
				void()
				close(g.open)
			})
		}},
		{name: "in review", draft: large, reach: func(b *bench, void func()) { b.when("the review", in(orders.InReview), void) }},
		{name: "sent back", draft: large, slots: 1, reach: func(b *bench, void func()) {
			b.when("the review", in(orders.InReview), func() { b.update("send-back", &orders.SendBack{}) })
			b.when("it to be back", in(orders.SentBack), void)
		}},
	}
}

// large is an order of an installation and so much tea that a person reviews it.
func large(b *bench) orders.Draft {
	d := both(b)
	d.Lines[1].Ordered = 400
	return d
}

func short(b *bench) orders.Draft { return b.scarce(1) }

func beforeThePost() []place {
	return []place{
		{name: "reserving", reach: func(b *bench, void func()) {
			g := newGate()
			b.database.before = g.pass
			b.when("stock to be asked for", in(orders.Fulfilling), func() {
				<-g.reached
				void()
				close(g.open)
			})
		}},
		{name: "short, with a purchase", draft: short, reach: func(b *bench, void func()) {
			b.approves()
			b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() {
				b.update("request-purchase", &orders.RequestPurchase{LineID: "L1"})
			})
			b.when("the supplier's word", func(o orders.Order) bool {
				return len(o.Purchases) == 1 && o.Purchases[0].Status == orders.PurchaseRequested && len(o.Tasks()) == 0
			}, void)
		}},
		{name: "reserved", reach: func(b *bench, void func()) { b.when("everything to pack", ready, void) }},
		{name: "reserved, with an appointment", draft: both, slots: 1, reach: func(b *bench, void func()) {
			b.when("everything to pack", ready, void)
		}},
		{name: "packed, the label pending", reach: func(b *bench, void func()) {
			b.misbehave("carrier", "book", "withhold", 1)
			b.ships()
			b.when("the parcel", func(o orders.Order) bool { return len(o.Shipments) == 1 }, func() { void(); b.answers() })
		}},
		{name: "packed, the label unreachable", reach: func(b *bench, void func()) {
			b.misbehave("carrier", "book", "error_after", 6)
			b.misbehave("carrier", "find", "error_before", 6)
			b.ships()
			b.when("no answer", parked("book/S1", orders.ReasonUnreachable), void)
		}},
		{name: "packed, the label refused", reach: func(b *bench, void func()) {
			b.misbehave("carrier", "book", "refuse", 1)
			b.ships()
			b.when("no label", parked("book/S1", orders.RefusedRefused), void)
		}},
		{name: "packed with a label", reach: func(b *bench, void func()) { b.packs(3, void) }},
		{name: "packed in part", reach: func(b *bench, void func()) { b.packs(1, void) }},
	}
}

func withThePost() []place {
	return []place{
		{name: "handed over", reach: func(b *bench, void func()) { b.sends(3, void) }},
		{name: "handed over, and not to be stopped", care: care{intercept: "intercept_refused"}, reach: func(b *bench, void func()) {
			b.sends(3, void)
		}},
		{name: "handed over in part", reach: func(b *bench, void func()) { b.sends(2, void) }},
		{name: "handed over in part, the rest packed", reach: func(b *bench, void func()) {
			b.sends(1, func() { b.update("ship", &orders.Ship{Carrier: "SF"}) })
			b.when("the second parcel", func(o orders.Order) bool { return len(o.Shipments) == 2 && quiet(o) }, void)
		}},
		{name: "refused at the door", reach: func(b *bench, void func()) {
			b.sends(3, func() { b.carrier(b.lastSeen.Shipments[0].Tracking, "refused", false) })
			b.when("the refusal", parked("deliver/S1", orders.ReasonRefusedAtDoor), void)
		}},
		{name: "lost", gone: 3, reach: func(b *bench, void func()) {
			b.sends(3, func() { b.carrier(b.lastSeen.Shipments[0].Tracking, "lost", false) })
			b.when("the loss", parked("deliver/S1", orders.ReasonLost), void)
		}},
		{name: "delivered in part", care: care{inspect: "damaged"}, gone: 2, reach: func(b *bench, void func()) { b.delivers(2, void) }},
		{name: "signing off", reach: func(b *bench, void func()) { b.delivers(3, void) }},
	}
}

func afterTheSale() []place {
	return []place{
		{name: "after-sales before revenue", draft: withWindow, reach: func(b *bench, void func()) {
			g := newGate()
			b.database.posts = g.pass
			b.delivers(3, func() { b.update("sign-off", &orders.SignOff{}) })
			b.when("the window", in(orders.AfterSales), func() {
				<-g.reached
				void()
				close(g.open)
			})
		}},
		{name: "after-sales after revenue", draft: withWindow, reach: func(b *bench, void func()) {
			b.delivers(3, func() { b.update("sign-off", &orders.SignOff{}) })
			b.when("the window", func(o orders.Order) bool { return o.Revenue && quiet(o) }, void)
		}},
	}
}

func withWindow(*bench) orders.Draft {
	d := goods()
	d.Terms.AfterSalesDays = 7
	return d
}

// mode is how the provider treats the payment.
type mode struct{ name, call, behaviour string }

func (p place) voided(t *testing.T, m mode) {
	b := setup(t)
	draft := goods()
	if p.draft != nil {
		draft = p.draft(b)
	}
	var slots []orders.SlotRequest
	for n := range p.slots {
		slots = append(slots, slot(n+1))
	}
	b.create(draft, slots...)
	if m.behaviour != "" {
		b.misbehave("payments", m.call, m.behaviour, 1)
	}
	var answer *answer
	p.reach(b, func() {
		answer = b.void(wish())
		if m.behaviour == "withhold" {
			b.answers()
		}
	})
	b.tends(p.care)
	b.run()
	answer.agreed()
	b.nothingLeaks(p.gone)
}

func TestAVoidLeavesNothingBehindInWhicheverStage(t *testing.T) {
	for _, p := range beforeMoney() {
		t.Run(p.name, func(t *testing.T) { p.voided(t, mode{}) })
	}
	for _, list := range [][]place{beforeThePost(), withThePost(), afterTheSale()} {
		for _, p := range list {
			for _, m := range []mode{{name: "authorised"}, {"taken at once", "authorise", "immediate"}} {
				t.Run(p.name+", "+m.name, func(t *testing.T) { p.voided(t, m) })
			}
		}
	}
}

// underWay are calls that have not answered when the void is accepted: answered late, or never until they are asked again.
func underWay(call string) []mode {
	return []mode{{call + " withheld", call, "withhold"}, {call + " without an answer", call, "timeout_after"}, {call + " lost", call, "lose"}}
}

func TestAVoidMeetsACallToTheProviderUnderWay(t *testing.T) {
	reserving := place{reach: func(b *bench, void func()) {
		b.when("the provider to be asked", in(orders.Fulfilling), func() { b.misbehave("payments", "find", "slow", 1); void() })
	}}
	for _, m := range append(underWay("authorise"), mode{"declined", "authorise", "decline"}, mode{"refused", "authorise", "refuse"}) {
		t.Run(m.name, func(t *testing.T) { reserving.voided(t, m) })
	}
	for name, quantity := range map[string]int64{"all of it": 3, "a part": 1} {
		leaving := place{reach: func(b *bench, void func()) {
			b.packs(quantity, func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1"}) })
			b.when("the capture", status(0, orders.HandedOver), void)
		}}
		for _, m := range append(underWay("capture"), mode{"declined", "capture", "decline"}, mode{"refused", "capture", "refuse"}) {
			t.Run(name+", "+m.name, func(t *testing.T) { leaving.voided(t, m) })
		}
	}
}

// TestAVoidOfAnAuthorisationTakenAtOnceRefundsItOnce: the plan was to release it.
func TestAVoidOfAnAuthorisationTakenAtOnceRefundsItOnce(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "immediate", 1)
	b.misbehave("payments", "authorise", "withhold", 1)
	b.when("the provider to be asked", in(orders.Fulfilling), func() { b.void(wish()); b.answers() })
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, []string{"captured", "refunded"}, b.entries("payments"))
}

func TestACaptureThatIsParkedIsSettledBeforeItsMoneyIsGivenBack(t *testing.T) {
	for name, behaviour := range map[string]string{"taken": "error_after", "not taken": "error_before"} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			b.misbehave("payments", "capture", behaviour, 6)
			b.misbehave("payments", "find", "error_before", 6)
			b.packs(3, func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1"}) })
			b.when("no answer", parked("capture/C1", orders.ReasonUnreachable), func() { b.void(wish()) })
			b.tends(care{})
			b.run()
			b.nothingLeaks(0)
			require.Equal(t, []string{"authorised", "captured", "refunded"}, b.entries("payments"))
		})
	}
}
