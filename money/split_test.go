package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"amends/money"
)

func TestSplitGivesTheRestToTheLargestRemainders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		minor   int64
		weights []int64
		parts   []int64
	}{
		"even":                              {90, []int64{1, 1, 1}, []int64{30, 30, 30}},
		"equal remainders: the earlier one": {100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		"two left over":                     {101, []int64{1, 1, 1}, []int64{34, 34, 33}},
		"the larger remainder wins":         {10, []int64{33, 67}, []int64{3, 7}},
		"negative":                          {-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		"zero weights get nothing":          {100, []int64{0, 1, 0, 1, 0}, []int64{0, 50, 0, 50, 0}},
		"negative weights count as zero":    {100, []int64{-5, 1}, []int64{0, 100}},
		"no positive weight: the last part": {100, []int64{0, 0, -1}, []int64{0, 0, 100}},
		"nothing to split":                  {0, []int64{3, 4}, []int64{0, 0}},
		"less than there are parts":         {2, []int64{1, 1, 1}, []int64{1, 1, 0}},
		"no parts":                          {100, nil, []int64{}},
		"weights beyond 64 bits":            {3, []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64}, []int64{1, 1, 1}},
	} {
		got := []int64{}
		for _, part := range money.New(test.minor, "CNY").Split(test.weights) {
			require.Equal(t, "CNY", part.Currency, name)
			got = append(got, part.Minor)
		}
		require.Equal(t, test.parts, got, name)
	}
}

func TestPartsAddUpAndAreWithinOneUnitOfTheirShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := money.New(rapid.Int64().Draw(t, "whole"), "CNY")
		weight := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-3, 10), rapid.Int64())
		weights := rapid.SliceOfN(weight, 1, 12).Draw(t, "weights")
		sum, all := new(big.Int), new(big.Int)
		for _, w := range weights {
			all.Add(all, big.NewInt(max(w, 0)))
		}
		for i, part := range whole.Split(weights) {
			sum.Add(sum, big.NewInt(part.Minor))
			if all.Sign() == 0 {
				continue
			}
			exact := new(big.Int).Mul(big.NewInt(whole.Minor), big.NewInt(max(weights[i], 0)))
			off := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(part.Minor), all), exact)
			require.Negative(t, off.CmpAbs(all), "part %d is a whole unit away from its share", i)
			require.False(t, weights[i] <= 0 && part.Minor != 0, "a part without weight gets nothing")
		}
		require.Zero(t, sum.Cmp(big.NewInt(whole.Minor)), "the parts add up to the whole")
	})
}
