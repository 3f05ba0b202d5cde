package activities

import (
	"context"
	"errors"
	"fmt"

	"amends/internal/failpoint"
	"amends/orders"
)

// EffectBook keeps the claims on everything that leaves the house.
type EffectBook interface {
	ClaimEffect(ctx context.Context, e orders.Effect) (orders.EffectClaim, error)
	SettleEffect(ctx context.Context, key string, outcome orders.EffectOutcome) error
}

// once has an effect done: claim it (committed), call with its key, record the outcome. A refusal by the outside is an
// outcome too. It may run more than twice at the same time: the claim, its unique key and the provider's make that harmless.
func once(ctx context.Context, book EffectBook, e orders.Effect, call func(retry bool) (orders.EffectOutcome, error)) (orders.EffectOutcome, error) {
	failpoint.Hit(failpoint.BeforeClaim, e.Key)
	claim, err := book.ClaimEffect(ctx, e)
	if err != nil {
		return orders.EffectOutcome{}, translate(fmt.Errorf("claim %s: %w", e.Key, err))
	}
	if claim.Outcome != nil {
		return answer(*claim.Outcome)
	}
	failpoint.Hit(failpoint.AfterClaim, e.Key)
	outcome, err := call(claim.Repeated)
	failpoint.Hit(failpoint.AfterCall, e.Key)
	var refused *orders.RefusedError
	switch {
	case errors.As(err, &refused):
		outcome = orders.EffectOutcome{Refused: refused.Code}
	case err != nil:
		return outcome, translate(err)
	default:
		outcome.Done = true
	}
	if err := book.SettleEffect(ctx, e.Key, outcome); err != nil {
		return outcome, translate(fmt.Errorf("settle %s: %w", e.Key, err))
	}
	failpoint.Hit(failpoint.AfterSettle, e.Key)
	return answer(outcome)
}

func answer(outcome orders.EffectOutcome) (orders.EffectOutcome, error) {
	if outcome.Refused != "" {
		return outcome, translate(&orders.RefusedError{Code: outcome.Refused})
	}
	return outcome, nil
}
