package workflows

import (
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// Watched is Order for a replay that wants to see the order which the history leads to.
func Watched(order *orders.Order) func(workflow.Context, converter.RawValue) error {
	return func(root workflow.Context, input converter.RawValue) error {
		var seen *life
		defer func() {
			if seen != nil {
				*order = seen.order
			}
		}()
		return live(root, input, func(l *life) { seen = l })
	}
}
