package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/store"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var (
	clerk   = orders.Actor{ID: "staff-clerk", Role: "clerk", Verified: true}
	lease   = time.Minute
	newYear = time.Date(2030, 1, 2, 1, 0, 0, 0, time.UTC) // 9 o'clock in China
)

// bundle is a fresh, migrated and seeded database with a store on it and a pool of its owner beside it.
type bundle struct {
	*store.Store
	url string
	sql *pgxpool.Pool
}

func setup(t testing.TB) (*bundle, context.Context) {
	t.Helper()
	ctx := t.Context()
	url := testdb.New(t)
	if _, err := store.Migrate(ctx, url); err != nil {
		t.Fatal(err)
	}
	staff := []store.SeedStaff{{ID: "staff-clerk", Name: "李娜", Role: "clerk", TokenHash: make([]byte, 32), RefundLimit: 500_00}}
	if err := store.Seed(ctx, url, staff); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, url+"&role=amends_app") // what the role may do is part of every test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sql, err := pgxpool.New(ctx, url+"&jit=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sql.Close)
	return &bundle{db, url, sql}, ctx
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (b *bundle) exec(t *testing.T, query string, arguments ...any) {
	t.Helper()
	if _, err := b.sql.Exec(context.Background(), query, arguments...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// count returns the single number that a query answers.
func (b *bundle) count(t *testing.T, query string, arguments ...any) int64 {
	t.Helper()
	var n int64
	check(t, b.sql.QueryRow(context.Background(), query, arguments...).Scan(&n))
	return n
}

// noViolations fails when any rule of the domain is broken.
func (b *bundle) noViolations(t *testing.T) {
	t.Helper()
	all, err := b.CheckInvariants(context.Background())
	check(t, err)
	for _, v := range all {
		if v.Count > 0 {
			t.Errorf("%s: %d violations, e.g. %v", v.Name, v.Count, v.Examples)
		}
	}
}

// together runs n copies at once and returns their errors.
func together(n int, run func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

func succeeded(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

func yuan(n int64) money.Amount { return money.New(n*100, "CNY") }

func teaDraft(customer, contact, reference string) orders.Draft {
	return orders.Draft{
		CustomerID: customer, ContactID: contact, CustomerRef: reference, Currency: "CNY",
		Lines: []orders.Line{{
			ID: "L1", Kind: orders.Goods, SKU: "TEA-001", Name: "龙井茶礼盒", UnitPrice: yuan(128), ListPrice: yuan(128),
			Discount: yuan(0), Ordered: 3,
		}},
		Delivery: orders.Delivery{Method: "express", Fee: yuan(12)},
		Terms:    orders.Terms{Payment: orders.Prepaid},
	}
}

// create is a create command of a new customer with one line of tea.
func create(n int) orders.NewCommand {
	id := fmt.Sprintf("create-%04d", n)
	contact := orders.Contact{
		ID: "contact-" + id, Name: fmt.Sprintf("李雷%d号", n), Phone: fmt.Sprintf("+86138001%05d", n), Locale: "zh-CN",
		ShipTo: orders.Consignee{Address: orders.Address{Country: "CN", City: "深圳市"}},
	}
	c := orders.NewCommand{
		ID: id, Key: "key-" + id, Route: "POST /orders", Fingerprint: "body", Name: orders.CmdCreate, Actor: clerk,
		RequestID: "request-" + id, Owner: "api", Lease: lease, Contact: &contact,
		NewCustomer: &orders.Customer{ID: "customer-" + id, Name: contact.Name, Phone: contact.Phone, Locale: "zh-CN"},
	}
	c.Build = func(d orders.Drawn) (orders.Built, error) {
		draft := teaDraft(d.CustomerID, contact.ID, fmt.Sprintf("PO-%d", n))
		draft.Slots = d.Slots
		o, first := orders.New(d.Number, draft, orders.DefaultPolicy(), clerk, id, time.Now())
		payload, err := json.Marshal(orders.Start{Order: o})
		notice := orders.Notice{
			Key: d.Number + "/notice/confirmation/1", Order: d.Number, Template: orders.TemplateConfirmation,
			ContactID: contact.ID, Locale: "zh-CN",
		}
		return orders.Built{Payload: payload, Order: &o, First: &first, Notices: []orders.Notice{notice}}, err
	}
	return c
}

// command is a command without a body of its own.
func command(id, order, name string) orders.NewCommand {
	return orders.NewCommand{
		ID: id, Key: "key-" + id, Route: "POST /orders/{number}/" + name, Fingerprint: "body", Order: order, Name: name,
		Actor: clerk, RequestID: "request-" + id, Owner: "api", Lease: lease,
		Build: func(orders.Drawn) (orders.Built, error) {
			return orders.Built{Payload: json.RawMessage(`{"command_id":"` + id + `"}`)}, nil
		},
	}
}

var accepted = orders.Outcome{Accepted: true, Answer: &orders.Answer{Version: 1}}

func refused(code string) orders.Outcome {
	return orders.Outcome{Problem: &orders.Problem{Code: code}}
}

func auditOf(c orders.CommandRow, outcome string) orders.AuditRow {
	return orders.AuditRow{Actor: c.Actor, Action: c.Name, Order: c.Order, Command: c.ID, Outcome: outcome}
}

// order creates an order whose create command is finished and returns its state.
func (b *bundle) order(t testing.TB, n int) orders.Order {
	t.Helper()
	ctx := context.Background()
	row, _, err := b.AcceptCommand(ctx, create(n))
	check(t, err)
	_, err = b.FinishCommand(ctx, row.ID, "api", accepted, auditOf(row, "accepted"))
	check(t, err)
	view, err := b.Order(ctx, row.Order)
	check(t, err)
	return view.Order
}
