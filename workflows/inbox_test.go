package workflows_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// rejects ends a story: the order is turned away once it may be.
func (b *bench) rejects() {
	b.when("it to be quiet", quiet, func() { b.update("reject", &orders.Reject{ReasonCode: "customer_request"}) })
}

func TestOneCommandChangesAnOrderOnceThroughWhicheverDoor(t *testing.T) {
	b := setup(t)
	b.create(goods())
	id := uuid.NewString()
	var first *answer
	ship := func() *orders.Ship {
		return &orders.Ship{
			Header:  orders.Header{CommandID: id, Actor: clerk},
			Carrier: "SF", Lines: []orders.ShipLine{{LineID: "L1", Quantity: 1}},
		}
	}
	b.when("everything to pack", ready, func() { first = b.raw("ship", id, ship()) })
	b.when("the parcel", func(o orders.Order) bool { return len(o.Shipments) == 1 && quiet(o) }, func() {
		b.signal("ship", ship())
		b.signal("ship", ship())
		b.raw("ship", id, ship())
	})
	b.rejects()
	b.run()
	require.Equal(t, "S1", first.agreed().Subject)
	require.Equal(t, 1, b.times("packed"))
	require.Equal(t, int64(3), b.stored().Version)
	require.Len(t, b.audits(), 1, "one command, one row")
}

func TestASignalThatArrivedFirstIsDecidedFirst(t *testing.T) {
	b := setup(t)
	b.create(goods())
	var ship, packed *answer
	b.when("everything to pack", ready, func() {
		b.env.SignalWorkflowSkippingWorkflowTask("hold", map[string]any{})
		ship = b.update("ship", &orders.Ship{Carrier: "SF"})
	})
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil }, func() {
		b.env.SignalWorkflowSkippingWorkflowTask("resume", map[string]any{})
		packed = b.update("ship", &orders.Ship{Carrier: "SF"})
	})
	b.rejects()
	b.run()
	ship.refused(orders.CodeOnHold)
	require.True(t, ship.accepted, "the validator leaves the answer to the handler, which hears the signal first")
	require.Equal(t, "S1", packed.agreed().Subject, "the validator does not refuse what an earlier signal allows")
}

func TestAStaleFormIsRefusedAndASignalNeedsNoVersion(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var stale *answer
	b.when("the review", in(orders.InReview), func() {
		version := int64(7)
		stale = b.update("send-back", &orders.SendBack{Header: orders.Header{ExpectedVersion: &version}})
		b.signal("send-back", map[string]any{"reason": "price list of last year"})
	})
	b.when("it to be back", in(orders.SentBack), func() {
		version := int64(1)
		b.signal("reject", map[string]any{"reason_code": "invalid", "expected_version": version})
		b.signal("reject", map[string]any{"reason_code": "invalid"})
	})
	b.run()
	stale.refused(orders.CodeStaleVersion)
	require.Equal(t, []string{"1", "7"}, stale.problem().Params)
	require.Equal(t, []string{
		"send-back operator operator f accepted",
		"reject operator operator f refused stale_version",
		"reject operator operator f accepted",
	}, b.audits())
	require.Equal(t, "price list of last year", b.events()[3].Reason)
}

func TestSignalsThatCannotBeReadFlagAnIncidentAndChangeNothing(t *testing.T) {
	for name, given := range map[string]struct {
		signal string
		input  any
		code   string
	}{
		"text":                       {"reject", "no JSON object", orders.CodeUnreadable},
		"another encoding":           {"reject", []byte{1, 2, 3}, orders.CodeUnreadable},
		"an unknown field":           {"reject", map[string]any{"reason_code": "invalid", "urgent": true}, orders.CodeUnreadable},
		"a field of another type":    {"reject", map[string]any{"reason_code": 7}, orders.CodeUnreadable},
		"a name that no command has": {"cancel-it", map[string]any{}, orders.CodeUnreadable},
		"a draft":                    {"resubmit", map[string]any{"draft": goods()}, orders.CodePersonalData},
		"a draft in capitals":        {"resubmit", map[string]any{"Draft": goods()}, orders.CodePersonalData},
		"an address":                 {"reject", map[string]any{"reason_code": "invalid", "address": "科技园路 1 号"}, orders.CodePersonalData},
		"a telephone number":         {"hold", map[string]any{"phone": "13800138000"}, orders.CodePersonalData},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.create(waiting())
			b.when("the review", in(orders.InReview), func() { b.signal(given.signal, given.input) })
			b.when("the incident", func(o orders.Order) bool { return len(o.Incidents) > 0 }, func() {
				require.Equal(t, orders.InReview, b.lastSeen.Stage)
				require.Equal(t, given.code, b.lastSeen.Incidents[0].Code)
				require.Equal(t, int64(1), b.lastSeen.Version, "nobody's command makes a form stale")
				require.Equal(t, true, b.attribute("NeedsAttention"))
				require.Equal(t, given.code, b.attribute("BlockedReason"))
				require.Contains(t, b.details(), given.code)
				b.update("retry", &orders.Retry{})
			})
			b.when("somebody to have taken note", func(o orders.Order) bool { return len(o.Incidents) == 0 }, func() {
				require.Equal(t, false, b.attribute("NeedsAttention"))
				b.update("reject", &orders.Reject{ReasonCode: "invalid"})
			})
			b.run()
			require.Equal(t, []string{given.signal + " operator operator f refused " + given.code}, b.audits())
			require.NotContains(t, text(t, b.events()), "科技园路")
		})
	}
}

func TestASignalIsWhatItClaimsAndNeverVerified(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	b.when("the review", in(orders.InReview), func() {
		b.signal("approve", map[string]any{"actor": map[string]any{"id": "staff-reviewer", "role": "reviewer", "verified": true}})
		b.signal("approve", map[string]any{"actor": orders.SystemActor})
		b.signal("hold", map[string]any{"actor": orders.CarrierActor})
		b.signal("resume", map[string]any{"actor": operator})
		b.signal("resume", nil)
		b.signal("carrier-event", map[string]any{"tracking_number": b.tracking("X"), "status": "lost"})
		b.signal("reject", map[string]any{"reason_code": "invalid", "actor": map[string]any{"id": "eve", "role": "manager"}})
	})
	b.run()
	require.Equal(t, []string{
		"approve staff-reviewer operator f refused forbidden",
		"approve system operator f refused forbidden",
		"hold carrier operator f accepted",
		"resume eve operator f accepted",
		"resume operator operator f refused not_on_hold",
		"carrier-event operator operator f accepted",
		"reject eve operator f accepted",
	}, b.audits())
	for _, e := range b.events() {
		if e.Kind == "rejected" {
			require.Equal(t, operator, e.Actor)
		}
	}
}

func TestUpdatesThatCannotBeReadOrMayNotBeSentLeaveNoTrace(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var refused, forbidden []*answer
	b.when("the review", in(orders.InReview), func() {
		refused = append(refused,
			b.raw("hold", "u1", map[string]any{"command_id": "u1", "actor": clerk, "urgent": true}),
			b.raw("hold", "u2", "now!"))
		forbidden = append(forbidden,
			b.update("hold", &orders.PutOnHold{Header: orders.Header{Actor: orders.Actor{ID: "v", Role: "viewer", Verified: true}}}),
			b.update("reject", &orders.Reject{Header: orders.Header{Actor: orders.Actor{ID: "c", Role: "clerk", Verified: true}}}))
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
	for _, a := range refused {
		a.refused(orders.CodeUnreadable)
	}
	for _, a := range forbidden {
		a.refused(orders.CodeForbidden)
	}
	for _, a := range append(refused, forbidden...) {
		require.False(t, a.accepted)
	}
	require.Zero(t, b.times("held"))
	require.Empty(t, b.audits(), "the API audits what it sent")
}

func TestAnUpdateThatNobodyWroteDownIsAnOperatorsWord(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var approve, hold *answer
	b.when("the review", in(orders.InReview), func() {
		approve = b.raw("approve", "typed-by-hand-1", map[string]any{"actor": reviewer})
		hold = b.raw("hold", "typed-by-hand-2", map[string]any{"command_id": "of-another", "actor": reviewer})
	})
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil }, func() {
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
	approve.refused(orders.CodeForbidden)
	require.Equal(t, int64(2), hold.agreed().Version)
	require.Contains(t, b.stored().Processed, "typed-by-hand-2")
	require.NotContains(t, b.stored().Processed, "of-another")
	require.Equal(t, []string{"hold staff-reviewer operator f accepted"}, b.audits())
}

func TestUpdatesAreAnsweredOnceTheyAreRecorded(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var a *answer
	b.when("the review", in(orders.InReview), func() { a = b.update("hold", &orders.PutOnHold{}) })
	b.when("the hold", func(o orders.Order) bool { return o.Hold != nil && a.done }, func() {
		require.Equal(t, a.agreed().Version, b.stored().Version)
		require.NotNil(t, b.stored().Hold, "whoever reads next sees what they did")
		b.update("reject", &orders.Reject{ReasonCode: "invalid"})
	})
	b.run()
}

func TestTenCommandsAtOnceAreAllAnswered(t *testing.T) {
	b := setup(t)
	b.create(waiting())
	var answers []*answer
	b.when("the review", in(orders.InReview), func() {
		for range 5 {
			answers = append(answers, b.update("hold", &orders.PutOnHold{}), b.update("resume", &orders.Resume{}))
		}
		answers = append(answers, b.update("reject", &orders.Reject{ReasonCode: "invalid"}))
	})
	b.run()
	for _, a := range answers {
		a.agreed()
	}
	require.Equal(t, int64(12), b.stored().Version)
}

func TestAFactThatCameTooLateIsRefusedAndAudited(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.when("everything to pack", ready, func() {
		b.env.SignalWorkflowSkippingWorkflowTask("reject", map[string]any{"reason_code": "customer_request"})
		b.env.SignalWorkflowSkippingWorkflowTask("ship", map[string]any{"carrier": "SF"})
		b.signal("hand-over", map[string]any{"shipment_id": "S1"})
	})
	b.run()
	require.Equal(t, []string{
		"reject operator operator f accepted", "ship operator operator f refused wrong_stage", "hand-over operator operator f refused wrong_stage",
	}, b.audits())
}
