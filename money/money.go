// Package money holds amounts: whole minor units of one ISO 4217 currency, never floats.
package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Errors of Parse.
var (
	ErrSyntax   = errors.New("not a decimal amount")
	ErrTooFine  = errors.New("more decimal places than the currency has")
	ErrTooLarge = errors.New("amount out of range")
	ErrCurrency = errors.New("unknown currency")
)

// Max is the largest absolute amount, in minor units, that Parse accepts. It leaves room for a million of them
// multiplied and two thousand of those products to be checked one by one without overflow.
const Max = 1_000_000_000_000

// digits lists the currencies this system trades in, with their decimal places (ISO 4217).
var digits = map[string]int{
	"CNY": 2, "HKD": 2, "MOP": 2, "TWD": 2, "USD": 2, "EUR": 2, "GBP": 2, "SGD": 2, "JPY": 0, "KRW": 0,
}

// Amount is a number of minor units (fen, cents) of a currency. The zero value is nothing of no currency
// and may be added to any amount.
type Amount struct {
	Minor    int64
	Currency string
}

// New returns minor units of a currency.
func New(minor int64, currency string) Amount { return Amount{Minor: minor, Currency: currency} }

// Known tells whether amounts of the currency can be parsed.
func Known(currency string) bool { _, ok := digits[currency]; return ok }

// Places returns how many decimal places amounts of a currency have.
func Places(currency string) int { return digits[currency] }

// Parse reads a plain decimal such as "128.50": an optional minus sign, digits, and at most as many decimal
// places as the currency has. It returns ErrCurrency, ErrSyntax, ErrTooFine or ErrTooLarge.
func Parse(decimal, currency string) (Amount, error) {
	places, ok := digits[currency]
	if !ok {
		return Amount{}, ErrCurrency
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(decimal, "-"), ".")
	if whole == "" || (point && fraction == "") || !allDigits(whole) || !allDigits(fraction) {
		return Amount{}, ErrSyntax
	}
	if len(fraction) > places {
		return Amount{}, ErrTooFine
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil || minor > Max {
		return Amount{}, ErrTooLarge
	}
	if strings.HasPrefix(decimal, "-") {
		minor = -minor
	}
	return New(minor, currency), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Decimal returns the amount as Parse reads it, always with the currency's full decimal places.
func (a Amount) Decimal() string {
	places := digits[a.Currency]
	sign, n := "", uint64(a.Minor)
	if a.Minor < 0 {
		sign, n = "-", uint64(-a.Minor)
	}
	text := strconv.FormatUint(n, 10)
	if len(text) <= places {
		text = strings.Repeat("0", places-len(text)+1) + text
	}
	if places == 0 {
		return sign + text
	}
	return sign + text[:len(text)-places] + "." + text[len(text)-places:]
}

// String is for people and logs: "128.50 CNY".
func (a Amount) String() string { return a.Decimal() + " " + a.Currency }

// IsZero tells whether the amount is nothing, whatever its currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// IsNegative tells whether the amount is below nothing.
func (a Amount) IsNegative() bool { return a.Minor < 0 }

// Less compares two amounts of one currency.
func (a Amount) Less(b Amount) bool { a.join(b); return a.Minor < b.Minor }

// Add returns a + b. Different currencies and overflow are programming errors and panic:
// validation bounds every amount and keeps an order in one currency.
func (a Amount) Add(b Amount) Amount {
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) {
		panic("money: overflow")
	}
	return New(sum, a.join(b))
}

// Sub returns a − b. It panics as Add does.
func (a Amount) Sub(b Amount) Amount {
	difference := a.Minor - b.Minor
	if (difference < a.Minor) != (b.Minor > 0) {
		panic("money: overflow")
	}
	return New(difference, a.join(b))
}

// Times returns a × n. It panics on overflow.
func (a Amount) Times(n int64) Amount {
	product := a.Minor * n
	if a.Minor != 0 && (product/a.Minor != n || (a.Minor == -1 && n == math.MinInt64)) {
		panic("money: overflow")
	}
	return New(product, a.Currency)
}

func (a Amount) join(b Amount) string {
	switch {
	case a.Currency == b.Currency, b.Currency == "" && b.Minor == 0:
		return a.Currency
	case a.Currency == "" && a.Minor == 0:
		return b.Currency
	}
	panic(fmt.Sprintf("money: %s with %s", a.Currency, b.Currency))
}

// Min returns the smaller of two amounts of one currency.
func Min(a, b Amount) Amount {
	if b.Less(a) {
		return b
	}
	return a
}

type wire struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount":"128.50","currency":"CNY"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Amount: a.Decimal(), Currency: a.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.Currency == "" {
		if strings.Trim(w.Amount, "-0") != "" {
			return ErrCurrency
		}
		*a = Amount{}
		return nil
	}
	parsed, err := Parse(w.Amount, w.Currency)
	if errors.Is(err, ErrTooLarge) {
		parsed, err = parseTotal(w)
	}
	*a = parsed
	return err
}

// parseTotal reads sums, which may be larger than a single amount that somebody typed.
func parseTotal(w wire) (Amount, error) {
	whole, fraction, _ := strings.Cut(w.Amount, ".")
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", digits[w.Currency]-len(fraction)), 10, 64)
	if err != nil {
		return Amount{}, ErrTooLarge
	}
	return New(minor, w.Currency), nil
}
