package store_test

import (
	"fmt"
	"testing"

	"amends/money"
	"amends/orders"
)

const voidedLongAgo = `UPDATE orders SET stage = 'voided', updated_at = now() - interval '1 hour'`

const longAgo = `UPDATE orders SET updated_at = now() - interval '1 hour'`

// stateOf puts a list into the state of every order.
func stateOf(list, value string) string {
	return `UPDATE orders SET state = jsonb_set(state, '{` + list + `}', '` + value + `')`
}

// voidWith is a completed void with one step.
func voidWith(step string) string {
	return stateOf("amendments", `[{"id": "ZF-1", "status": "completed", "steps": [`+step+`]}]`)
}

func parcelOutcome(outcome string) string {
	return `INSERT INTO parcel_outcomes (order_number, shipment_id, outcome, key) SELECT number, 'S1', '` + outcome + `', 'k' FROM orders`
}

// movedFor writes a refund of five that the provider has done under a key.
func movedFor(key string) string {
	return `
		WITH e AS (
		    INSERT INTO effects (key, order_number, kind, subject, payment_id, amount, currency, outcome, settled_at)
		    SELECT number || '/` + key + `', number, 'refund', 'P1', 'P1', 500, 'CNY', '{"done": true, "reference": "r"}', now()
		    FROM orders
		    RETURNING key, order_number), t AS (
		    INSERT INTO ledger_transactions (key, order_number, kind, payment_id)
		    SELECT key, order_number, 'refund', 'P1' FROM e)
		UPDATE payments SET refunded = refunded + 500`
}

const refundOfFive = `{"id": "1", "kind": "refund", "subject": "P1", "end": "done", "amount": {"amount": "5.00", "currency": "CNY"}}`

const (
	ruleIDs      = "void: no two have the same ID"
	ruleSteps    = "void: every step of a completed one has ended"
	ruleCounters = "line: 0 ≤ returned ≤ recalled ≤ voided ≤ ordered"
	ruleOpen     = "voided order: none of its voids is still to happen"
	ruleHeld     = "voided order: no authorisation is left unreleased but by people"
	ruleParcels  = "voided order: no parcel of it is under way but by people"
	ruleSlots    = "voided order: it keeps no technician's time but by people"
	ruleMoved    = "parcel: one whose goods were taken out of the book was not stopped"
	ruleStopped  = "parcel: one that was stopped is cancelled"
	ruleLeft     = "parcel: one that has left is not cancelled"
	ruleOnce     = "refund: one that a void decided and ended was moved once"
	ruleDecided  = "refund: nothing was moved that nobody decided"
)

var voidBreaches = []breach{
	{"finished order: it holds no goods and waits for none", []string{voidedLongAgo}},
	{ruleIDs, []string{stateOf("amendments", `[{"id": "ZF-1"}, {"id": "ZF-2"}, {"id": "ZF-1"}]`)}},
	{ruleSteps, []string{voidWith(`{"id": "1", "end": "done"}, {"id": "2"}`)}},
	{ruleSteps, []string{voidWith(`{"id": "1", "end": ""}`)}},
	{ruleCounters, []string{stateOf("lines,0,voided", `4`)}},
	{ruleCounters, []string{stateOf("lines,0,voided", `-1`)}},
	{ruleCounters, []string{stateOf("lines,0,recalled", `1`)}},
	{ruleCounters, []string{stateOf("lines,0,returned", `1`)}},
	{ruleCounters, []string{
		stateOf("lines,0,voided", `3`), stateOf("lines,0,recalled", `1`), stateOf("lines,0,returned", `2`),
	}},
	{ruleOpen, []string{voidedLongAgo, stateOf("amendments", `[{"status": "completed"}, {"status": "awaiting_approval"}]`)}},
	{ruleOpen, []string{voidedLongAgo, stateOf("amendments", `[{"status": "cooling_off"}]`)}},
	{ruleOpen, []string{voidedLongAgo, stateOf("amendments", `[{"status": "running"}]`)}},
	{ruleHeld, []string{voidedLongAgo}},
	{ruleHeld, []string{voidedLongAgo, voidWith(`{"kind": "release_payment", "subject": "P1", "end": "done"}`)}},
	{ruleHeld, []string{voidedLongAgo, voidWith(`{"kind": "release_payment", "subject": "P2", "end": "waived"}`)}},
	{ruleHeld, []string{voidedLongAgo, voidWith(`{"kind": "refund", "subject": "P1", "end": "waived"}`)}},
	{ruleParcels, []string{voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "packed"}]`)}},
	{ruleParcels, []string{
		voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "handed_over"}]`),
		voidWith(`{"kind": "receive_return", "subject": "S1", "end": "done"}, {"kind": "receive_return", "subject": "S2", "end": "waived"}`),
	}},
	{ruleParcels, []string{
		voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "packed"}]`),
		voidWith(`{"kind": "put_back", "subject": "S1", "end": "completed"}, {"kind": "cancel_label", "subject": "S1", "end": "waived"}`),
	}},
	{ruleParcels, []string{voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "in_transit"}]`)}},
	{ruleSlots, []string{voidedLongAgo}},
	{ruleSlots, []string{voidedLongAgo, voidWith(`{"kind": "free_appointment", "end": "waived", "slots": ["another"]}`)}},
	{ruleMoved, []string{parcelOutcome("stopped"), stateOf("shipments", `[{"id": "S1", "status": "delivered", "stock_moved": true}]`)}},
	{ruleStopped, []string{longAgo, parcelOutcome("stopped"), stateOf("shipments", `[{"id": "S1", "status": "packed"}]`)}},
	{ruleLeft, []string{parcelOutcome("left"), stateOf("shipments", `[{"id": "S1", "status": "cancelled"}]`)}},
	{ruleOnce, []string{longAgo, voidWith(refundOfFive)}},
	{ruleOnce, []string{longAgo, voidWith(refundOfFive), movedFor("ZF-2/refund/P1/1")}},
	{ruleOnce, []string{longAgo, voidWith(refundOfFive), movedFor("ZF-1/refund/P1/1"), movedFor("ZF-1/refund/P1/2")}},
	{ruleOnce, []string{
		longAgo, voidWith(refundOfFive), movedFor("ZF-1/refund/P1/1"),
		`ALTER TABLE ledger_transactions DISABLE TRIGGER USER`,
		`DELETE FROM ledger_transactions WHERE key LIKE '%ZF-1%'`,
	}},
	{ruleOnce, []string{
		longAgo, movedFor("ZF-1/refund/P1/1"),
		voidWith(`{"kind": "refund", "subject": "P1", "end": "completed", "amount": {"amount": "6.00", "currency": "CNY"}}`),
	}},
	{ruleDecided, []string{longAgo, movedFor("ZF-1/refund/P1/1")}},
	{ruleDecided, []string{longAgo, voidWith(refundOfFive)}},
	{ruleDecided, []string{
		longAgo, movedFor("ZF-1/refund/P1/1"), voidWith(`{"kind": "refund", "subject": "P1", "end": "waived", "amount": {"amount": "5.00"}}`),
	}},
	{"order: total = Σ lines + fee", []string{stateOf("lines,0,voided", `1`)}},
}

// sound is what keeps a rule although it looks like a breach.
var sound = []struct {
	name string
	breach
}{
	{"an order without amendments decided no refund", breach{ruleDecided, []string{longAgo}}},
	{"steps of a running void may be open", breach{ruleSteps, []string{
		stateOf("amendments", `[{"id": "ZF-1", "status": "running", "steps": [{"id": "1"}]}]`),
	}}},
	{"a void without steps has ended them all", breach{ruleSteps, []string{
		stateOf("amendments", `[{"id": "ZF-1", "status": "completed", "steps": null}]`),
	}}},
	{"lines may be voided, wanted back and returned", breach{ruleCounters, []string{
		stateOf("lines,0,voided", `3`), stateOf("lines,0,recalled", `2`), stateOf("lines,0,returned", `2`),
	}}},
	{"declined voids stay with a voided order", breach{ruleOpen, []string{
		voidedLongAgo, stateOf("amendments", `[{"status": "declined"}, {"status": "expired"}, {"status": "completed"}]`),
	}}},
	{"a released payment holds nothing", breach{ruleHeld, []string{voidedLongAgo, `UPDATE payments SET released = true`}}},
	{"two people may waive a release", breach{ruleHeld, []string{
		voidedLongAgo, voidWith(`{"kind": "release_payment", "subject": "P1", "end": "waived"}`),
	}}},
	{"a release may be completed by hand", breach{ruleHeld, []string{
		voidedLongAgo, voidWith(`{"kind": "release_payment", "subject": "P1", "end": "completed"}`),
	}}},
	{"a voided order keeps captured money that nobody wants back", breach{
		"rejected order: no authorisation is left unreleased and no captured money kept", []string{voidedLongAgo},
	}},
	{"a parcel may stay where two people have left it", breach{ruleParcels, []string{
		voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "in_transit"}]`),
		voidWith(`{"kind": "receive_return", "subject": "S1", "end": "waived"}`),
	}}},
	{"a parcel without a carrier is where people received it", breach{ruleParcels, []string{
		voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "handed_over"}]`),
		voidWith(`{"kind": "receive_return", "subject": "S1", "end": "completed"}`),
	}}},
	{"a parcel that came back is not under way", breach{ruleParcels, []string{
		voidedLongAgo, stateOf("shipments", `[{"id": "S1", "status": "refused"}, {"id": "S2", "status": "cancelled"}]`),
	}}},
	{"two people may leave a technician booked", breach{ruleSlots, []string{
		voidedLongAgo, `
		UPDATE orders SET state = jsonb_set(state, '{amendments}', (
		    SELECT jsonb_build_array(jsonb_build_object('steps', jsonb_build_array(
		        jsonb_build_object('kind', 'free_appointment', 'end', 'waived', 'slots', jsonb_agg(id)))))
		    FROM slots))`,
	}}},
	{"a stopped parcel is cancelled", breach{ruleStopped, []string{
		longAgo, parcelOutcome("stopped"), stateOf("shipments", `[{"id": "S1", "status": "cancelled"}]`),
	}}},
	{"a parcel is stopped before its order says so", breach{ruleStopped, []string{
		parcelOutcome("stopped"), stateOf("shipments", `[{"id": "S1", "status": "packed"}]`),
	}}},
	{"a parcel that has left may be anywhere", breach{ruleLeft, []string{
		parcelOutcome("left"), stateOf("shipments", `[{"id": "S1", "status": "lost", "stock_moved": true}]`),
	}}},
	{"and its goods were taken out", breach{ruleMoved, []string{
		parcelOutcome("left"), stateOf("shipments", `[{"id": "S1", "status": "lost", "stock_moved": true}]`),
	}}},
	{"a refund moved at the second try is one", breach{ruleOnce, []string{
		longAgo, voidWith(refundOfFive), movedFor("ZF-1/refund/P1/2"),
	}}},
	{"and it was decided", breach{ruleDecided, []string{longAgo, voidWith(refundOfFive), movedFor("ZF-1/refund/P1/2")}}},
	{"a waived refund moves nothing", breach{ruleOnce, []string{
		longAgo, voidWith(`{"kind": "refund", "subject": "P1", "end": "waived", "amount": {"amount": "5.00"}}`),
	}}},
}

func TestInvariantsOfVoidsLetPassWhatIsSound(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	order := busy(t, db)
	for _, s := range sound {
		t.Run(s.name, func(t *testing.T) {
			equal(t, s.rule, db.violationsOf(t, order, s.breach), 0)
		})
	}
}

func TestVoidsOfTwoOrdersNeverShareAnID(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	first, second := db.order(t, 1), db.order(t, 2)
	const amendment = `UPDATE orders SET state = jsonb_set(state, '{amendments}', jsonb_build_array(jsonb_build_object('id', $2::text))) WHERE number = $1`
	db.exec(t, amendment, first.Number, "ZF-1")
	db.exec(t, amendment, second.Number, "ZF-2")
	equal(t, "violations of different IDs", db.violationsOf(t, "", breach{rule: ruleIDs}), 0)
	db.exec(t, amendment, second.Number, "ZF-1")
	equal(t, "violations of the same ID", db.violationsOf(t, "", breach{rule: ruleIDs}), 1)
}

func TestTheListedTotalIsThatOfTheKeptUnits(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	goods := func(ordered, voided, discount int64) orders.Line {
		return orders.Line{
			ID: "L1", Kind: orders.Goods, SKU: "TEA-001", UnitPrice: yuan(128), ListPrice: yuan(128),
			Discount: yuan(discount), Ordered: ordered, Voided: voided,
		}
	}
	service := func(voided int64) orders.Line {
		return orders.Line{
			ID: "L2", Kind: orders.Service, SKU: "SVC-INSTALL", UnitPrice: yuan(200), ListPrice: yuan(200),
			Discount: yuan(0), Ordered: 1, Voided: voided,
		}
	}
	for i, c := range []struct {
		name  string
		lines []orders.Line
		total int64
	}{
		{"nothing is voided", []orders.Line{goods(3, 0, 1)}, 383_00 + 12_00},
		{"a third of an odd line rounds down", []orders.Line{goods(3, 2, 1)}, 127_67 + 12_00},
		{"two thirds of it make up for that", []orders.Line{goods(3, 1, 1)}, 255_33 + 12_00},
		{"all goods take the fee with them", []orders.Line{goods(3, 3, 1), service(0)}, 200_00},
		{"services alone keep the fee", []orders.Line{service(0)}, 212_00},
		{"everything is voided", []orders.Line{goods(3, 3, 0), service(1)}, 0},
		{"half a cent goes to what is kept", []orders.Line{
			{ID: "L1", Kind: orders.Goods, UnitPrice: money.New(2, "CNY"), Discount: money.New(1, "CNY"), Ordered: 2, Voided: 1},
		}, 2 + 12_00},
	} {
		order := db.order(t, i)
		change := shipped(order, fmt.Sprintf("SF-%d", i))
		change.Order.Lines = c.lines
		check(t, db.RecordTransitions(ctx, change))
		equal(t, c.name, db.count(t, `SELECT total FROM orders WHERE number = $1`, order.Number), c.total)
	}
	db.noViolations(t)
}
