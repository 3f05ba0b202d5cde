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

func TestTheEnvironmentSaysHowOrdersAreVoided(t *testing.T) {
	for name, value := range map[string]string{
		"AMENDS_COOLING_OFF": "10m", "AMENDS_APPROVAL_EXPIRY": "48h", "AMENDS_PLAN_EXPIRY": "5m", "AMENDS_STEP_DEADLINE": "24h",
		"AMENDS_VOID_APPROVAL": "true", "AMENDS_REFUND_FIRST": "true", "AMENDS_UNVERIFIED_LIMIT": "99.50",
	} {
		t.Setenv(name, value)
	}
	var p config.Policy
	require.NoError(t, config.Read(&p))
	policy, err := p.Orders()
	require.NoError(t, err)
	want := orders.DefaultPolicy()
	want.CoolingOff, want.ApprovalExpiry, want.PlanExpiry, want.StepDeadline = 10*time.Minute, 48*time.Hour, 5*time.Minute, 24*time.Hour
	want.VoidApproval, want.RefundFirst, want.UnverifiedLimit = true, true, 9950
	require.Equal(t, want, policy)
}

func TestWithoutAWordVoidsAreAsCarefulAsTheyCanBe(t *testing.T) {
	t.Parallel()
	policy, err := config.Policy{}.Orders()
	require.NoError(t, err)
	require.Zero(t, policy.CoolingOff)
	require.Equal(t, 72*time.Hour, policy.ApprovalExpiry)
	require.Equal(t, 15*time.Minute, policy.PlanExpiry)
	require.Equal(t, 72*time.Hour, policy.StepDeadline)
	require.False(t, policy.VoidApproval || policy.RefundFirst)
	require.Zero(t, policy.UnverifiedLimit, "money waits for a second person whoever signals")
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	t.Setenv("AMENDS_REVIEW_DEADLINE", "soon")
	t.Setenv("AMENDS_AUTO_SIGN_OFF", "later")
	t.Setenv("AMENDS_VOID_APPROVAL", "perhaps")
	var p config.Policy
	err := config.Read(&p)
	require.ErrorContains(t, err, "ReviewDeadline")
	require.ErrorContains(t, err, "AutoSignOff")
	require.ErrorContains(t, err, "VoidApproval")
	_, err = config.Policy{
		ReviewDeadline: -1, LargeAmount: "NaN", PriceDeviation: "101",
		CoolingOff: -1, ApprovalExpiry: -1, PlanExpiry: -1, StepDeadline: -1, UnverifiedLimit: "-1.00",
	}.Orders()
	for _, name := range []string{
		"AMENDS_REVIEW_DEADLINE", "AMENDS_LARGE_AMOUNT", "AMENDS_PRICE_DEVIATION", "AMENDS_COOLING_OFF",
		"AMENDS_APPROVAL_EXPIRY", "AMENDS_PLAN_EXPIRY", "AMENDS_STEP_DEADLINE", "AMENDS_UNVERIFIED_LIMIT",
	} {
		require.ErrorContains(t, err, name)
	}
}
