package store_test

import (
	"testing"
	"time"

	"amends/orders"
)

// voided puts voids into an order's state.
func (b *bundle) voided(t *testing.T, number string, voids ...orders.Amendment) {
	t.Helper()
	b.exec(t, `UPDATE orders SET state = jsonb_set(state, '{amendments}', $2::jsonb) WHERE number = $1`, number, asJSON(t, voids))
}

// refundVoid is a void that gives six of a payment back.
func refundVoid(id string, status orders.AmendmentStatus) orders.Amendment {
	amount := yuan(6)
	manager := orders.Actor{ID: "staff-manager", Role: "manager", Verified: true}
	request := orders.VoidRequest{Actor: clerk}
	request.ReasonCode = "price_error"
	return orders.Amendment{
		ID: id, Kind: orders.KindVoid, Status: status, Request: request, RequestedAt: newYear,
		DecidedBy: &manager, DecidedAt: newYear.Add(time.Hour),
		Money: []orders.MoneyBack{{Payment: "P1", Refund: amount, Release: yuan(0), Number: "TK-" + id}},
		Steps: []orders.Step{
			{ID: "1", Kind: orders.StepTell, End: orders.EndDone},
			{ID: "2", Kind: orders.StepRefund, Subject: "P1", Amount: &amount},
		},
	}
}

// refundRow is a row of the view as text.
func (b *bundle) refundRow(t *testing.T, amendment string) (row string) {
	t.Helper()
	check(t, b.sql.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(concat_ws(' ', number, payment_id, amount, currency, reason_code, requested_by, approved_by,
		           to_char(decided_at AT TIME ZONE 'UTC', 'HH24:MI'), status, reference), '; '), 'none')
		FROM refunds
		WHERE amendment_id = $1`, amendment).Scan(&row))
	return row
}

func TestARefundIsListedAsDecidedAndAsMoved(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	order := db.order(t, 1)
	db.settled(t, effect(order.Number, orders.EffectAuthorise, 1, yuan(100)), orders.EffectOutcome{Done: true, Reference: "r", AtOnce: true})
	unapproved := refundVoid("ZF-2", orders.Running)
	unapproved.DecidedBy, unapproved.DecidedAt = nil, time.Time{}
	db.voided(t, order.Number, refundVoid("ZF-1", orders.Running), unapproved,
		refundVoid("ZF-3", orders.AwaitingApproval), refundVoid("ZF-4", orders.Declined))
	const decided = "TK-ZF-1 P1 6.00 CNY price_error staff-clerk staff-manager 02:00"
	refund := effect(order.Number, orders.EffectRefund, 1, yuan(6))
	try := func(amendment, n string, outcome orders.EffectOutcome) {
		refund.Key = order.Number + "/" + amendment + "/refund/P1/" + n
		_, err := db.ClaimEffect(t.Context(), refund)
		check(t, err)
		if outcome != (orders.EffectOutcome{}) {
			check(t, db.SettleEffect(t.Context(), refund.Key, outcome))
		}
	}
	equal(t, "decided only", db.refundRow(t, "ZF-1"), decided+" pending")
	try("ZF-1", "9", orders.EffectOutcome{})
	equal(t, "asked for", db.refundRow(t, "ZF-1"), decided+" pending")
	check(t, db.SettleEffect(t.Context(), refund.Key, orders.EffectOutcome{Refused: orders.RefusedRefused}))
	equal(t, "refused", db.refundRow(t, "ZF-1"), decided+" failed")
	try("ZF-1", "10", orders.EffectOutcome{Done: true, Reference: "re-10"})
	equal(t, "moved at the last try", db.refundRow(t, "ZF-1"), decided+" settled re-10")

	equal(t, "without a second person", db.refundRow(t, "ZF-2"), "TK-ZF-2 P1 6.00 CNY price_error staff-clerk 01:00 pending")
	equal(t, "not decided yet", db.refundRow(t, "ZF-3"), "none")
	equal(t, "declined", db.refundRow(t, "ZF-4"), "none")
	equal(t, "of an order without voids", db.count(t, `SELECT count(*) FROM refunds WHERE order_number = $1`, db.order(t, 2).Number), 0)
	check(t, db.asApp(t, `SELECT FROM refunds`))
}

func TestARefundThatBecameOneOnlyLaterIsListedToo(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	order := db.order(t, 1)
	later := refundVoid("ZF-1", orders.Completed)
	later.Money = nil // the plan was to release it; the provider had taken it
	db.voided(t, order.Number, later)
	equal(t, "row", db.refundRow(t, "ZF-1"), "P1 6.00 CNY price_error staff-clerk staff-manager 02:00 pending")
}
