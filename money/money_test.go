package money_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"amends/money"
)

func TestParseReadsPlainDecimalsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, currency string
		minor          int64
		err            error
	}{
		{"128.50", "CNY", 12850, nil},
		{"128.5", "CNY", 12850, nil},
		{"128", "CNY", 12800, nil},
		{"0.01", "CNY", 1, nil},
		{"-0.01", "CNY", -1, nil},
		{"-0", "CNY", 0, nil},
		{"007.10", "CNY", 710, nil},
		{"128", "JPY", 128, nil},
		{"10000000000.00", "CNY", money.Max, nil},
		{"-10000000000.00", "CNY", -money.Max, nil},
		{"10000000000.01", "CNY", 0, money.ErrTooLarge},
		{"99999999999999999999999999", "CNY", 0, money.ErrTooLarge},
		{"1.005", "CNY", 0, money.ErrTooFine},
		{"1.000", "CNY", 0, money.ErrTooFine},
		{"1.0", "JPY", 0, money.ErrTooFine},
		{"1", "XXX", 0, money.ErrCurrency},
		{"1", "", 0, money.ErrCurrency},
		{"1", "cny", 0, money.ErrCurrency},
		{"", "CNY", 0, money.ErrSyntax},
		{"-", "CNY", 0, money.ErrSyntax},
		{"--1", "CNY", 0, money.ErrSyntax},
		{"+1", "CNY", 0, money.ErrSyntax},
		{".5", "CNY", 0, money.ErrSyntax},
		{"5.", "CNY", 0, money.ErrSyntax},
		{"1.2.3", "CNY", 0, money.ErrSyntax},
		{"1,000.00", "CNY", 0, money.ErrSyntax},
		{"1e3", "CNY", 0, money.ErrSyntax},
		{"NaN", "CNY", 0, money.ErrSyntax},
		{"Infinity", "CNY", 0, money.ErrSyntax},
		{" 1", "CNY", 0, money.ErrSyntax},
		{"1 ", "CNY", 0, money.ErrSyntax},
		{"0x10", "CNY", 0, money.ErrSyntax},
		{"１２", "CNY", 0, money.ErrSyntax},
		{"1.-5", "CNY", 0, money.ErrSyntax},
	} {
		amount, err := money.Parse(test.text, test.currency)
		require.ErrorIs(t, err, test.err, "%q %s", test.text, test.currency)
		if test.err == nil {
			require.Equal(t, money.New(test.minor, test.currency), amount, "%q", test.text)
		} else {
			require.Zero(t, amount, "%q", test.text)
		}
	}
}

func TestDecimalWritesEveryPlaceOfTheCurrency(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amount money.Amount
		text   string
	}{
		{money.New(12850, "CNY"), "128.50"},
		{money.New(5, "CNY"), "0.05"},
		{money.New(-5, "CNY"), "-0.05"},
		{money.New(-50, "CNY"), "-0.50"},
		{money.New(0, "CNY"), "0.00"},
		{money.New(128, "JPY"), "128"},
		{money.New(-7, "KRW"), "-7"},
		{money.New(math.MinInt64, "CNY"), "-92233720368547758.08"},
		{money.Amount{}, "0"},
	} {
		require.Equal(t, test.text, test.amount.Decimal())
	}
	require.Equal(t, "128.50 CNY", money.New(12850, "CNY").String())
}

func TestJSONIsADecimalAndItsCurrency(t *testing.T) {
	t.Parallel()
	for text, amount := range map[string]money.Amount{
		`{"amount":"128.50","currency":"CNY"}`:                money.New(12850, "CNY"),
		`{"amount":"-0.01","currency":"EUR"}`:                 money.New(-1, "EUR"),
		`{"amount":"3","currency":"JPY"}`:                     money.New(3, "JPY"),
		`{"amount":"0","currency":""}`:                        {},
		`{"amount":"20000000000.00","currency":"CNY"}`:        money.New(2*money.Max, "CNY"),
		`{"amount":"-92233720368547758.08","currency":"CNY"}`: money.New(math.MinInt64, "CNY"),
	} {
		written, err := json.Marshal(amount)
		require.NoError(t, err)
		require.JSONEq(t, text, string(written))
		var read money.Amount
		require.NoError(t, json.Unmarshal([]byte(text), &read), text)
		require.Equal(t, amount, read)
	}
}

func TestJSONThatIsNoAmountIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		`{"amount":"1.005","currency":"CNY"}`:                money.ErrTooFine,
		`{"amount":"x","currency":"CNY"}`:                    money.ErrSyntax,
		`{"amount":"1","currency":"XXX"}`:                    money.ErrCurrency,
		`{"amount":"1","currency":""}`:                       money.ErrCurrency,
		`{"amount":"92233720368547758.08","currency":"CNY"}`: money.ErrTooLarge,
	} {
		var read money.Amount
		require.ErrorIs(t, json.Unmarshal([]byte(text), &read), want, text)
		require.Zero(t, read, text)
	}
	for _, text := range []string{`128.50`, `"128.50"`, `{"amount":128.5,"currency":"CNY"}`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(text), new(money.Amount)), text)
	}
}

func TestArithmeticThatCannotBeRightPanics(t *testing.T) {
	t.Parallel()
	most, least, one := money.New(math.MaxInt64, "CNY"), money.New(math.MinInt64, "CNY"), money.New(1, "CNY")
	for name, wrong := range map[string]func(){
		"sum too large":            func() { most.Add(one) },
		"sum too small":            func() { least.Add(money.New(-1, "CNY")) },
		"difference too small":     func() { least.Sub(one) },
		"difference too large":     func() { most.Sub(money.New(-1, "CNY")) },
		"nothing minus the least":  func() { money.New(0, "CNY").Sub(least) },
		"product too large":        func() { most.Times(2) },
		"the least times −1":       func() { least.Times(-1) },
		"−1 times the least":       func() { money.New(-1, "CNY").Times(math.MinInt64) },
		"two currencies added":     func() { one.Add(money.New(1, "EUR")) },
		"two currencies compared":  func() { one.Less(money.New(1, "EUR")) },
		"something of no currency": func() { one.Add(money.New(1, "")) },
	} {
		require.Panics(t, wrong, name)
	}
}

func TestNothingOfNoCurrencyMayBeAddedToAnything(t *testing.T) {
	t.Parallel()
	one := money.New(1, "CNY")
	require.Equal(t, one, one.Add(money.Amount{}))
	require.Equal(t, one, money.Amount{}.Add(one))
	require.Equal(t, money.New(-1, "CNY"), money.Amount{}.Sub(one))
	require.True(t, money.Amount{}.Less(one))
	require.Equal(t, one, money.Min(money.New(2, "CNY"), one))
	require.Equal(t, one, money.Min(one, money.New(2, "CNY")))
	require.True(t, money.New(0, "CNY").IsZero())
	require.True(t, money.New(-1, "CNY").IsNegative())
	require.True(t, money.Known("CNY"))
	require.False(t, money.Known("XXX"))
}

func currencies() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"CNY", "EUR", "JPY", "KRW"})
}

func TestParseInvertsDecimal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.New(rapid.Int64Range(-money.Max, money.Max).Draw(t, "minor"), currencies().Draw(t, "currency"))
		parsed, err := money.Parse(amount.Decimal(), amount.Currency)
		require.NoError(t, err)
		require.Equal(t, amount, parsed)
	})
}

func TestEveryAmountSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.New(rapid.Int64().Draw(t, "minor"), currencies().Draw(t, "currency"))
		text, err := json.Marshal(amount)
		require.NoError(t, err)
		var read money.Amount
		require.NoError(t, json.Unmarshal(text, &read))
		require.Equal(t, amount, read)
	})
}

func TestParseNeverPanicsAndAcceptsOnlyWhatItCanWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`-?[0-9]{0,20}\.?[0-9]{0,4}`)).Draw(t, "text")
		amount, err := money.Parse(text, "CNY")
		if err != nil {
			return
		}
		again, err := money.Parse(amount.Decimal(), "CNY")
		require.NoError(t, err)
		require.Equal(t, amount, again)
	})
}

func TestSubtractingUndoesAdding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		half := rapid.Int64Range(math.MinInt64/2, math.MaxInt64/2)
		a, b := money.New(half.Draw(t, "a"), "CNY"), money.New(half.Draw(t, "b"), "CNY")
		require.Equal(t, a, a.Add(b).Sub(b))
		require.Equal(t, a, a.Sub(b).Add(b))
		require.Equal(t, a.Add(b), b.Add(a))
		require.Equal(t, a.Less(b), b.Sub(a).Minor > 0)
	})
}

func TestTimesIsRepeatedAdding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, sum := money.New(rapid.Int64Range(-1e12, 1e12).Draw(t, "a"), "CNY"), money.New(0, "CNY")
		n := rapid.Int64Range(0, 50).Draw(t, "n")
		for range n {
			sum = sum.Add(a)
		}
		require.Equal(t, sum, a.Times(n))
	})
}
