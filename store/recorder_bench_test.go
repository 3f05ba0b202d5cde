package store_test

import (
	"fmt"
	"testing"

	"amends/orders"
)

// BenchmarkRecordTransitions records one event after the other, in parallel over as many orders as there are runners.
func BenchmarkRecordTransitions(b *testing.B) {
	db, ctx := setup(b)
	made := make(chan orders.Order, 64)
	for n := range 64 {
		made <- db.order(b, n)
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		order := <-made
		for n := 0; pb.Next(); n++ {
			change := shipped(order, fmt.Sprintf("SF-%s", order.Number))
			if err := db.RecordTransitions(ctx, change); err != nil {
				b.Error(err)
				return
			}
			order = change.Order
		}
	})
}
