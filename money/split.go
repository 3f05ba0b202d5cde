package money

import (
	"math/big"
	"slices"
)

// Split divides the amount in proportion to the weights by the largest-remainder method, so that the parts
// always add up to the whole. Equal remainders go to the earlier part. With no positive weight everything goes to
// the last part; with no weights at all there are no parts.
func (a Amount) Split(weights []int64) []Amount {
	parts := make([]Amount, len(weights))
	if len(weights) == 0 {
		return parts
	}
	total := new(big.Int)
	for i, w := range weights {
		parts[i] = New(0, a.Currency)
		total.Add(total, big.NewInt(max(w, 0)))
	}
	if total.Sign() == 0 {
		parts[len(parts)-1] = a
		return parts
	}
	sign, whole := int64(1), big.NewInt(a.Minor)
	if a.Minor < 0 {
		sign = -1
		whole.Neg(whole)
	}
	left, remainders := new(big.Int).Set(whole), make([]*big.Int, len(weights))
	for i, w := range weights {
		share, rest := new(big.Int).DivMod(new(big.Int).Mul(whole, big.NewInt(max(w, 0))), total, new(big.Int))
		parts[i].Minor, remainders[i] = sign*share.Int64(), rest
		left.Sub(left, share)
	}
	for _, i := range byRemainder(remainders)[:left.Int64()] {
		parts[i].Minor += sign
	}
	return parts
}

func byRemainder(remainders []*big.Int) []int {
	order := make([]int, len(remainders))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return remainders[j].Cmp(remainders[i]) })
	return order
}
