package orders_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// soundVoids checks what is true of the voids of every order at every moment.
func soundVoids(t require.TestingT, o orders.Order) {
	waiting, voided := 0, map[string]int64{}
	for _, a := range o.Amendments {
		if a.Status == orders.AwaitingApproval || a.Status == orders.CoolingOff {
			waiting++
			require.False(t, a.DueAt.IsZero(), "what waits has its end")
		}
		if a.Status == orders.Running || a.Status == orders.Completed {
			for _, take := range a.Takes {
				voided[take.LineID] += take.Quantity
			}
		}
		soundSteps(t, o, a)
	}
	require.LessOrEqual(t, waiting, 1, "one plan at a time awaits a decision")
	for _, l := range o.Lines {
		if o.Review.Round == 1 { // a new draft has lines of its own
			require.Equal(t, voided[l.ID], l.Voided, "what is voided is what the plans took of %s", l.ID)
		}
	}
	soundRefunds(t, o)
	voidedIsOver(t, o)
}

func soundSteps(t require.TestingT, o orders.Order, a orders.Amendment) {
	seen := []string{}
	for _, s := range a.Steps {
		require.NotContains(t, seen, s.ID)
		for _, before := range s.After {
			require.NotNil(t, a.Step(before), "a step waits for a step")
		}
		seen = append(seen, s.ID)
		switch a.Status {
		case orders.Completed:
			require.NotEmpty(t, s.End, "every step of what is over has ended: %s", s.Kind)
		case orders.Running:
			soundState(t, o, a, s)
		default:
			require.Equal(t, orders.StepPending, o.StepState(a, s), "nothing is done before the yes")
		}
	}
}

// soundState checks that every step that is open has somebody who works on it, and that what is blocked has a verb.
func soundState(t require.TestingT, o orders.Order, a orders.Amendment, s orders.Step) {
	switch state, verbs := o.StepState(a, s), o.StepVerbs(a, s); state {
	case orders.StepRunning:
		require.Empty(t, verbs, s.Kind)
		if s.Kind == orders.StepRefund || s.Kind == orders.StepReleasePayment {
			require.False(t, goodsAreOut(a) && !o.Policy.RefundFirst, "no money leaves before the goods are back: %s", s.Kind)
		}
	case orders.StepBlocked:
		require.Contains(t, verbs, "retry")
	case orders.StepWaiting:
		require.False(t, s.DueAt.IsZero(), "who is waited for has a deadline: %s", s.Kind)
		require.Equal(t, s.Asked, !slices.Contains(verbs, "complete"), "only a person's part is completed")
	default:
		require.Empty(t, verbs, "%s %s", s.Kind, state)
	}
}

// goodsAreOut tells whether a parcel that an amendment takes back may still leave, or is not back and looked at.
func goodsAreOut(a orders.Amendment) bool {
	return slices.ContainsFunc(a.Steps, func(s orders.Step) bool {
		return s.End == "" && (s.Kind == orders.StepPutBack || s.Kind == orders.StepInspect)
	})
}

// soundRefunds checks that no more is decided to be given back than was taken, or is being taken.
func soundRefunds(t require.TestingT, o orders.Order) {
	for _, p := range o.Payments {
		taken, decided := p.Captured.Minor, p.Refunded.Minor
		for _, c := range o.Captures {
			if !c.Done && !c.Dropped && c.Payment == p.ID {
				taken += c.Amount.Minor
			}
		}
		if p.Status == orders.PaymentAuthorising {
			taken = p.Amount.Minor
		}
		for _, a := range o.Amendments {
			for _, s := range a.Steps {
				unsure := s.Outcome == orders.OutcomeIfTaken && !p.AtOnce && p.Status != orders.PaymentAuthorising
				if a.Status == orders.Running && s.End == "" && s.Kind == orders.StepRefund && s.Subject == p.ID && !unsure {
					decided += s.Amount.Minor
				}
			}
		}
		require.LessOrEqual(t, decided, taken, "what is given back was taken before")
	}
}

func retained(o orders.Order) int64 {
	var sum int64
	for _, a := range o.Amendments {
		if a.Status == orders.Running || a.Status == orders.Completed {
			sum += a.Retained.Minor
		}
	}
	return sum
}

// voidedIsOver checks an order that is void: it holds nothing, and nobody holds anything for it.
func voidedIsOver(t require.TestingT, o orders.Order) {
	if o.Stage != orders.Voided {
		return
	}
	require.True(t, o.AtRest())
	require.Empty(t, o.Reservations)
	require.Empty(t, o.FreeSlots)
	require.Empty(t, o.Slots)
	require.Empty(t, o.Attention)
	require.Zero(t, o.Total().Minor)
	require.Equal(t, retained(o), moneyIn(o), "what is not given back is retained")
	for _, a := range o.Amendments {
		require.False(t, a.Status.Open())
	}
	for _, a := range o.Appointments {
		require.NotEqual(t, orders.Scheduled, a.Status)
	}
	for _, s := range o.Shipments {
		parcelIsOver(t, o, s)
	}
	for _, p := range o.Payments {
		require.NotEqual(t, orders.PaymentAuthorising, p.Status)
		held := p.Status == orders.PaymentAuthorised && !p.AtOnce && p.Reference != "" && p.Captured.Less(p.Amount)
		require.False(t, held && !wasWaived(o, orders.StepReleasePayment, p.ID), "nothing stays authorised")
	}
	for _, b := range o.Purchases {
		open := b.Status == orders.PurchasePending || b.Status == orders.PurchaseRequested
		require.False(t, open && !wasWaived(o, orders.StepCancelPurchase, b.ID), "nothing is still asked for")
	}
}

func parcelIsOver(t require.TestingT, o orders.Order, s orders.Shipment) {
	require.NotEqual(t, orders.Packed, s.Status, "no parcel waits for the carrier")
	if s.Status != orders.Cancelled {
		require.True(t, s.StockMoved, "the book knows what left the house")
		for _, l := range s.Lines {
			require.Equal(t, l.Quantity, l.Voided)
		}
		return
	}
	live := s.Booking == orders.BookingDone || s.Booking == orders.BookingPending
	require.False(t, live && !wasWaived(o, orders.StepCancelLabel, s.ID), "no label is left")
}

func wasWaived(o orders.Order, kind, subject string) bool {
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if s.Kind == kind && s.Subject == subject && s.End == orders.EndWaived {
				return true
			}
		}
	}
	return false
}
