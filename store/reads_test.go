package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"amends/orders"
	"amends/store"
)

func TestTheListIsPagedByKeyWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	const n = 25
	for i := range n {
		db.order(t, i)
	}
	db.exec(t, `UPDATE orders SET created_at = date_trunc('hour', created_at)`)
	for _, sort := range []string{"", "created_at", "-created_at"} {
		seen := map[string]bool{}
		query := orders.OrderQuery{Sort: sort, Limit: 7}
		for {
			page, err := db.Orders(ctx, query)
			check(t, err)
			equal(t, "estimate", page.TotalEstimate, n)
			for _, item := range page.Items {
				if seen[item.Number] {
					t.Errorf("%s twice", item.Number)
				}
				seen[item.Number] = true
			}
			if query.Cursor = page.NextCursor; query.Cursor == "" {
				break
			}
		}
		equal(t, "seen with "+sort, len(seen), n)
	}
	page, err := db.Orders(ctx, orders.OrderQuery{Limit: 1})
	check(t, err)
	whole := page.NextCursor
	for _, cursor := range []string{"broken", whole[:len(whole)-1], whole[:len(whole)-4], whole[1:], whole + "AAAA", "AAAA"} {
		var invalid *orders.ValidationError
		_, err := db.Orders(ctx, orders.OrderQuery{Cursor: cursor, Limit: 1})
		if !errors.As(err, &invalid) || invalid.Code != store.CodeBadCursor {
			t.Errorf("the cursor %q: %v", cursor, err)
		}
	}
}

func TestOrdersAreFoundByWhatPeopleHaveInHand(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	first, second := db.order(t, 1), db.order(t, 2)
	db.exec(t, `UPDATE orders SET customer_ref = 'PO_77%' WHERE number = $1`, first.Number)
	for name, tc := range map[string]struct {
		query orders.OrderQuery
		want  int
	}{
		"number":                 {orders.OrderQuery{Q: first.Number}, 1},
		"tail of a number":       {orders.OrderQuery{Q: first.Number[len(first.Number)-5:]}, 1},
		"part of a number":       {orders.OrderQuery{Q: "dd20"}, 2},
		"too little of a number": {orders.OrderQuery{Q: "D20"}, 0},
		"a number's wildcards":   {orders.OrderQuery{Q: "DD__"}, 0},
		"part of the name":       {orders.OrderQuery{Q: "雷1"}, 1},
		"name of both":           {orders.OrderQuery{Q: "李雷"}, 2},
		"reference":              {orders.OrderQuery{Q: "po_77%"}, 1},
		"wildcards are letters":  {orders.OrderQuery{Q: "%"}, 1},
		"an underscore too":      {orders.OrderQuery{Q: "P__2"}, 0},
		"tail of the phone":      {orders.OrderQuery{Q: "0001"}, 1},
		"phone field":            {orders.OrderQuery{Phone: "138 0010 0002"}, 1},
		"three digits are few":   {orders.OrderQuery{Phone: "002"}, 0},
		"stage":                  {orders.OrderQuery{Stage: orders.Created}, 2},
		"another stage":          {orders.OrderQuery{Stage: orders.Closed}, 0},
		"flag":                   {orders.OrderQuery{Flag: "on_hold"}, 0},
		"customer":               {orders.OrderQuery{Customer: second.CustomerID}, 1},
		"SKU":                    {orders.OrderQuery{SKU: "TEA-001"}, 2},
		"service":                {orders.OrderQuery{ServiceType: "SVC-INSTALL"}, 0},
		"time":                   {orders.OrderQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 2},
		"quotes":                 {orders.OrderQuery{Q: `' OR 1=1 --`}, 0},
		"a backslash at the end": {orders.OrderQuery{Q: `李雷\`}, 0},
	} {
		tc.query.Limit = 10
		page, err := db.Orders(ctx, tc.query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(page.Items) != tc.want {
			t.Errorf("%s: found %d, want %d", name, len(page.Items), tc.want)
		}
	}
}

func TestAnOrderIsReadWithNotesContactsAndReasons(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	order := db.order(t, 1)
	note := orders.NoteView{ID: "note-1", Text: "客户要求周末送", Author: clerk.ID}
	for range 2 {
		check(t, db.AddNote(ctx, order.Number, note))
	}
	check(t, db.AddContact(ctx, order.Number, orders.ContactView{ID: "call-1", Channel: "phone", Outcome: "reached", Author: clerk.ID}))
	hold := command("c1", order.Number, orders.CmdHold)
	hold.Note = &orders.NewNote{ID: "reason-1", Text: "等客户回电"}
	_, _, err := db.AcceptCommand(ctx, hold)
	check(t, err)
	held := decide(t, order, &orders.PutOnHold{Header: orders.Header{NoteID: "reason-1"}}, "c1")
	check(t, db.RecordTransitions(ctx, transitions(order, held, 5)))

	view, err := db.Order(ctx, order.Number)
	check(t, err)
	equal(t, "notes", len(view.Notes), 1)
	equal(t, "note", view.Notes[0].Text, note.Text)
	equal(t, "contacts", len(view.Contacts), 1)
	equal(t, "city", view.Contact.ShipTo.Address.City, "深圳市")
	equal(t, "customer", view.Customer.Name, "李雷1号")
	timeline, err := db.Timeline(ctx, order.Number, 0, 1)
	check(t, err)
	equal(t, "reason", timeline[0].Reason, "等客户回电")
	equal(t, "request", timeline[0].Command, "request-c1")
	earlier, err := db.Timeline(ctx, order.Number, timeline[0].Seq, 10)
	check(t, err)
	equal(t, "earlier events", len(earlier), 1)

	if err := db.AddNote(ctx, "DD-none", note); err != nil && !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("a note on nothing: %v", err)
	}
	note.ID = "note-2"
	if err := db.AddNote(ctx, "DD-none", note); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("a note on nothing: %v", err)
	}
	if _, err := db.Order(ctx, "DD-none"); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("no order: %v", err)
	}
}

func TestOpenAndFinishedOrdersAreListedApart(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	first, second := db.order(t, 1), db.order(t, 2)
	db.exec(t, `UPDATE orders SET stage = 'closed' WHERE number = $1`, second.Number)
	open, err := db.OpenOrders(ctx, "", 10)
	check(t, err)
	equal(t, "open", fmt.Sprint(open), fmt.Sprint([]string{first.Number}))
	finished, err := db.FinishedOrders(ctx, "", 10)
	check(t, err)
	equal(t, "finished", fmt.Sprint(finished), fmt.Sprint([]string{second.Number}))
	open, err = db.OpenOrders(ctx, first.Number, 10)
	check(t, err)
	equal(t, "after the last", len(open), 0)
}

func TestASeededDatabaseIsReadyAndSeedingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := setup(t)
	check(t, db.Ready(ctx))
	token := sha256.Sum256([]byte("a token"))
	staff := []store.SeedStaff{{ID: "staff-clerk", Name: "李娜", Role: "clerk", TokenHash: token[:], RefundLimit: 500_00}}
	check(t, store.Seed(ctx, db.url, staff))
	member, err := db.StaffByToken(ctx, token[:])
	check(t, err)
	equal(t, "role", member.Role, "clerk")
	if _, err := db.StaffByToken(ctx, make([]byte, 32)); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("the old token: %v", err)
	}
	db.exec(t, `UPDATE staff SET active = false`)
	if _, err := db.StaffByToken(ctx, token[:]); !errors.Is(err, orders.ErrNotFound) {
		t.Errorf("somebody who left: %v", err)
	}
	levels, err := db.StockLevels(ctx, "TEA-001")
	check(t, err)
	equal(t, "warehouses", len(levels), 2)
	equal(t, "in each", levels[1].OnHand, 10_000)
	products, err := db.Products(ctx, []string{"TEA-001", "SVC-INSTALL", "NO-SUCH"})
	check(t, err)
	equal(t, "products", len(products), 2)
	equal(t, "price", products[1].ListPrice, yuan(128))
	version, err := store.Migrate(ctx, db.url)
	check(t, err)
	equal(t, "migrated again", version > 0, true)
	db.noViolations(t)

	db.exec(t, `DELETE FROM goose_db_version WHERE version_id = $1`, version)
	if db.Ready(ctx) == nil {
		t.Error("ready with an older schema")
	}
}
