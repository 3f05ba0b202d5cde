package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"amends/activities"
	"amends/gateway"
	"amends/gateway/notices"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/sandbox/world"
	"amends/store"
	"amends/workflows"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		code := testdb.Run(m)
		for _, end := range ends {
			end()
		}
		return code
	}())
}

// ends close what all tests of the package share.
var ends []func()

// shared is the one database and the one outside world of the package: every test has its own order in them.
type shared struct {
	db    *store.Store
	sql   *pgxpool.Pool
	world *httptest.Server
}

var everything struct {
	sync.Once
	shared
}

// lasting is a test whose end cleans nothing up.
type lasting struct{ testing.TB }

func (lasting) Cleanup(func()) {}

func share(t testing.TB) shared {
	t.Helper()
	everything.Do(func() {
		ctx := context.Background()
		url := testdb.New(lasting{t})
		_, err := store.Migrate(ctx, url)
		require.NoError(t, err)
		require.NoError(t, store.Seed(ctx, url, nil))
		everything.db, err = store.Open(ctx, url)
		require.NoError(t, err)
		everything.sql, err = pgxpool.New(ctx, url)
		require.NoError(t, err)
		everything.world = openWorld(t)
	})
	require.NotNil(t, everything.world, "the shared world did not open")
	return everything.shared
}

func openWorld(t testing.TB) *httptest.Server {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), testdb.New(lasting{t}))
	require.NoError(t, err)
	w, err := world.Open(context.Background(), pool, world.Config{})
	require.NoError(t, err)
	server := httptest.NewServer(w.Handler())
	ends = append(ends, server.Close, w.Close, pool.Close)
	return server
}

// bench is one order on a real database and a real outside world, in the SDK's test environment: time flies there.
type bench struct {
	*testing.T
	shared
	env      *testsuite.TestWorkflowEnvironment
	database *database
	letters  letters
	seen     attributes
	order    orders.Order // as the workflow starts with it
	history  int
	steps    []step
	pause    time.Duration
	tries    int
	lastSeen orders.Order
	byHand   int64                     // minor units that people gave back, and the provider did not
	aside    func(o orders.Order) bool // happens at every look, beside the steps, and tells whether it did something
}

var (
	clerk    = orders.Actor{ID: "staff-clerk", Role: "manager", Verified: true}
	creator  = orders.Actor{ID: "staff-creator", Role: "clerk", Verified: true} // nobody approves their own order
	reviewer = orders.Actor{ID: "staff-reviewer", Role: "reviewer", Verified: true}
	operator = orders.Actor{ID: "eve", Role: "operator"}
	people   atomic.Int64 // numbers the customers, one a test
)

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{T: t, shared: share(t)}
	b.database = &database{Store: b.db}
	b.renew(time.Now())
	return b
}

// renew gives the order a new run of its workflow.
func (b *bench) renew(at time.Time) {
	suite := new(testsuite.WorkflowTestSuite)
	suite.SetLogger(silent{})
	b.env = suite.NewTestWorkflowEnvironment()
	b.database.now = b.env.Now
	workflows.Register(b.env, b.activities())
	b.env.SetTestTimeout(time.Minute)
	b.env.SetWorkflowRunTimeout(10 * 365 * 24 * time.Hour)
	b.env.SetStartTime(at)
	b.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&b.seen},
		DeadlockDetectionTimeout: 20 * time.Second, // the machine may be busy
	})
	b.history = 0
}

// silent logs nothing: what matters is asserted.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

var _ log.Logger = silent{}

func (b *bench) activities() workflows.Activities {
	messenger, err := gateway.NewMessenger(gateway.NewSMS(b.world.URL+"/sms", time.Second), &b.letters, nil)
	require.NoError(b, err)
	return workflows.Activities{
		Records:   activities.NewRecords(b.database),
		Stock:     activities.NewStock(b.database),
		Calendar:  activities.NewCalendar(b.database),
		Ledger:    activities.NewLedger(b.database),
		Payments:  activities.NewPayments(b.database, gateway.NewPayments(b.world.URL+"/payments", time.Second)),
		Carriers:  activities.NewCarriers(b.database, b.database, gateway.NewCarrier(b.world.URL+"/carrier", time.Second)),
		Suppliers: activities.NewSuppliers(b.database, gateway.NewSupplier(b.world.URL+"/supplier", time.Second)),
		Messages:  activities.NewMessages(b.database, messenger, "山茶商行"),
	}
}

// letters keeps the e-mail of a test, rendered as it would be sent.
type letters struct {
	sync.Mutex
	sent []letter
}

type letter struct {
	key, subject, body string
	to                 []string
}

func (l *letters) SendTo(_ context.Context, m orders.Message, addresses []string) error {
	subject, body, err := notices.Mail(m)
	if err != nil {
		return err
	}
	if len(addresses) == 0 {
		return &orders.RefusedError{Code: orders.RefusedRecipient}
	}
	l.Lock()
	defer l.Unlock()
	l.sent = append(l.sent, letter{m.Key, subject, body, addresses})
	return nil
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
	b.createUnder(draft, orders.DefaultPolicy(), slots...)
}

func (b *bench) createUnder(draft orders.Draft, policy orders.Policy, slots ...orders.SlotRequest) {
	b.Helper()
	n := people.Add(1)
	phone := fmt.Sprintf("+86139%08d", n)
	contact := &orders.Contact{ID: uuid.NewString(), Name: "李雷", Phone: phone, Locale: "zh-CN"}
	contact.ShipTo.Address = orders.Address{Country: "CN", Province: "广东省", City: "深圳市", District: "南山区", Detail: "科技园路 1 号"}
	draft.ContactID = contact.ID
	id := uuid.NewString()
	_, _, err := b.db.AcceptCommand(context.Background(), orders.NewCommand{
		ID: id, Key: uuid.NewString(), Route: "POST /orders", Fingerprint: "f", Name: orders.CmdCreate, Actor: clerk,
		Owner: "test", Lease: time.Minute, Slots: slots, Contact: contact,
		NewCustomer: &orders.Customer{ID: uuid.NewString(), Name: "李雷", Phone: phone, Locale: "zh-CN"},
		Build: func(d orders.Drawn) (orders.Built, error) {
			draft.CustomerID, draft.Slots = d.CustomerID, d.Slots
			if b.order.CustomerID != "" { // a second order of the same customer
				draft.CustomerID = b.order.CustomerID
			}
			order, first := orders.New(d.Number, draft, policy, creator, id, b.env.Now())
			payload, err := json.Marshal(orders.Start{Order: order})
			b.order = order
			return orders.Built{Payload: payload, Order: &order, First: &first}, err
		},
	})
	require.NoError(b, err)
	audit := orders.AuditRow{Actor: clerk, Action: orders.CmdCreate, Order: b.order.Number, Command: id, Outcome: "accepted"}
	_, err = b.db.FinishCommand(context.Background(), id, "test", orders.Outcome{Accepted: true}, audit)
	require.NoError(b, err)
}

// step is something that a test does once the order is ready for it.
type step struct {
	what  string
	ready func(o orders.Order) bool
	do    func()
}

const (
	firstPause = 20 * time.Millisecond
	mostPause  = time.Hour
	mostTries  = 1500
)

// when adds a step to the story: the steps follow one another, each when the order is ready for it.
func (b *bench) when(what string, ready func(o orders.Order) bool, do func()) {
	b.steps = append(b.steps, step{what, ready, do})
}

// poll looks at the order in the environment's time, the less often the longer nothing happens.
func (b *bench) poll() {
	if len(b.steps) == 0 && b.aside == nil {
		return
	}
	b.later()
	if _, err := b.env.QueryWorkflow(workflows.QueryOrder); err != nil { // its first task has not begun: the machine is busy
		if b.tries++; b.tries > mostTries {
			b.Fatalf("the workflow never began: %v", err)
		}
		b.env.RegisterDelayedCallback(b.poll, firstPause)
		return
	}
	b.lastSeen = b.queried()
	acted := b.aside != nil && b.aside(b.lastSeen)
	if len(b.steps) > 0 && b.steps[0].ready(b.lastSeen) {
		s := b.steps[0]
		b.steps, acted = b.steps[1:], true
		s.do()
	}
	if acted {
		b.pause, b.tries = firstPause, 0
	} else if b.tries++; b.tries > mostTries {
		b.Fatalf("never came: %s; the order: %s", b.next(), text(b, b.lastSeen))
	}
	b.env.RegisterDelayedCallback(b.poll, b.pause)
	b.pause = min(2*b.pause, mostPause)
}

// next names what the story waits for.
func (b *bench) next() string {
	if len(b.steps) == 0 {
		return "the end"
	}
	return b.steps[0].what
}

// later makes the history longer, as a new workflow task does.
func (b *bench) later() {
	b.history += 3
	b.env.SetCurrentHistoryLength(b.history)
}

// at lets something happen after a delay of the environment's time.
func (b *bench) at(delay time.Duration, do func()) {
	b.env.RegisterDelayedCallback(func() {
		b.later()
		do()
	}, delay)
}

// run lets the order live until its workflow ends, and compares all books.
func (b *bench) run() {
	b.Helper()
	b.start(orders.Start{Order: b.order})
	require.True(b, b.env.IsWorkflowCompleted())
	require.NoError(b, b.env.GetWorkflowError())
	require.Empty(b, b.steps, "the order ended before its story; it is %s", b.lastSeen.Stage)
	b.agree()
}

func (b *bench) start(input any) {
	b.pause = firstPause
	b.env.RegisterDelayedCallback(b.poll, time.Millisecond)
	b.env.ExecuteWorkflow(workflows.TypeOrder, input)
}

// agree holds the workflow's state against Postgres' state and timeline, and our money against the provider's book.
func (b *bench) agree() {
	b.Helper()
	state := b.queried()
	stored := b.stored()
	require.JSONEq(b, text(b, state), text(b, stored), "the workflow's state and Postgres'")
	require.JSONEq(b, text(b, state), text(b, b.folded()), "the workflow's state and its timeline")
	captured, refunded := yuan(0), yuan(0)
	for _, p := range state.Payments {
		captured, refunded = captured.Add(p.Captured), refunded.Add(p.Refunded)
	}
	require.Equal(b, captured.Minor, b.bookSum("captured"), "captured by the provider")
	require.Equal(b, refunded.Minor-b.byHand, b.bookSum("refunded"), "refunded by the provider")
	for _, provider := range []string{"payments", "carrier"} {
		keys := map[string]bool{}
		for _, row := range b.book(provider) {
			require.False(b, keys[row.Key], "%s happened twice under %s", row.Kind, row.Key)
			keys[row.Key] = true
		}
	}
}

// queried asks the workflow for its order.
func (b *bench) queried() orders.Order {
	b.Helper()
	var o orders.Order
	answer, err := b.env.QueryWorkflow(workflows.QueryOrder)
	require.NoError(b, err)
	require.NoError(b, answer.Get(&o))
	return o
}

// stored reads the order as the API would.
func (b *bench) stored() orders.Order {
	b.Helper()
	view, err := b.db.Order(context.Background(), b.order.Number)
	require.NoError(b, err)
	return view.Order
}

// events reads the whole timeline.
func (b *bench) events() []orders.Recorded {
	b.Helper()
	rows, err := b.sql.Query(context.Background(), `
		SELECT seq, at, kind, actor_id, actor_role, actor_verified, command_id, note_id, reason, stage, version, data, chain
		FROM events WHERE order_number = $1 ORDER BY seq`, b.order.Number)
	require.NoError(b, err)
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e orders.Recorded, err error) {
		err = row.Scan(&e.Seq, &e.At, &e.Kind, &e.Actor.ID, &e.Actor.Role, &e.Actor.Verified, &e.Command, &e.NoteID, &e.Reason,
			&e.Stage, &e.Version, &e.Data, &e.Chain)
		e.At = e.At.UTC()
		return e, err
	})
	require.NoError(b, err)
	return events
}

// folded is the state that the timeline leads to.
func (b *bench) folded() orders.Order {
	b.Helper()
	var o orders.Order
	for i, e := range b.events() {
		require.Equal(b, int64(i+1), e.Seq, "the timeline has a gap")
		var err error
		o, err = orders.Apply(o, e)
		require.NoError(b, err)
	}
	return o
}

// kinds lists the kinds of the recorded events.
func (b *bench) kinds() []string {
	var kinds []string
	for _, e := range b.events() {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// times counts the recorded events of a kind.
func (b *bench) times(kind string) int {
	n := 0
	for _, k := range b.kinds() {
		if k == kind {
			n++
		}
	}
	return n
}

// count returns the single number that a query answers about this order.
func (b *bench) count(query string) int {
	b.Helper()
	var n int
	require.NoError(b, b.sql.QueryRow(context.Background(), query, b.order.Number).Scan(&n))
	return n
}

// audits lists what the audit log says of raw signals, in its order: name, role, outcome, code.
func (b *bench) audits() []string {
	b.Helper()
	rows, err := b.sql.Query(context.Background(), `
		SELECT trim(concat_ws(' ', action, actor_id, actor_role, actor_verified, outcome, code))
		FROM audit WHERE order_number = $1 AND request_id = 'signal' ORDER BY id`, b.order.Number)
	require.NoError(b, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	return lines
}

// entry is one line of a book of the outside world.
type entry struct {
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Amount   string `json:"amount"`
	Tracking string `json:"tracking_number"`
}

func (b *bench) book(provider string) []entry {
	b.Helper()
	response, err := http.Get(b.world.URL + "/books/" + provider + "?order=" + b.order.Number)
	require.NoError(b, err)
	defer response.Body.Close()
	var book struct {
		Items []entry `json:"items"`
	}
	require.NoError(b, json.NewDecoder(response.Body).Decode(&book))
	return book.Items
}

// entries lists the kinds in a book.
func (b *bench) entries(provider string) []string {
	kinds := []string{}
	for _, e := range b.book(provider) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (b *bench) bookSum(kind string) int64 {
	b.Helper()
	sum := yuan(0)
	for _, e := range b.book("payments") {
		if e.Kind == kind {
			amount, err := money.Parse(e.Amount, "CNY")
			require.NoError(b, err)
			sum = sum.Add(amount)
		}
	}
	return sum.Minor
}

// misbehave makes a provider misbehave towards this order, so many times; -1 for ever.
func (b *bench) misbehave(provider, call, mode string, times int) {
	b.Helper()
	wish, err := json.Marshal(map[string]any{
		"provider": provider, "call": call, "mode": mode, "times": times, "order": b.order.Number, "delay_ms": 0,
	})
	require.NoError(b, err)
	response, err := http.Post(b.world.URL+"/behaviour", "application/json", bytes.NewReader(wish))
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusCreated, response.StatusCode)
}

// behave ends all misbehaviour towards this order.
func (b *bench) behave() {
	b.Helper()
	request, err := http.NewRequest(http.MethodDelete, b.world.URL+"/behaviour?order="+b.order.Number, http.NoBody)
	require.NoError(b, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
}

// update sends a command and returns where its answer will be.
func (b *bench) update(name string, c orders.Command) *answer {
	if c.Head().Actor.ID == "" {
		c.Head().Actor = clerk
	}
	if c.Head().CommandID == "" {
		c.Head().CommandID = uuid.NewString()
	}
	return b.raw(name, c.Head().CommandID, c)
}

// raw sends an update of any shape.
func (b *bench) raw(name, id string, input any) *answer {
	a := &answer{T: b.T}
	b.env.UpdateWorkflow(name, id, a, input)
	return a
}

func (b *bench) signal(name string, input any) { b.env.SignalWorkflow(name, input) }

func text(t require.TestingT, v any) string {
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

// What orders are waited for.

func in(stage orders.Stage) func(orders.Order) bool {
	return func(o orders.Order) bool { return o.Stage == stage }
}

// ready tells whether everything that was asked for is there to be packed.
func ready(o orders.Order) bool { return o.Stage == orders.Fulfilling && quiet(o) }

// quiet tells whether nothing is under way and nothing is parked.
func quiet(o orders.Order) bool { return len(o.Tasks()) == 0 && len(o.Attention) == 0 }

func parked(task, reason string) func(orders.Order) bool {
	return func(o orders.Order) bool {
		for _, a := range o.Attention {
			if a.Task == task && a.Reason == reason {
				return true
			}
		}
		return false
	}
}

func always(orders.Order) bool { return true }

// The story of goods, step by step.

func (b *bench) ships() {
	b.when("everything to pack", ready, func() { b.update("ship", &orders.Ship{Carrier: "SF"}) })
}

func (b *bench) handsOver() {
	b.when("a label", func(o orders.Order) bool {
		return len(o.Shipments) > 0 && o.Shipments[0].Booking != orders.BookingPending
	},
		func() { b.update("hand-over", &orders.HandOver{ShipmentID: "S1", TrackingNumber: b.tracking("SF1")}) })
}

func (b *bench) arrives() {
	b.when("the parcel on its way", func(o orders.Order) bool { return len(o.Shipments) > 0 && o.Shipments[0].Tracking != "" },
		func() { b.carrier(b.lastSeen.Shipments[0].Tracking, "delivered", true) })
}

// tracking makes a number of the order's own: they are unique among all orders of the shared database.
func (b *bench) tracking(n string) string { return n + "-" + b.order.Number }

// carrier has the relay bring a carrier's report.
func (b *bench) carrier(tracking, status string, proof bool) {
	b.signal("carrier-event", &orders.CarrierEvent{
		Header:  orders.Header{CommandID: uuid.NewString(), Actor: orders.CarrierActor},
		EventID: uuid.NewString(), Tracking: tracking, Status: status, Proof: proof,
	})
}
