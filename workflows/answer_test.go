package workflows_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"amends/orders"
	"amends/workflows"
)

type answer struct {
	*testing.T
	accepted bool
	done     bool
	answer   orders.Answer
	err      error
}

func (a *answer) Accept()          { a.accepted = true }
func (a *answer) Reject(err error) { a.done, a.err = true, err }
func (a *answer) Complete(success any, err error) {
	a.done = true
	if a.err = err; err == nil {
		a.answer, _ = success.(orders.Answer)
	}
}

// problem is why the command was refused; its code is empty for one that was not.
func (a *answer) problem() orders.Problem {
	a.Helper()
	var problem orders.Problem
	var refusal *temporal.ApplicationError
	if errors.As(a.err, &refusal) {
		require.Equal(a, workflows.TypeRefused, refusal.Type())
		require.NoError(a, refusal.Details(&problem))
	} else {
		require.NoError(a, a.err)
	}
	return problem
}

func (a *answer) refused(code string) {
	a.Helper()
	require.True(a, a.done, "no answer")
	require.Equal(a, code, a.problem().Code)
}

func (a *answer) agreed() orders.Answer {
	a.Helper()
	require.True(a, a.done, "no answer")
	require.NoError(a, a.err)
	return a.answer
}
