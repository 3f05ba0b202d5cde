package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// waiting is a draft that a person must review because of its amount.
func waiting() orders.Draft {
	d := goods()
	d.Lines[0].Ordered = 400
	return d
}

func codes(findings []orders.Finding) []string {
	var found []string
	for _, f := range findings {
		found = append(found, f.Code)
	}
	return found
}

func TestACleanOrderPassesItsReviewByRule(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.when("fulfilment", ready, func() { b.update("reject", &orders.Reject{ReasonCode: "customer_request"}) })
	b.run()
	require.Equal(t, []string{"created", "checked", "approved"}, b.kinds()[:3])
	require.Equal(t, orders.SystemActor, b.events()[2].Actor)
}

func TestEveryFindingMakesAPersonReviewTheOrder(t *testing.T) {
	other := func(b *bench) { // an order of the same customer that looks the same
		first := goods()
		first.CustomerRef = "PO-7"
		b.create(first)
	}
	for finding, given := range map[string]struct {
		before func(b *bench)
		draft  func(d *orders.Draft)
	}{
		orders.FindingNoContact:       {draft: func(d *orders.Draft) { d.Contact.HasPhone = false }},
		orders.FindingNoAddress:       {draft: func(d *orders.Draft) { d.Contact.HasAddress = false }},
		orders.FindingUnknownDistrict: {draft: func(d *orders.Draft) { d.Contact.KnownDistrict = false }},
		orders.FindingPriceDeviation:  {draft: func(d *orders.Draft) { d.Lines[0].UnitPrice = yuan(10000) }},
		orders.FindingLargeAmount:     {draft: func(d *orders.Draft) { d.Lines[0].Ordered = 400 }},
		orders.FindingShortStock: {draft: func(d *orders.Draft) {
			d.Lines[0].Ordered, d.Lines[0].UnitPrice, d.Lines[0].ListPrice = 1_000_000, yuan(0), yuan(0)
		}},
		orders.FindingHardDuplicate: {before: other, draft: func(d *orders.Draft) { d.CustomerRef, d.Lines[0].Ordered = "PO-7", 4 }},
		orders.FindingSoftDuplicate: {before: other, draft: func(*orders.Draft) {}},
	} {
		t.Run(finding, func(t *testing.T) {
			b := setup(t)
			if given.before != nil {
				given.before(b)
			}
			first := b.order.Number
			draft := goods()
			given.draft(&draft)
			b.create(draft)
			b.when("the review", in(orders.InReview), func() {
				require.Equal(t, []string{finding}, codes(b.lastSeen.Review.Findings))
				require.Contains(t, b.details(), finding)
				reject := &orders.Reject{ReasonCode: "duplicate", Survivor: "DD20260101-000001"}
				if finding == orders.FindingHardDuplicate {
					reject.Survivor = "" // the finding names it
				}
				b.update("reject", reject)
			})
			b.run()
			require.Equal(t, orders.Rejected, b.stored().Stage)
			if finding == orders.FindingHardDuplicate {
				require.Equal(t, first, b.stored().Survivor, "the order that lives on")
			}
		})
	}
}

func TestAPersonApprovesWhatTheReviewFound(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var clerkTries, yes *answer
	b.when("the review", in(orders.InReview), func() {
		require.Equal(t, "in_review", b.attribute("OrderStage"))
		clerkTries = b.update("approve", &orders.Approve{Header: orders.Header{Actor: orders.Actor{ID: "c", Role: "clerk", Verified: true}}})
		yes = b.update("approve", &orders.Approve{Header: orders.Header{Actor: reviewer}})
	})
	b.when("fulfilment", ready, func() { b.update("reject", &orders.Reject{ReasonCode: "customer_request"}) })
	b.run()
	clerkTries.refused(orders.CodeForbidden)
	require.Equal(t, orders.Fulfilling, yes.agreed().Stage)
	require.Equal(t, int64(2), yes.agreed().Version)
	require.Equal(t, 1, b.times("approved"))
}

func TestAnOrderIsSentBackAndResubmittedWithANewDraft(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() { b.update("send-back", &orders.SendBack{}) })
	b.when("it to be back", in(orders.SentBack), func() {
		require.Empty(t, b.lastSeen.Deadlines)
		draft := goods()
		draft.CustomerID, draft.ContactID = b.order.CustomerID, b.order.ContactID
		b.update("resubmit", &orders.Resubmit{Draft: &draft})
	})
	b.ships()
	b.handsOver()
	b.arrives()
	b.run()
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, 2, b.stored().Review.Round)
	require.Equal(t, yuan(39600), b.stored().Payments[0].Captured)
}

func TestAnOrderIsResubmittedAsItWasAndReviewedAgain(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() { b.update("send-back", &orders.SendBack{}) })
	b.when("it to be back", in(orders.SentBack), func() { b.update("resubmit", &orders.Resubmit{}) })
	b.when("the second review", in(orders.InReview), func() { b.update("reject", &orders.Reject{ReasonCode: "fraud_suspected"}) })
	b.run()
	require.Equal(t, 2, b.times("checked"))
	require.Equal(t, "fraud_suspected", b.stored().RejectedFor)
}

func TestAReviewThatNobodyDoesIsOverdue(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the deadline to pass", func(o orders.Order) bool { return len(o.Overdue) > 0 }, func() {
		require.Equal(t, []string{"overdue"}, b.lastSeen.Flags())
		require.Equal(t, []string{"overdue"}, b.attribute("OrderFlag"))
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
	overdue := b.events()[3]
	require.Equal(t, "overdue", overdue.Kind)
	require.Equal(t, b.events()[2].At.Add(24*time.Hour), overdue.At, "by its own timer, to the moment")
}

func TestAHoldStopsWorkAndClocksAndLetsFactsIn(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var due time.Time
	var ship *answer
	b.ships()
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && quiet(o) }, func() {
		due = b.lastSeen.Deadlines[0].DueAt
		b.update("hold", &orders.PutOnHold{})
	})
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil }, func() {
		require.Equal(t, []string{"on_hold"}, b.lastSeen.Flags())
		ship = b.update("ship", &orders.Ship{Carrier: "SF"})
		b.update("hand-over", &orders.HandOver{ShipmentID: "S1"})
	})
	b.when("the hand-over, which is a fact", func(o orders.Order) bool { return o.Shipments[0].StockMoved }, func() {
		require.Equal(t, orders.Fulfilling, b.lastSeen.Stage, "a hold stops the order where it is")
		require.Equal(t, []string{"authorised"}, b.entries("payments"), "a hold stops the capture")
		b.at(100*time.Hour, func() { b.update("resume", &orders.Resume{}) })
	})
	b.arrives()
	b.run()
	ship.refused(orders.CodeOnHold)
	require.Zero(t, b.times("overdue"), "the clock stood still")
	require.Equal(t, orders.Closed, b.stored().Stage)
	var held, resumed time.Time
	for _, e := range b.events() {
		switch e.Kind {
		case "held":
			held = e.At
		case "resumed":
			resumed = e.At
		}
	}
	require.Greater(t, resumed.Sub(held), 72*time.Hour)
	require.False(t, due.IsZero())
}

func TestAHoldShiftsTheDeadlineByTheTimeHeld(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() { b.update("hold", &orders.PutOnHold{}) })
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil }, func() {
		b.at(240*time.Hour, func() { b.update("resume", &orders.Resume{}) })
	})
	b.when("the deadline to pass", func(o orders.Order) bool { return len(o.Overdue) > 0 }, func() {
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
	at := map[string]time.Time{}
	for _, e := range b.events() {
		at[e.Kind] = e.At
	}
	worked := at["overdue"].Sub(at["review_required"]) - at["resumed"].Sub(at["held"])
	require.Equal(t, 24*time.Hour, worked)
}

func TestARejectedOrderGivesBackStockAuthorisationLabelAndTime(t *testing.T) {
	b := setup(t)
	b.create(both(b), slot(1))
	b.ships()
	b.when("a label", func(o orders.Order) bool { return len(o.Shipments) == 1 && quiet(o) }, func() {
		b.update("reject", &orders.Reject{ReasonCode: "customer_request"})
	})
	b.run()
	o := b.stored()
	require.Equal(t, orders.Rejected, o.Stage)
	require.Equal(t, orders.PaymentReleased, o.Payments[0].Status)
	require.Equal(t, []string{"authorised", "released"}, b.entries("payments"))
	require.Equal(t, []string{"booked", "cancelled"}, b.entries("carrier"))
	require.Empty(t, o.Reservations)
	require.Empty(t, o.FreeSlots)
	require.Zero(t, b.count(`SELECT coalesce(sum(held - released - consumed), 0) FROM reservations WHERE order_number = $1`))
	require.Zero(t, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE order_number = $1 AND template = 'rejected'`))
}

func TestARejectionWaitsForTheAuthorisationUnderWayAndReleasesIt(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "timeout_after", 1) // done, but nobody hears of it for a second
	b.when("the authorisation to be asked for", func(o orders.Order) bool {
		return len(o.Payments) == 1 && len(b.book("payments")) == 1
	}, func() { b.update("reject", &orders.Reject{ReasonCode: "customer_request"}) })
	b.run()
	kinds := b.kinds()
	require.Equal(t, orders.Rejected, b.stored().Stage)
	require.Equal(t, []string{"authorised", "released"}, b.entries("payments"))
	require.Contains(t, kinds, "payment_authorised")
	require.Equal(t, "payment_released", kinds[len(kinds)-1])
}

func TestARejectedOrderThatWasCapturedAtOnceIsRefunded(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "immediate", 1)
	b.when("fulfilment", ready, func() { b.update("reject", &orders.Reject{ReasonCode: "out_of_stock"}) })
	b.run()
	require.Equal(t, []string{"captured", "refunded"}, b.entries("payments"))
	require.Equal(t, yuan(39600), b.stored().Payments[0].Refunded)
}

func TestADeclinedPaymentDoesNotKeepARejectedOrderOpen(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.misbehave("payments", "authorise", "decline", 1)
	b.when("the refusal", parked("authorise/P1", "declined"), func() {
		b.update("reject", &orders.Reject{ReasonCode: "payment_failed"})
	})
	b.run()
	require.Equal(t, orders.Rejected, b.stored().Stage)
	require.Equal(t, []string{"declined"}, b.entries("payments"))
}

func TestTheSurvivorOfADuplicateIsNamed(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var self, nobody, none *answer
	b.when("the review", in(orders.InReview), func() {
		self = b.update("reject", &orders.Reject{ReasonCode: "duplicate", Survivor: b.order.Number})
		nobody = b.update("reject", &orders.Reject{ReasonCode: "duplicate"})
		none = b.update("reject", &orders.Reject{ReasonCode: "whim"})
		b.update("reject", &orders.Reject{ReasonCode: "duplicate", Survivor: "DD20260101-000001"})
	})
	b.run()
	self.refused(orders.CodeInvalid)
	nobody.refused(orders.CodeInvalid)
	none.refused(orders.CodeInvalid)
	require.Equal(t, "DD20260101-000001", b.stored().Survivor)
	_, err := b.db.Order(context.Background(), "DD20260101-000001")
	require.ErrorIs(t, err, orders.ErrNotFound)
}
