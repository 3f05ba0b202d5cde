package gateway_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"amends/orders"
)

// troubles are the ways in which the outside may leave the caller in doubt. Each list is one situation.
var troubles = map[string][]string{
	"nothing":                        nil,
	"error before":                   {"error_before"},
	"error after":                    {"error_after"},
	"timeout after":                  {"timeout_after"},
	"answer lost":                    {"lose"},
	"withheld":                       {"withhold"},
	"key forgotten":                  {"forget_key"},
	"already done":                   {"already_done"},
	"slow":                           {"slow"},
	"error after, key forgotten":     {"error_after", "forget_key"},
	"timeout after, key forgotten":   {"timeout_after", "forget_key"},
	"answer lost, key forgotten":     {"lose", "forget_key"},
	"already done and key forgotten": {"already_done", "forget_key"},
}

// situation prepares a payment and returns the call under test.
type situation struct {
	name string
	kind string
	make func(b *testBundle, order string) func(retry bool) (orders.PaymentAnswer, error)
}

var situations = []situation{
	{"authorise", "authorised", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Authorise(context.Background(), payment(order, "tested", "", 12850, retry))
		}
	}},
	{"capture", "captured", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.authorised(order)
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Capture(context.Background(), payment(order, "tested", reference, 5000, retry))
		}
	}},
	{"whole capture", "captured", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.authorised(order)
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Capture(context.Background(), payment(order, "tested", reference, 12850, retry))
		}
	}},
	{"release", "released", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.authorised(order)
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Release(context.Background(), payment(order, "tested", reference, 0, retry))
		}
	}},
	{"refund", "refunded", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.captured(order)
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Refund(context.Background(), payment(order, "tested", reference, 5000, retry))
		}
	}},
	{"whole refund", "refunded", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.captured(order)
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Refund(context.Background(), payment(order, "tested", reference, 12850, retry))
		}
	}},
	{"release of a rest", "released", func(b *testBundle, order string) func(bool) (orders.PaymentAnswer, error) {
		reference := b.authorised(order)
		must[orders.PaymentAnswer](b.t)(b.payments.Capture(context.Background(), payment(order, "part", reference, 5000, false)))
		return func(retry bool) (orders.PaymentAnswer, error) {
			return b.payments.Release(context.Background(), payment(order, "tested", reference, 0, retry))
		}
	}},
}

func payment(order, key, reference string, minor int64, retry bool) orders.PaymentCall {
	return orders.PaymentCall{
		Key: order + "/" + key, Order: order, Payment: order + "-P1", Reference: reference, Amount: yuan(minor), Retry: retry,
	}
}

func (b *testBundle) authorised(order string) string {
	answer := must[orders.PaymentAnswer](b.t)(b.payments.Authorise(context.Background(), payment(order, "authorise", "", 12850, false)))
	return answer.Reference
}

func (b *testBundle) captured(order string) string {
	reference := b.authorised(order)
	must[orders.PaymentAnswer](b.t)(b.payments.Capture(context.Background(), payment(order, "capture", reference, 12850, false)))
	return reference
}

func TestEveryTroubleWithEveryPaymentCallEndsInOneEffect(t *testing.T) {
	b := setup(t)
	for name, modes := range troubles {
		for _, s := range situations {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				inner := *b
				inner.t = t
				provesOneEffect(t, &inner, s, modes)
			})
		}
	}
}

func provesOneEffect(t *testing.T, b *testBundle, s situation, modes []string) {
	order := t.Name()
	call := s.make(b, order)
	verb := map[string]string{"authorised": "authorise", "captured": "capture", "released": "release", "refunded": "refund"}[s.kind]
	b.misbehave("payments", verb, order, modes)
	answer, err := insist(t, call)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Reference == "" || answer.Transaction == "" || answer.Captured != (s.kind == "captured") {
		t.Fatalf("answer %+v", answer)
	}
	rows := b.book("payments", order, order+"/tested")
	if len(rows) != 1 || rows[0].Kind != s.kind || rows[0].Amount != answer.Amount.Decimal() {
		t.Fatalf("the provider's book has %+v, want one row %s of %s", rows, s.kind, answer.Amount)
	}
	again, err := call(true)
	if err != nil || !again.Adopted || again.Transaction != answer.Transaction {
		t.Fatalf("the same key again: %+v, %v", again, err)
	}
}

func TestADeclineAndARefusalAreFinal(t *testing.T) {
	b := setup(t)
	for _, s := range situations {
		for mode, code := range map[string]string{"decline": orders.RefusedDeclined, "refuse": orders.RefusedRefused} {
			order := "R-" + strings.ReplaceAll(s.name, " ", "-") + mode
			call := s.make(b, order)
			b.behave("payments", "", mode, 1, order)
			_, err := call(false)
			wantRefused(t, err, code)
			_, err = call(true)
			wantRefused(t, err, code)
			for _, row := range b.book("payments", order, order+"/tested") {
				if row.Kind != "declined" {
					t.Errorf("%s %s: the book has %+v", s.name, mode, row)
				}
			}
		}
	}
}

func TestAnImmediatePaymentIsCapturedAtOnce(t *testing.T) {
	b := setup(t)
	b.behave("payments", "authorise", "immediate", 1, "I-1")
	answer := must[orders.PaymentAnswer](t)(b.payments.Authorise(context.Background(), payment("I-1", "a", "", 12850, false)))
	if !answer.Captured {
		t.Fatalf("answer %+v", answer)
	}
	_, err := b.payments.Release(context.Background(), payment("I-1", "r", answer.Reference, 0, false))
	wantRefused(t, err, "already_captured")
	must[orders.PaymentAnswer](t)(b.payments.Refund(context.Background(), payment("I-1", "f", answer.Reference, 12850, false)))
	_, err = b.payments.Refund(context.Background(), payment("I-1", "f2", answer.Reference, 1, false))
	wantRefused(t, err, "already_refunded")
}

// Money that went back under another key, or of another payment or amount, is no answer to this call.
func TestWhatAnotherKeyMovedIsNotOurs(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	captured, held := b.captured("O-1"), b.authorised("O-2")
	must[orders.PaymentAnswer](t)(b.payments.Refund(ctx, payment("O-1", "first", captured, 12850, false)))
	must[orders.PaymentAnswer](t)(b.payments.Release(ctx, payment("O-2", "first", held, 0, false)))
	for _, retry := range []bool{false, true} {
		_, err := b.payments.Refund(ctx, payment("O-1", "second", captured, 12850, retry))
		wantRefused(t, err, "already_refunded")
		_, err = b.payments.Release(ctx, payment("O-2", "second", held, 0, retry))
		wantRefused(t, err, "already_released")
	}
	_, err := b.payments.Refund(ctx, payment("O-1", "first", captured, 5000, true))
	wantRefused(t, err, orders.RefusedKeyReused)
	_, err = b.payments.Release(ctx, payment("O-2", "first", b.authorised("O-3"), 0, true))
	wantRefused(t, err, orders.RefusedKeyReused)
}

func TestMoneyStaysWithinItsLimits(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	reference := b.authorised("L-1")
	_, err := b.payments.Capture(ctx, payment("L-1", "c1", reference, 12851, false))
	wantRefused(t, err, orders.RefusedTooMuch)
	must[orders.PaymentAnswer](t)(b.payments.Capture(ctx, payment("L-1", "c2", reference, 10000, false)))
	_, err = b.payments.Refund(ctx, payment("L-1", "f1", reference, 10001, false))
	wantRefused(t, err, orders.RefusedTooMuch)
	released := must[orders.PaymentAnswer](t)(b.payments.Release(ctx, payment("L-1", "r1", reference, 0, false)))
	if released.Amount != yuan(2850) {
		t.Fatalf("released %s, want what was left", released.Amount)
	}
	_, err = b.payments.Capture(ctx, payment("L-1", "c3", reference, 1, false))
	wantRefused(t, err, orders.RefusedTooMuch)
	_, err = b.payments.Capture(ctx, payment("L-1", "c4", "pay_unknown", 1, false))
	wantRefused(t, err, orders.RefusedUnknownPayment)
}

func TestTwentyConcurrentRefundsOfSixtyPerCentAreOne(t *testing.T) {
	b := setup(t)
	reference := b.captured("C-1")
	outcomes := make(chan error, 20)
	for i := range 20 {
		go func() {
			_, err := b.payments.Refund(context.Background(), payment("C-1", string(rune('a'+i)), reference, 7710, false))
			outcomes <- err
		}()
	}
	accepted := 0
	for range 20 {
		if err := <-outcomes; err == nil {
			accepted++
		} else {
			wantRefused(t, err, orders.RefusedTooMuch)
		}
	}
	if accepted != 1 {
		t.Fatalf("%d refunds accepted, want 1", accepted)
	}
}

func TestConcurrentCallsWithOneKeyAreOneEffect(t *testing.T) {
	b := setup(t)
	reference := b.captured("K-1")
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := b.payments.Refund(context.Background(), payment("K-1", "same", reference, 100, false)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if rows := b.book("payments", "K-1", "K-1/same"); len(rows) != 1 {
		t.Fatalf("%d refunds, want 1", len(rows))
	}
}

func TestFindTellsWhatWasDone(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	reference := b.authorised("F-1")
	found, done, err := b.payments.Find(ctx, "F-1/authorise")
	if err != nil || !done || found.Reference != reference || found.Amount != yuan(12850) || found.Captured {
		t.Fatalf("found %+v, %v, %v", found, done, err)
	}
	if _, done, err := b.payments.Find(ctx, "F-1/nothing"); done || err != nil {
		t.Fatalf("an unused key: %v, %v", done, err)
	}
}

func TestAnAbsentProviderIsNoRefusal(t *testing.T) {
	b := setup(t)
	b.behave("payments", "find", "error_before", 1, "")
	_, _, err := b.payments.Find(context.Background(), "x")
	if err == nil || isRefused(err) {
		t.Fatalf("error %v, want an ordinary one", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	b.behave("payments", "authorise", "slow", 1, "A-1")
	if _, err := b.payments.Authorise(ctx, payment("A-1", "a", "", 100, false)); err == nil || isRefused(err) {
		t.Fatalf("error %v, want an ordinary one", err)
	}
}
