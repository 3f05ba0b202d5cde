package workflows_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"amends/activities"
	"amends/gateway"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/sandbox/world"
	"amends/store"
	"amends/workflows"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// bench is one order on a real database and a real outside world, in the SDK's test environment: time flies there.
type bench struct {
	*testing.T
	env   *testsuite.TestWorkflowEnvironment
	db    *store.Store
	world *httptest.Server
	order orders.Order
	n     int
}

var clerk = orders.Actor{ID: "staff-clerk", Role: "manager", Verified: true}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, env: new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()}
	ctx := context.Background()
	url := testdb.New(t)
	_, err := store.Migrate(ctx, url)
	require.NoError(t, err)
	require.NoError(t, store.Seed(ctx, url, nil))
	b.db, err = store.Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(b.db.Close)
	b.world = openWorld(t)
	workflows.Register(b.env, b.activities())
	b.env.SetTestTimeout(30 * time.Second)
	b.env.SetStartTime(time.Now())
	return b
}

func openWorld(t *testing.T) *httptest.Server {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), testdb.New(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w, err := world.Open(context.Background(), pool, world.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	return server
}

func (b *bench) activities() workflows.Activities {
	return workflows.Activities{
		Records:  activities.NewRecords(b.db),
		Stock:    activities.NewStock(b.db),
		Calendar: activities.NewCalendar(b.db),
		Ledger:   activities.NewLedger(b.db),
		Payments: activities.NewPayments(b.db, gateway.NewPayments(b.world.URL+"/payments", time.Second)),
		Carriers: activities.NewCarriers(b.db, b.db, gateway.NewCarrier(b.world.URL+"/carrier", time.Second)),
	}
}

func yuan(minor int64) money.Amount { return money.New(minor, "CNY") }

// goods is a draft of three boxes of tea.
func goods() orders.Draft {
	return orders.Draft{
		Contact:  orders.ContactFacts{Locale: "zh-CN", HasPhone: true, HasAddress: true, KnownDistrict: true},
		Currency: "CNY",
		Lines: []orders.Line{{
			ID: "L1", Kind: orders.Goods, SKU: "TEA-001", Name: "茶", Ordered: 3,
			UnitPrice: yuan(12800), ListPrice: yuan(12800), Discount: yuan(0),
		}},
		Delivery: orders.Delivery{Method: "express", Fee: yuan(1200)},
		Terms:    orders.Terms{Payment: orders.Prepaid, Deposit: yuan(0)},
		Invoice:  orders.Invoice{Kind: "none"},
	}
}

// create writes the order down as the API does.
func (b *bench) create(draft orders.Draft, slots ...orders.SlotRequest) {
	b.Helper()
	contact := &orders.Contact{ID: uuid.NewString(), Name: "李雷", Phone: "+8613800138000", Locale: "zh-CN"}
	contact.ShipTo.Address = orders.Address{Country: "CN", Province: "广东省", City: "深圳市", District: "南山区", Detail: "科技园路 1 号"}
	draft.ContactID = contact.ID
	_, _, err := b.db.AcceptCommand(context.Background(), orders.NewCommand{
		ID: uuid.NewString(), Key: uuid.NewString(), Route: "POST /orders", Fingerprint: "f", Name: orders.CmdCreate, Actor: clerk,
		Owner: "test", Lease: time.Minute, Slots: slots,
		NewCustomer: &orders.Customer{ID: uuid.NewString(), Name: "李雷", Phone: "+8613800138000", Locale: "zh-CN"},
		Contact:     contact,
		Build: func(d orders.Drawn) (orders.Built, error) {
			draft.CustomerID, draft.Slots = d.CustomerID, d.Slots
			order, first := orders.New(d.Number, draft, orders.DefaultPolicy(), clerk, "create", b.env.Now())
			payload, err := json.Marshal(orders.Start{Order: order})
			b.order = order
			return orders.Built{Payload: payload, Order: &order, First: &first}, err
		},
	})
	require.NoError(b, err)
}

// at lets something happen after a delay of the environment's time.
func (b *bench) at(delay time.Duration, do func()) { b.env.RegisterDelayedCallback(do, delay) }

// update sends a command and returns where its answer will be.
func (b *bench) update(name string, c orders.Command) *answer {
	b.n++
	c.Head().Actor = clerk
	a := &answer{T: b.T}
	if c.Head().CommandID == "" {
		c.Head().CommandID = uuid.NewString()
	}
	b.env.UpdateWorkflow(name, c.Head().CommandID, a, c)
	return a
}

type answer struct {
	*testing.T
	accepted bool
	answer   orders.Answer
	err      error
}

func (a *answer) Accept()          { a.accepted = true }
func (a *answer) Reject(err error) { a.err = err }
func (a *answer) Complete(success any, err error) {
	if a.err = err; err == nil {
		a.answer, _ = success.(orders.Answer)
	}
}

func (b *bench) run() {
	b.Helper()
	b.env.ExecuteWorkflow(workflows.TypeOrder, orders.Start{Order: b.order})
	require.True(b, b.env.IsWorkflowCompleted())
	require.NoError(b, b.env.GetWorkflowError())
}

// stored reads the order as the API would.
func (b *bench) stored() orders.Order {
	b.Helper()
	view, err := b.db.Order(context.Background(), b.order.Number)
	require.NoError(b, err)
	return view.Order
}

func TestGoodsLiveFromCreationToTheEnd(t *testing.T) {
	b := setup(t)
	b.create(goods())
	b.at(time.Second, func() { b.update("ship", &orders.Ship{Carrier: "SF"}) })
	b.at(2*time.Second, func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1", TrackingNumber: "SF1"}) })
	b.at(3*time.Second, func() {
		b.env.SignalWorkflow("carrier-event", &orders.CarrierEvent{Tracking: "SF1", Status: "delivered", Proof: true})
	})
	b.run()
	o := b.stored()
	require.Equal(t, orders.Closed, o.Stage)
	require.Equal(t, yuan(39600), o.Payments[0].Captured)
}
