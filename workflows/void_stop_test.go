package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// unpacks has the warehouse say that it has unpacked the parcel.
func (b *bench) unpacks() *answer {
	ref := orders.StepRef{ID: b.lastSeen.Amendments[0].ID, StepID: stepOf(b.lastSeen, orders.StepPutBack).ID}
	return b.update("complete-step", &orders.CompleteStep{StepRef: ref, Evidence: "WH-1"})
}

func TestACarriersScanOfAParcelThatIsBeingUnpackedIsOnlyNoted(t *testing.T) {
	for name, w := range map[string]orders.VoidWish{"the whole order": wish(), "a part": units(1)} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			g := newGate()
			b.database.stops = g.pass
			b.packs(3, func() { b.void(w) })
			b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() { b.unpacks() })
			b.when("the book to be asked", stepIs(orders.StepPutBack, orders.StepRunning), func() {
				<-g.reached
				b.carrier(b.lastSeen.Shipments[0].Label, "in_transit", false)
				close(g.open)
			})
			if name == "a part" {
				b.when("the rest", func(o orders.Order) bool { return over(orders.Completed)(o) && quiet(o) }, func() { b.void(wish()) })
			}
			b.run()
			b.nothingLeaks(0)
			require.Equal(t, orders.Cancelled, b.stored().Shipments[0].Status)
			require.Zero(t, b.times("handed_over"))
			require.Equal(t, []string{"carrier_event_cancelled_parcel"}, codes(b.stored().Findings))
		})
	}
}

func TestAParcelThatTheBookHasSeenLeaveIsHandedOverWhoeverUnpackedIt(t *testing.T) {
	for name, tell := range map[string]func(b *bench){
		"a person says so": func(b *bench) { b.update("hand-over", &orders.HandOver{ShipmentID: "S1"}) },
		"the carrier does": func(b *bench) { b.carrier(b.lastSeen.Shipments[0].Label, "in_transit", false) },
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			b.packs(3, func() {
				s := b.lastSeen.Shipments[0] // a workflow task that history forgot has taken it out of the book
				move := orders.StockMove{Key: b.order.Number + "/move_stock/S1/1", Order: b.order.Number, Shipment: "S1", Lines: s.Lines}
				require.NoError(t, b.db.ShipStock(context.Background(), move))
				b.void(wish())
			})
			b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() { b.unpacks() })
			b.when("the contradiction", blockedFor(orders.StepPutBack, orders.OutcomeLeft), func() {
				b.showsBlocked(orders.StepPutBack, orders.OutcomeLeft, "warehouse")
				tell(b)
				b.tends(care{})
			})
			b.run()
			b.nothingLeaks(0)
		})
	}
}
