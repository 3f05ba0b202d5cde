package store_test

import (
	"errors"
	"fmt"
	"testing"

	"amends/money"
	"amends/orders"
)

func effect(order, kind string, n int, amount money.Amount) orders.Effect {
	return orders.Effect{
		Key: fmt.Sprintf("%s/%s/P1/%d", order, kind, n), Order: order, Kind: kind, Subject: "P1", Payment: "P1", Amount: amount,
	}
}

var done = orders.EffectOutcome{Done: true, Reference: "pay-1"}

// settled claims an effect and settles it.
func (b *bundle) settled(t *testing.T, e orders.Effect, outcome orders.EffectOutcome) {
	t.Helper()
	_, err := b.ClaimEffect(t.Context(), e)
	check(t, err)
	check(t, b.SettleEffect(t.Context(), e.Key, outcome))
}

func refusal(err error) string {
	var refused *orders.RefusedError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return fmt.Sprint(err)
}

func TestTwentyRefundsOfSixtyPerCentOfOnePaymentAreOne(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), orders.EffectOutcome{Done: true, Reference: "r", AtOnce: true})
	errs := together(20, func(i int) error {
		refund := effect("DD-1", orders.EffectRefund, 1, yuan(60))
		refund.Key = fmt.Sprintf("DD-1/ZF-%d/refund/P1/1", i)
		_, err := db.ClaimEffect(ctx, refund)
		return err
	})
	equal(t, "refunds claimed", succeeded(errs), 1)
	tooMuch := 0
	for _, err := range errs {
		if err != nil && refusal(err) == orders.RefusedTooMuch {
			tooMuch++
		}
	}
	equal(t, "refunds refused as too much", tooMuch, 19)
	equal(t, "claims left behind", db.count(t, `SELECT count(*) FROM effects WHERE kind = 'refund'`), 1)
	equal(t, "refunded", db.count(t, `SELECT refunded FROM payments`), 60_00)
	equal(t, "captured", db.count(t, `SELECT captured FROM payments`), 100_00)
	db.noViolations(t)
}

func TestWhatWasCapturedBeforeAReleaseCanBeRefunded(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), done)
	db.settled(t, effect("DD-1", orders.EffectCapture, 1, yuan(40)), done)
	db.settled(t, effect("DD-1", orders.EffectRelease, 1, yuan(60)), done)
	_, err := db.ClaimEffect(ctx, effect("DD-1", orders.EffectCapture, 2, yuan(1)))
	equal(t, "a capture after the release", refusal(err), orders.RefusedTooMuch)
	_, err = db.ClaimEffect(ctx, effect("DD-1", orders.EffectRefund, 1, yuan(41)))
	equal(t, "a refund of more than was captured", refusal(err), orders.RefusedTooMuch)
	db.settled(t, effect("DD-1", orders.EffectRefund, 2, yuan(40)), done)
	equal(t, "refunded", db.count(t, `SELECT refunded FROM payments WHERE released AND captured = 4000`), 40_00)
	equal(t, "cash", db.count(t, `SELECT sum(minor)::bigint FROM ledger_entries WHERE account = 'cash'`), 0)
	db.noViolations(t)
}

func TestAPaymentThatTheProviderHasReleasedByItselfIsReleased(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), done)
	db.settled(t, effect("DD-1", orders.EffectRelease, 1, yuan(100)), orders.EffectOutcome{Refused: orders.RefusedRefused})
	equal(t, "released after a refusal", db.count(t, `SELECT count(*) FROM payments WHERE released`), 0)
	db.settled(t, effect("DD-1", orders.EffectRelease, 2, yuan(100)), orders.EffectOutcome{Refused: "already_released"})
	equal(t, "released", db.count(t, `SELECT count(*) FROM payments WHERE released`), 1)
	_, err := db.ClaimEffect(ctx, effect("DD-1", orders.EffectCapture, 1, yuan(1)))
	equal(t, "a capture afterwards", refusal(err), orders.RefusedTooMuch)
	db.noViolations(t)
}

func TestEveryOutwardStepOfAVoidIsClaimedOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	for kind, outcome := range map[string]orders.EffectOutcome{
		orders.EffectIntercept:      {Done: true, Pending: true},
		orders.EffectPurchase:       {Done: true, Reference: "PO-1"},
		orders.EffectCancelPurchase: {Done: true, Reference: "evidence", ByHand: true},
		orders.EffectTell:           {Done: true, ByHand: true, Twice: true},
	} {
		t.Run(kind, func(t *testing.T) {
			e := orders.Effect{Key: "DD-1/ZF-1/" + kind + "/S1/1", Order: "DD-1", Kind: kind, Subject: "S1"}
			errs := together(5, func(int) error {
				_, err := db.ClaimEffect(ctx, e)
				return err
			})
			check(t, errors.Join(errs...))
			check(t, db.SettleEffect(ctx, e.Key, outcome))
			claim, err := db.ClaimEffect(ctx, e)
			check(t, err)
			equal(t, "outcome", *claim.Outcome, outcome)
			equal(t, "repeated", claim.Repeated, true)
		})
	}
	equal(t, "claims", db.count(t, `SELECT count(*) FROM effects`), 4)
	_, err := db.ClaimEffect(ctx, orders.Effect{Key: "DD-1/sing/S1/1", Order: "DD-1", Kind: "sing", Subject: "S1"})
	if !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("an unknown kind: %v", err)
	}
	db.noViolations(t)
}

func TestARefusedRefundGivesItsRoomBack(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), orders.EffectOutcome{Done: true, Reference: "r", AtOnce: true})
	db.settled(t, effect("DD-1", orders.EffectRefund, 1, yuan(60)), orders.EffectOutcome{Refused: orders.RefusedRefused})
	db.settled(t, effect("DD-1", orders.EffectRefund, 2, yuan(60)), done)
	_, err := db.ClaimEffect(ctx, effect("DD-1", orders.EffectRefund, 3, yuan(41)))
	equal(t, "beyond the limit", refusal(err), orders.RefusedTooMuch)
	db.settled(t, effect("DD-1", orders.EffectRefund, 4, yuan(40)), done)
	equal(t, "cash", db.count(t, `SELECT sum(minor)::bigint FROM ledger_entries WHERE account = 'cash'`), 0)
	db.noViolations(t)
}

func TestCapturesStayWithinWhatWasAuthorised(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	_, err := db.ClaimEffect(ctx, effect("DD-1", orders.EffectCapture, 0, yuan(1)))
	equal(t, "without an authorisation", refusal(err), orders.RefusedTooMuch)
	equal(t, "and nothing is claimed", db.count(t, `SELECT count(*) FROM effects`), 0)

	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), done)
	errs := together(20, func(i int) error {
		_, err := db.ClaimEffect(ctx, effect("DD-1", orders.EffectCapture, i, yuan(40)))
		return err
	})
	equal(t, "captures", succeeded(errs), 2)
	db.exec(t, `UPDATE payments SET released = false`)
	for i, err := range errs {
		if err == nil {
			check(t, db.SettleEffect(ctx, effect("DD-1", orders.EffectCapture, i, yuan(40)).Key, done))
			continue
		}
		equal(t, "refusal", refusal(err), orders.RefusedTooMuch)
	}
	equal(t, "captured", db.count(t, `SELECT captured FROM payments`), 80_00)
	db.noViolations(t)

	db.settled(t, effect("DD-1", orders.EffectRelease, 1, yuan(100)), done)
	_, err = db.ClaimEffect(ctx, effect("DD-1", orders.EffectCapture, 50, yuan(1)))
	equal(t, "after the release", refusal(err), orders.RefusedTooMuch)
	db.noViolations(t)
}

func TestAnEffectIsClaimedOnceAndSettledOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	e := effect("DD-1", orders.EffectAuthorise, 1, yuan(100))
	repeated := make([]bool, 10)
	errs := together(10, func(i int) error {
		claim, err := db.ClaimEffect(ctx, e)
		repeated[i] = claim.Repeated
		return err
	})
	check(t, errors.Join(errs...))
	first := 0
	for _, again := range repeated {
		if !again {
			first++
		}
	}
	equal(t, "first claims", first, 1)

	other := e
	other.Amount = yuan(99)
	_, err := db.ClaimEffect(ctx, other)
	equal(t, "the key for another amount", refusal(err), orders.RefusedKeyReused)

	errs = together(10, func(int) error { return db.SettleEffect(ctx, e.Key, done) })
	check(t, errors.Join(errs...))
	equal(t, "authorised", db.count(t, `SELECT authorised FROM payments`), 100_00)
	if err := db.SettleEffect(ctx, e.Key, orders.EffectOutcome{Refused: "declined"}); !errors.Is(err, orders.ErrSettled) {
		t.Errorf("another outcome: %v", err)
	}
	claim, err := db.ClaimEffect(ctx, e)
	check(t, err)
	equal(t, "known outcome", *claim.Outcome, done)
	if err := db.SettleEffect(ctx, "unclaimed", done); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("unclaimed: %v", err)
	}
	parcel := orders.Effect{Key: "DD-1/book/S1/1", Order: "DD-1", Kind: orders.EffectBook, Subject: "S1"}
	for _, again := range []bool{false, true} {
		claim, err := db.ClaimEffect(ctx, parcel)
		check(t, err)
		equal(t, "label repeated", claim.Repeated, again)
	}
	db.noViolations(t)
}

func TestADeclinedAuthorisationMovesNothingAndANewTryDoes(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 1, yuan(100)), orders.EffectOutcome{Refused: orders.RefusedDeclined})
	equal(t, "authorised", db.count(t, `SELECT authorised FROM payments`), 0)
	db.settled(t, effect("DD-1", orders.EffectAuthorise, 2, yuan(80)), done)
	equal(t, "authorised", db.count(t, `SELECT authorised FROM payments`), 80_00)
	db.noViolations(t)
}

func TestAPostingIsWrittenOnceAndBalances(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	p := orders.Posting{Key: "DD-1/recognise_revenue/1", Order: "DD-1", Debit: "receivable", Credit: "revenue", Minor: 500, Curr: "CNY"}
	errs := together(10, func(int) error { return db.Post(ctx, p) })
	check(t, errors.Join(errs...))
	equal(t, "revenue", db.count(t, `SELECT sum(minor)::bigint FROM ledger_entries WHERE account = 'revenue'`), -500)
	p.Key, p.Credit = "DD-1/x", "pocket"
	if err := db.Post(ctx, p); !errors.Is(err, orders.ErrImpossible) {
		t.Errorf("unknown account: %v", err)
	}
	p.Key, p.Credit, p.Minor = "DD-1/nothing", "revenue", 0
	check(t, db.Post(ctx, p))
	_, err := db.sql.Exec(ctx, `
		INSERT INTO ledger_entries (transaction_key, account, minor, currency)
		VALUES ('DD-1/nothing', 'cash', 5, 'CNY')`)
	if err == nil {
		t.Error("one side alone was written")
	}
	db.noViolations(t)
}
