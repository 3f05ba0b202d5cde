package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// units are so many of the first line.
func units(n int64) orders.VoidWish { return wish(orders.ShipLine{LineID: "L1", Quantity: n}) }

// goesOn wants an order to have been closed with what is left of it, in all books.
func (b *bench) goesOn(kept, total int64) {
	b.Helper()
	o := b.stored()
	require.Equal(b, orders.Closed, o.Stage)
	require.Equal(b, kept, o.Lines[0].Kept())
	require.Equal(b, yuan(total), o.Total())
	require.Equal(b, total, b.bookSum("captured")-b.bookSum("refunded"), "paid: %v", b.book("payments"))
	if held := b.bookSum("authorised"); held > 0 {
		require.Equal(b, held, b.bookSum("captured")+b.bookSum("released"), "held: %v", b.book("payments"))
	}
	b.accounts(0, int(total), -int(total))
	require.Equal(b, -int(kept), b.count(`SELECT coalesce(sum(on_hand_delta), 0) FROM stock_movements WHERE order_number = $1`))
	require.Zero(b, b.count(`SELECT coalesce(sum(reserved_delta), 0) FROM stock_movements WHERE order_number = $1`))
	require.Empty(b, o.Attention)
	require.Empty(b, o.Flags())
	b.everybodyWasToldOnce(o)
	b.keepsTheRules()
}

var payments = map[string]string{"authorised": "slow", "taken at once": "immediate"}

// sold is an order of three boxes whose money is held, or taken at once.
func (b *bench) sold(behaviour string) {
	b.create(goods())
	if behaviour == "immediate" {
		b.misbehave("payments", "authorise", behaviour, 1)
	}
}

func TestTheRestOfAPartlyVoidedOrderLivesOnToItsEnd(t *testing.T) {
	for name, behaviour := range payments {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			b.when("everything to pack", ready, func() { b.void(units(1)) })
			b.when("the void to be over", over(orders.Completed), func() {
				require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
				require.Equal(t, int64(2), b.lastSeen.Lines[0].Reserved)
			})
			b.finish()
			b.run()
			b.goesOn(2, 26800)
		})
	}
}

func TestSeveralPartVoidsAddUp(t *testing.T) {
	for name, behaviour := range payments {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			var second *answer
			b.when("everything to pack", ready, func() { b.void(units(1)) })
			b.when("the first to run", func(o orders.Order) bool { return len(o.Amendments) == 1 }, func() { second = b.void(units(1)) })
			b.when("both to be over", func(o orders.Order) bool {
				return len(o.Amendments) == 2 && over(orders.Completed)(o) && o.Amendments[0].Status == orders.Completed
			}, func() {})
			b.finish()
			b.run()
			second.agreed()
			b.goesOn(1, 14000)
		})
	}
}

func TestAPackedParcelIsUnpackedAndTheRestPackedAgain(t *testing.T) {
	for name, behaviour := range payments {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			b.packs(3, func() { b.void(units(1)) })
			b.tends(care{})
			b.when("the parcel to be unpacked", func(o orders.Order) bool { return over(orders.Completed)(o) && quiet(o) }, func() {
				require.Equal(t, orders.Cancelled, b.lastSeen.Shipments[0].Status)
				require.Equal(t, []string{"booked", "cancelled"}, b.entries("carrier"))
				b.update("ship", &orders.Ship{Carrier: "SF"})
			})
			b.when("the second parcel", func(o orders.Order) bool { return status(1, orders.Packed)(o) && quiet(o) }, func() {
				require.Equal(t, int64(2), b.lastSeen.Shipments[1].Lines[0].Quantity)
				b.update("hand-over", &orders.HandOver{ShipmentID: "S2"})
			})
			b.when("it to be gone", status(1, orders.HandedOver), func() { b.carrier(b.lastSeen.Shipments[1].Tracking, "delivered", true) })
			b.run()
			b.goesOn(2, 26800)
		})
	}
}

func TestAPartThatWasDeliveredComesBackAndTheRestIsKept(t *testing.T) {
	for name, behaviour := range payments {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			b.delivers(3, func() { b.void(units(1)) })
			b.tends(care{})
			b.when("the void to be over", func(o orders.Order) bool { return over(orders.Completed)(o) && quiet(o) }, func() {
				b.update("sign-off", &orders.SignOff{})
			})
			b.run()
			b.goesOn(2, 26800)
		})
		t.Run(name+", of two parcels", func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			b.delivers(2, func() { b.void(units(2)) }) // the one in the house, and one of the two
			b.tends(care{})
			b.when("the void to be over", func(o orders.Order) bool { return over(orders.Completed)(o) && quiet(o) }, func() {
				b.update("sign-off", &orders.SignOff{})
			})
			b.run()
			b.goesOn(1, 14000)
		})
	}
}

func TestAHandOverBeforeTheParcelIsUnpackedIsAFactAndOneAfterItIsRefused(t *testing.T) {
	for name, lines := range map[string]orders.VoidWish{"the whole order": wish(), "all of the parcel": units(3), "a part": units(1)} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			var gone *answer
			b.packs(3, func() { b.void(lines) })
			b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() {
				gone = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
			})
			b.when("the goods to be wanted back", status(0, orders.HandedOver), func() {
				require.Equal(t, orders.EndMoot, stepOf(b.lastSeen, orders.StepPutBack).End)
				require.Equal(t, name != "a part", stepOf(b.lastSeen, orders.StepIntercept).ID != "")
				if name == "a part" {
					b.carrier(b.lastSeen.Shipments[0].Tracking, "delivered", false)
				}
				b.tends(care{})
			})
			if name == "a part" {
				b.when("the goods to be back", over(orders.Completed), func() { b.update("sign-off", &orders.SignOff{}) })
			}
			b.run()
			gone.agreed()
			if name == "a part" {
				b.goesOn(2, 26800)
				return
			}
			b.nothingLeaks(0)
			require.Contains(t, b.entries("carrier"), "intercept_asked")
		})
		t.Run(name+", too late", func(t *testing.T) {
			b := setup(t)
			b.create(goods())
			var gone *answer
			b.packs(3, func() { b.void(lines) })
			b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() {
				a := b.lastSeen.Amendments[0]
				ref := orders.StepRef{ID: a.ID, StepID: stepOf(b.lastSeen, orders.StepPutBack).ID}
				b.update("complete-step", &orders.CompleteStep{StepRef: ref, Evidence: "WH-1"})
				gone = b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
			})
			if name == "a part" {
				b.when("the rest", func(o orders.Order) bool { return over(orders.Completed)(o) && quiet(o) }, func() { b.void(wish()) })
			}
			b.run()
			require.Contains(t, []string{orders.CodeParcelStopped, orders.CodeNotPacked, orders.CodeWrongStage}, gone.problem().Code)
			b.nothingLeaks(0)
			require.Zero(t, b.times("handed_over"))
		})
	}
}

func TestAWholeVoidTakesOverWhileThePartBeforeItIsUnderWay(t *testing.T) {
	for name, behaviour := range payments {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.sold(behaviour)
			b.misbehave("payments", "refund", "error_before", 6)
			var whole *answer
			b.packs(3, func() { b.void(units(1)) })
			b.when("somebody to unpack it", stepIs(orders.StepPutBack, orders.StepWaiting), func() { whole = b.void(wish()) })
			b.tends(care{})
			b.run()
			whole.agreed()
			b.nothingLeaks(0)
			require.Equal(t, orders.Completed, b.stored().Amendments[0].Status)
			require.Equal(t, []string{"booked", "cancelled"}, b.entries("carrier"))
		})
	}
}

func TestAServiceIsVoidedAndTheGoodsGoOn(t *testing.T) {
	b := setup(t)
	b.create(both(b), slot(1))
	b.when("everything to pack", ready, func() { b.void(units(1)) })
	b.when("the time to be free", over(orders.Completed), func() {
		require.Zero(t, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`))
		require.Equal(t, orders.AppointmentCancelled, b.lastSeen.Appointments[0].Status)
	})
	b.ships()
	b.handsOver()
	b.arrives()
	b.when("the parcel to arrive", func(o orders.Order) bool { return status(0, orders.Delivered)(o) && quiet(o) }, func() {
		require.Equal(t, orders.SigningOff, b.lastSeen.Stage)
		b.update("sign-off", &orders.SignOff{})
	})
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, int64(39600), b.bookSum("captured"))
	require.Equal(t, int64(20000), b.bookSum("released"))
	b.accounts(0, 39600, -39600)
}

func TestAPartThatWaitsForGoodsIsVoidedAndTheRestShipped(t *testing.T) {
	b := setup(t)
	draft := b.scarce(2)
	b.create(draft)
	b.approves()
	b.when("the shortage", parked("reserve", orders.ReasonShortStock), func() {
		b.update("request-purchase", &orders.RequestPurchase{LineID: "L1"})
	})
	b.when("the supplier's word", func(o orders.Order) bool {
		return len(o.Purchases) == 1 && o.Purchases[0].Status == orders.PurchaseRequested && len(o.Tasks()) == 0
	}, func() { b.void(units(1)) })
	b.finish()
	b.run()
	b.goesOn(2, 26800)
	require.Equal(t, []string{"requested", "cancelled"}, b.entries("supplier"))
	require.Zero(t, b.count(`SELECT coalesce(sum(waiting), 0) FROM backorders WHERE order_number = $1`))
	onHand, reserved := b.balance(draft.Lines[0].SKU)
	require.Equal(t, []int{0, 0}, []int{onHand, reserved})
}

func TestALastPartMakesTheVoidWhole(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.when("everything to pack", ready, func() { b.void(units(2)) })
	b.when("the first to be over", over(orders.Completed), func() { b.void(units(1)) })
	b.run()
	b.nothingLeaks(0)
	require.Equal(t, []string{"authorised", "released"}, b.entries("payments"))
}

func TestAPaymentThatIsTriedAgainAfterAPartVoidIsOfTheRest(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "decline", 1)
	b.when("the refusal", parked("authorise/P1", "declined"), func() { b.void(units(1)) })
	b.when("the void to be over", over(orders.Completed), func() {
		b.misbehave("payments", "authorise", "immediate", 1)
		b.update("retry", &orders.Retry{})
	})
	b.finish()
	b.run()
	b.goesOn(2, 26800)
}
