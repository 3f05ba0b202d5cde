package workflows_test

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"amends/orders"
	"amends/store"
)

// nothingLeaks holds a voided order against all books, ours and those outside: everything was given back, once. Gone is
// how many units were found damaged or were lost.
func (b *bench) nothingLeaks(gone int) {
	b.Helper()
	o := b.stored()
	require.Equal(b, orders.Voided, o.Stage)
	for _, a := range o.Amendments {
		require.False(b, a.Status.Open(), a.ID)
	}
	require.Empty(b, o.Attention)
	b.noMoneyIsLeft(o)
	b.noGoodsAreLeft(o, gone)
	b.noLabelIsLeft(o)
	b.everybodyWasToldOnce(o)
	require.Zero(b, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`), "technicians' time")
	require.Zero(b, b.count(`SELECT count(*) FROM effects WHERE order_number = $1 AND outcome IS NULL`), "effects without an outcome")
	b.keepsTheRules()
}

// noMoneyIsLeft compares the payments with the provider's book and with the ledger.
func (b *bench) noMoneyIsLeft(o orders.Order) {
	b.Helper()
	held := b.bookSum("authorised") - b.bookSum("released")
	if held != 0 {
		held -= b.bookSum("captured")
	}
	require.Zero(b, held, "live authorisations: %v", b.book("payments"))
	require.Equal(b, b.bookSum("captured"), b.bookSum("refunded"), "everything taken is given back, once: %v", b.book("payments"))
	for _, p := range o.Payments {
		require.NotEqual(b, orders.PaymentAuthorising, p.Status)
		require.Equal(b, p.Captured, p.Refunded)
	}
	b.accounts(0, 0, 0)
}

// accounts are what the ledger has of the order: receivable, cash and revenue.
func (b *bench) accounts(receivable, cash, revenue int) {
	b.Helper()
	for account, want := range map[string]int{"receivable": receivable, "cash": cash, "revenue": revenue} {
		require.Equal(b, want, b.count(`
			SELECT coalesce(sum(e.minor), 0) FROM ledger_entries e JOIN ledger_transactions t ON t.key = e.transaction_key
			WHERE t.order_number = $1 AND e.account = '`+account+`'`), account)
	}
}

func (b *bench) noGoodsAreLeft(o orders.Order, gone int) {
	b.Helper()
	require.Empty(b, o.Reservations)
	require.Zero(b, b.count(`SELECT count(*) FROM reservations WHERE order_number = $1 AND released + consumed < held`), "reservations")
	require.Zero(b, b.count(`SELECT coalesce(sum(waiting), 0) FROM backorders WHERE order_number = $1`), "backorders")
	require.Zero(b, b.count(`SELECT coalesce(sum(reserved_delta), 0) FROM stock_movements WHERE order_number = $1`), "reserved")
	require.Equal(b, -gone, b.count(`SELECT coalesce(sum(on_hand_delta), 0) FROM stock_movements WHERE order_number = $1`), "on hand")
	asked := slices.DeleteFunc(b.entries("supplier"), func(kind string) bool { return kind != "requested" })
	cancelled := slices.DeleteFunc(b.entries("supplier"), func(kind string) bool { return kind != "cancelled" })
	arriving := 0
	for _, p := range o.Purchases {
		if p.Status == orders.PurchaseArrives {
			arriving++
		}
	}
	require.Len(b, cancelled, len(asked)-arriving, "purchases")
}

// noLabelIsLeft wants every label of the carrier's book cancelled there, or its parcel stopped, back or lost.
func (b *bench) noLabelIsLeft(o orders.Order) {
	b.Helper()
	stopped := []string{}
	for _, e := range b.book("carrier") {
		if e.Kind == "cancelled" {
			stopped = append(stopped, e.Tracking)
		}
	}
	for _, s := range o.Shipments {
		if s.Status == orders.Lost || b.cameBack(o, s.ID) {
			stopped = append(stopped, s.Label)
		}
	}
	for _, e := range b.book("carrier") {
		if e.Kind == "booked" {
			require.Contains(b, stopped, e.Tracking, "a label that is still good")
		}
	}
}

func (b *bench) cameBack(o orders.Order, shipment string) bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if s.Kind == orders.StepReceive && s.Subject == shipment && s.End == orders.EndCompleted {
				return true
			}
		}
	}
	return false
}

// everybodyWasToldOnce wants one message for each notify step that was done.
func (b *bench) everybodyWasToldOnce(o orders.Order) {
	b.Helper()
	customer, departments := 0, 0
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			switch {
			case s.End != orders.EndDone:
			case s.Kind == orders.StepTell, s.Kind == orders.StepTellMoney:
				customer++
			case s.Kind == orders.StepTellDepts:
				departments++
			}
		}
	}
	require.Len(b, b.book("sms"), customer, "messages to the customer")
	b.letters.Lock()
	defer b.letters.Unlock()
	letters := map[string]bool{} // a mail server cannot be asked: after a break the same letter, with the same ID, is sent again
	for _, l := range b.letters.sent {
		letters[l.key] = true
	}
	require.Len(b, letters, departments, "letters to departments")
}

// keepsTheRules asks the database's own invariants about this order.
func (b *bench) keepsTheRules() {
	b.Helper()
	for _, i := range store.Invariants() {
		n := b.count(`SELECT count(*) FROM (` + i.Query + `) AS violations (subject) WHERE subject::text LIKE '%' || $1 || '%'`)
		require.Zero(b, n, i.Name)
	}
}

// care is how people and the carrier do their part of a void.
type care struct {
	intercept string // the carrier's answer; none: it stops the parcel
	inspect   string // good or damaged; none: good
	retries   bool   // somebody repeats what was refused
	did       map[string]bool
}

// tends has people and the carrier do their part whenever it is their turn.
func (b *bench) tends(c care) {
	c.did = map[string]bool{}
	b.aside = func(o orders.Order) bool {
		acted := false
		for _, a := range o.Amendments {
			if a.Status == orders.AwaitingApproval && !c.did[a.ID] {
				c.did[a.ID], acted = true, true
				b.update("approve-plan", &orders.ApprovePlan{Header: orders.Header{Actor: manager}, ID: a.ID, Limit: 1_000_000})
			}
			for _, s := range a.Steps {
				acted = b.tend(c, &o, a, s) || acted
			}
		}
		return acted
	}
}

// mine tells whether people or the carrier end the step.
func (care) mine(kind string) bool {
	return slices.Contains([]string{
		orders.StepPutBack, orders.StepIntercept, orders.StepApproveReturn, orders.StepReceive, orders.StepInspect,
	}, kind)
}

func (b *bench) tend(c care, o *orders.Order, a orders.Amendment, s orders.Step) bool {
	name := a.ID + s.ID + s.Kind
	if blocked := o.StepBlocked(a, s); c.retries && blocked != nil && !c.did[name+"again"] && !orders.IsFault(blocked.Reason) {
		c.did[name+"again"] = true
		b.update("retry-step", &orders.RetryStep{StepRef: orders.StepRef{ID: a.ID, StepID: s.ID}})
		return true
	}
	if !c.mine(s.Kind) || c.did[name] || o.StepState(a, s) != orders.StepWaiting {
		return false
	}
	c.did[name] = true
	if s.Kind == orders.StepIntercept {
		b.carrier(o.Shipment(s.Subject).Tracking, first(c.intercept, orders.OutcomeIntercepted), false)
		return true
	}
	complete := &orders.CompleteStep{StepRef: orders.StepRef{ID: a.ID, StepID: s.ID}, Evidence: "WH-4711"}
	if s.Kind == orders.StepInspect {
		complete.Outcome = first(c.inspect, orders.OutcomeGood)
	}
	complete.Actor = orders.Actor{ID: "staff-" + s.Role, Role: s.Role, Verified: true}
	b.update("complete-step", complete)
	return true
}

func first(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// answers lets the outside world answer what it withholds from this order.
func (b *bench) answers() {
	b.Helper()
	response, err := http.Post(b.world.URL+"/release", "application/json", strings.NewReader(`{"order":"`+b.order.Number+`"}`))
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
}

// gate is a place in the database that can be held up.
type gate struct {
	reached, open chan struct{}
	once          bool
}

func newGate() *gate { return &gate{reached: make(chan struct{}), open: make(chan struct{})} }

// pass stops whoever comes first until the gate is opened.
func (g *gate) pass() {
	if g.once {
		return
	}
	g.once = true
	close(g.reached)
	<-g.open
}

// stepOf finds the first step of a kind in the last void.
func stepOf(o orders.Order, kind string) orders.Step {
	if len(o.Amendments) == 0 {
		return orders.Step{}
	}
	for _, s := range o.Amendments[len(o.Amendments)-1].Steps {
		if s.Kind == kind {
			return s
		}
	}
	return orders.Step{}
}

// stepIs waits for the first step of a kind in the last void to be in a state.
func stepIs(kind string, state orders.StepState) func(orders.Order) bool {
	return func(o orders.Order) bool {
		s := stepOf(o, kind)
		return s.ID != "" && o.StepState(o.Amendments[len(o.Amendments)-1], s) == state
	}
}

// balance reads what the stock book has of a product.
func (b *bench) balance(sku string) (onHand, reserved int) {
	b.Helper()
	require.NoError(b, b.sql.QueryRow(context.Background(),
		`SELECT coalesce(sum(on_hand), 0), coalesce(sum(reserved), 0) FROM stock WHERE sku = $1`, sku).Scan(&onHand, &reserved))
	return onHand, reserved
}
