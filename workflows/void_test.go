package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

var manager = orders.Actor{ID: "staff-manager", Role: "manager", Verified: true}

// wish is a void of everything for the customer's sake.
func wish(lines ...orders.ShipLine) orders.VoidWish {
	return orders.VoidWish{ReasonCode: "customer_request", Lines: lines}
}

// void previews and confirms a void by a clerk with a limit that covers everything.
func (b *bench) void(w orders.VoidWish) *answer {
	const limit = 1_000_000
	actor := orders.Actor{ID: "staff-clerk", Role: "clerk", Verified: true}
	plan, err := orders.PlanVoid(b.queried(), orders.VoidRequest{Actor: actor, Limit: limit, VoidWish: w}, b.env.Now())
	require.NoError(b, err)
	return b.update("void", &orders.Void{Header: orders.Header{Actor: actor}, VoidWish: w, PlanHash: plan.Hash, Limit: limit})
}

// steps lists what became of the steps of a void.
func (b *bench) ended(n int) []string {
	var list []string
	for _, s := range b.stored().Amendments[n].Steps {
		list = append(list, s.Kind+" "+s.End)
	}
	return list
}

func TestAVoidOfAPaidOrderGivesEverythingBack(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var voided *answer
	b.when("everything to pack", ready, func() { voided = b.void(wish()) })
	b.run()
	require.Equal(t, orders.Voiding, voided.agreed().Stage)
	require.Equal(t, orders.Voided, b.stored().Stage)
	require.Equal(t, []string{
		"release_stock done", "release_payment done", "notify_customer done", "notify_departments done", "notify_refund done",
	}, b.ended(0))
	require.Equal(t, []string{"authorised", "released"}, b.entries("payments"))
	require.Zero(t, b.count(`SELECT count(*) FROM reservations WHERE order_number = $1 AND released + consumed < held`))
}

// waits tells whether a void waits for a second person.
func waits(o orders.Order) bool {
	return len(o.Amendments) > 0 && o.Amendments[len(o.Amendments)-1].Status == orders.AwaitingApproval
}
