package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/internal/config"
	"amends/orders"
)

func TestWhatIsNotSetIsTheDefaultPolicy(t *testing.T) {
	t.Parallel()
	policy, err := config.Policy{}.Orders()
	require.NoError(t, err)
	require.Equal(t, orders.DefaultPolicy(), policy)
}

func TestTheEnvironmentOverridesThePolicy(t *testing.T) {
	t.Setenv("AMENDS_REVIEW_DEADLINE", "90s")
	t.Setenv("AMENDS_LARGE_AMOUNT", "1234.50")
	t.Setenv("AMENDS_PRICE_DEVIATION", "0")
	var p config.Policy
	require.NoError(t, config.Read(&p))
	policy, err := p.Orders()
	require.NoError(t, err)
	require.Equal(t, 90*time.Second, policy.ReviewDeadline)
	require.Equal(t, int64(123450), policy.LargeAmount)
	require.Zero(t, policy.PriceDeviation)
	require.Equal(t, orders.DefaultPolicy().AutoSignOff, policy.AutoSignOff)
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	t.Setenv("AMENDS_REVIEW_DEADLINE", "soon")
	t.Setenv("AMENDS_AUTO_SIGN_OFF", "later")
	var p config.Policy
	err := config.Read(&p)
	require.ErrorContains(t, err, "ReviewDeadline")
	require.ErrorContains(t, err, "AutoSignOff")
	_, err = config.Policy{ReviewDeadline: -1, LargeAmount: "NaN", PriceDeviation: "101"}.Orders()
	for _, name := range []string{"AMENDS_REVIEW_DEADLINE", "AMENDS_LARGE_AMOUNT", "AMENDS_PRICE_DEVIATION"} {
		require.ErrorContains(t, err, name)
	}
}
