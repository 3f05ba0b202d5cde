package store_test

import (
	"fmt"
	"testing"

	"amends/orders"
)

func TestOnlyUnfinishedOrdersAreFlaggedAndEachOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	open, other := db.order(t, 1), db.order(t, 2)
	rejected := decide(t, other, &orders.Reject{ReasonCode: "out_of_stock"}, "c1")
	check(t, db.RecordTransitions(ctx, transitions(other, rejected, 5)))
	numbers := []string{open.Number, other.Number, "DD20300101-999999"}
	for _, want := range []int{1, 0} {
		flagged, err := db.FlagGone(ctx, numbers)
		check(t, err)
		equal(t, "flagged", len(flagged), want)
	}
	listed, err := db.GoneOrders(ctx, "", 10)
	check(t, err)
	equal(t, "listed", fmt.Sprint(listed), fmt.Sprint([]string{open.Number}))
	for _, flag := range []string{orders.FlagAttention, orders.FlagGone} {
		page, err := db.Orders(ctx, orders.OrderQuery{Flag: flag, Limit: 10})
		check(t, err)
		equal(t, "listed as "+flag, len(page.Items), 1)
	}
	db.noViolations(t)
}

func TestAnOrderThatRecordsAgainHasItsWorkflowBack(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	_, err := db.FlagGone(ctx, []string{order.Number})
	check(t, err)
	check(t, db.RecordTransitions(ctx, transitions(order, decide(t, order, &orders.PutOnHold{}, "c1"), 5)))
	view, err := db.Order(ctx, order.Number)
	check(t, err)
	equal(t, "flags", fmt.Sprint(view.Flags()), "[on_hold]")
	equal(t, "still gone", db.count(t, `SELECT count(*) FROM orders WHERE workflow_gone_at IS NOT NULL`), 0)
}

func TestTheFlagsOfTheOrderItselfOutliveTheOneOfItsWorkflow(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	held := decide(t, order, &orders.PutOnHold{}, "c1")
	odd := decide(t, held.Order, &orders.Incidental{Code: orders.EventCancelAsked}, "c2")
	odd.Events = append(held.Events, odd.Events...)
	check(t, db.RecordTransitions(ctx, transitions(order, odd, 5)))
	before := fmt.Sprint(odd.Order.Flags())
	_, err := db.FlagGone(ctx, []string{order.Number})
	check(t, err)
	view, err := db.Order(ctx, order.Number)
	check(t, err)
	equal(t, "flags", fmt.Sprint(view.Flags()), "[on_hold needs_attention workflow_gone]")
	check(t, db.UnflagGone(ctx, []string{order.Number}))
	check(t, db.UnflagGone(ctx, nil))
	page, err := db.Orders(ctx, orders.OrderQuery{Flag: "on_hold", Limit: 1})
	check(t, err)
	equal(t, "flags", fmt.Sprint(page.Items[0].Flags), before)
}
