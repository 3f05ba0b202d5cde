package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"amends/orders"
	"amends/store"
)

func TestOnlyGoodsComeIntoWarehousesThatExist(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	nowhere := receipt("GR-1", "TEA-001", 1)
	nowhere.Warehouse = "MOON"
	for _, tc := range []struct {
		receipt orders.GoodsReceipt
		want    orders.ValidationError
	}{
		{receipt("GR-1", "NO-SUCH", 1), orders.ValidationError{Field: "sku", Code: "unknown_sku", Params: []string{"NO-SUCH"}}},
		{receipt("GR-1", "SVC-INSTALL", 1), orders.ValidationError{Field: "sku", Code: "not_goods"}},
		{nowhere, orders.ValidationError{Field: "warehouse", Code: store.CodeWarehouseUnknown, Params: []string{"MOON"}}},
	} {
		var invalid *orders.ValidationError
		_, err := db.ReceiveStock(ctx, tc.receipt)
		if !errors.As(err, &invalid) {
			t.Errorf("got %v", err)
			continue
		}
		equal(t, "refusal", fmt.Sprint(*invalid), fmt.Sprint(tc.want))
	}
	equal(t, "movements", db.count(t, `SELECT count(*) FROM stock_movements WHERE reference = 'GR-1'`), 0)
}

func TestAReceiptIsNewOnceAndAuditedOnce(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	row := orders.AuditRow{Actor: clerk, Action: orders.DoStockReceipt, Command: "GR-1", Outcome: "accepted"}
	for i := range 3 {
		isNew, err := db.ReceiveStock(ctx, receipt("GR-1", "TEA-001", 1))
		check(t, err)
		equal(t, "new", isNew, i == 0)
		check(t, db.Audit(ctx, row))
	}
	equal(t, "audit rows", db.count(t, `SELECT count(*) FROM audit WHERE command_id = 'GR-1'`), 1)
	if _, err := db.ReceiveStock(ctx, receipt("GR-1", "TEA-001", 2)); !errors.Is(err, orders.ErrKeyReused) {
		t.Errorf("other goods under the same key: %v", err)
	}
}

func TestATrackingNumberIsInUseByItsOrderAlone(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	db.exec(t, `INSERT INTO parcels (tracking, order_number) VALUES ('SF-1', $1)`, db.order(t, 1).Number)
	other := db.order(t, 2).Number
	for _, tc := range []struct {
		tracking, order string
		want            bool
	}{
		{"SF-1", other, true},
		{"SF-2", other, false},
	} {
		used, err := db.TrackingInUse(ctx, tc.tracking, tc.order)
		check(t, err)
		equal(t, tc.tracking, used, tc.want)
	}
	own, err := db.TrackingInUse(ctx, "SF-1", strings.TrimSuffix(other, "2")+"1")
	check(t, err)
	equal(t, "its own order", own, false)
}

func TestEventsThatBelongToNoOrderAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	for i := range 5 {
		event := carrierEvent(fmt.Sprintf("e|%d", i), fmt.Sprintf("SF-%d", i))
		for range i + 1 {
			_, err := db.StoreWebhook(ctx, event)
			check(t, err)
		}
	}
	db.exec(t, `UPDATE webhooks SET received_at = date_trunc('hour', received_at)`)
	var subjects []string
	cursor := ""
	for {
		page, err := db.UnmatchedWebhooks(ctx, cursor, 2)
		check(t, err)
		for _, item := range page.Items {
			subjects = append(subjects, fmt.Sprintf("%s %s %d", item.Provider, item.Subject, item.Repeats))
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	want := []string{"carrier SF-4 4", "carrier SF-3 3", "carrier SF-2 2", "carrier SF-1 1", "carrier SF-0 0"}
	if !slices.Equal(subjects, want) {
		t.Errorf("got %v, want %v", subjects, want)
	}
	var invalid *orders.ValidationError
	if _, err := db.UnmatchedWebhooks(ctx, "broken", 2); !errors.As(err, &invalid) {
		t.Errorf("a broken cursor: %v", err)
	}
}
