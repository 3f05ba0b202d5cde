package stack_test

import (
	"slices"
	"testing"

	"amends/internal/stack"
)

func TestThePolicyOfTheCallerReachesTheProduct(t *testing.T) {
	const policy = "AMENDS_COOLING_OFF=7m"
	t.Setenv("AMENDS_COOLING_OFF", "7m")
	s, err := stack.New(optionsFor(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []stack.Part{stack.API, stack.Worker} {
		if !slices.Contains(s.Env(part), policy) {
			t.Errorf("%s does not get %s", part, policy)
		}
	}
}
