package orders_test

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

// morning is when the orders of the tests are placed: a Tuesday, nine o'clock in China.
var morning = time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)

var (
	clerk     = orders.Actor{ID: "chen", Role: "clerk", Verified: true}
	reviewer  = orders.Actor{ID: "rui", Role: "reviewer", Verified: true}
	warehouse = orders.Actor{ID: "wang", Role: "warehouse", Verified: true}
)

func yuan(decimal string) money.Amount {
	amount, err := money.Parse(decimal, "CNY")
	if err != nil {
		panic(err)
	}
	return amount
}

// tea and install are a goods line and a service line at their list prices.
func tea(id string, quantity int64) orders.Line {
	return orders.Line{
		ID: id, Kind: orders.Goods, SKU: "TEA-001", Name: "龙井", UnitPrice: yuan("128.00"), ListPrice: yuan("128.00"),
		Discount: yuan("0.00"), Ordered: quantity,
	}
}

func install(id string) orders.Line {
	return orders.Line{
		ID: id, Kind: orders.Service, SKU: "SVC-INSTALL", Name: "安装", UnitPrice: yuan("200.00"), ListPrice: yuan("200.00"),
		Discount: yuan("0.00"), Ordered: 1,
	}
}

// draft is a clean order of the lines, with a slot for every service.
func draft(lines ...orders.Line) orders.Draft {
	d := orders.Draft{
		CustomerID: "K1", ContactID: "contact-1", Currency: "CNY", Lines: lines,
		Contact:  orders.ContactFacts{Locale: "zh-CN", HasPhone: true, HasAddress: true, KnownDistrict: true},
		Delivery: orders.Delivery{Method: "express", Fee: yuan("12.00")},
		Terms:    orders.Terms{Payment: orders.Prepaid, AfterSalesDays: 7},
		Invoice:  orders.Invoice{Kind: "none"},
	}
	for _, line := range lines {
		if line.Kind == orders.Service {
			d.Slots = append(d.Slots, slot("slot-"+line.ID, line.ID, 48*time.Hour))
		}
	}
	return d
}

func slot(id, line string, after time.Duration) orders.Slot {
	from := morning.Add(after)
	return orders.Slot{ID: id, LineID: line, Technician: "T1", From: from, To: from.Add(2 * time.Hour)}
}

// house gives commands to one order and answers its tasks, as the workflow would. After everything it checks that
// the order is sound and that its recorded events alone lead to the same state.
type house struct {
	t       require.TestingT
	order   orders.Order
	replay  orders.Order // from the recorded events alone
	now     time.Time
	log     []orders.Recorded
	ids     int
	outcome orders.EffectOutcome // what the outside answers
	facts   orders.ReviewFacts   // what the review finds
	short   int64                // how much of every line the stock book cannot give
}

func place(t require.TestingT, d orders.Draft) *house { return placeWith(t, d, orders.DefaultPolicy()) }

func placeWith(t require.TestingT, d orders.Draft, policy orders.Policy) *house {
	h := &house{t: t, now: morning, outcome: orders.EffectOutcome{Done: true, Reference: "ref-1"}}
	order, first := orders.New("DD20261201-000001", d, policy, clerk, "create-1", h.now)
	h.order, h.log = order, []orders.Recorded{first}
	h.replay = h.apply(orders.Order{}, first)
	require.Equal(t, text(t, order), text(t, h.replay), "the first event makes the order")
	sound(t, order)
	return h
}

// apply takes an event through JSON, as the database and the workflow's history do.
func (h *house) apply(o orders.Order, event orders.Recorded) orders.Order {
	var read orders.Recorded
	require.NoError(h.t, json.Unmarshal([]byte(text(h.t, event)), &read))
	after, err := orders.Apply(o, read)
	require.NoError(h.t, err)
	return after
}

func text(t require.TestingT, value any) string {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}

// try decides a command and holds the decision against the rules that every decision keeps.
func (h *house) try(c orders.Command) (orders.Decision, error) {
	before, written := h.order, text(h.t, h.order)
	decision, err := orders.Decide(h.order, c, h.now)
	require.Equal(h.t, written, text(h.t, before), "Decide leaves its input alone")
	if err != nil {
		require.Equal(h.t, written, text(h.t, decision.Order), "a refusal changes nothing")
		require.Empty(h.t, decision.Events)
		require.NotEqual(h.t, orders.CodeInternal, orders.AsProblem(err).Code, "%v", err)
		return decision, err
	}
	h.take(c, before, decision)
	return decision, nil
}

func (h *house) take(c orders.Command, before orders.Order, decision orders.Decision) {
	for _, event := range decision.Events {
		require.Equal(h.t, h.replay.Seq+1, event.Seq)
		require.NotEqual(h.t, h.replay.Chain, event.Chain)
		h.replay = h.apply(h.replay, event)
		require.Equal(h.t, event.Chain, h.replay.Chain)
		require.Equal(h.t, event.Stage, h.replay.Stage)
		h.log = append(h.log, event)
	}
	require.Equal(h.t, text(h.t, h.replay), text(h.t, decision.Order), "the events alone lead to the same state")
	h.order = decision.Order
	sound(h.t, h.order)
	follows(h.t, c, before, decision)
}

// do gives a command that must be accepted. A command without an ID and an actor gets new ones.
func (h *house) do(c orders.Command) orders.Decision {
	h.sign(c)
	decision, err := h.try(c)
	require.NoError(h.t, err, "%s in %s", c.Name(), h.order.Stage)
	return decision
}

// refuse gives a command that must be refused and returns the problem that people are told.
func (h *house) refuse(c orders.Command) orders.Problem {
	h.sign(c)
	_, err := h.try(c)
	require.Error(h.t, err, "%s in %s", c.Name(), h.order.Stage)
	return orders.AsProblem(err)
}

func (h *house) sign(c orders.Command) {
	head := c.Head()
	if head.Actor.ID == "" {
		head.Actor = actorOf(c)
	}
	if head.CommandID == "" && head.Actor != orders.SystemActor {
		h.ids++
		head.CommandID = "command-" + strconv.Itoa(h.ids)
	}
}

func actorOf(c orders.Command) orders.Actor {
	switch c.(type) {
	case *orders.CarrierEvent:
		return orders.CarrierActor
	case *orders.TaskDone, *orders.TaskFailed, *orders.TimePassed, *orders.StockAllotted, *orders.MessageFailed, *orders.CarriedOver:
		return orders.SystemActor
	case *orders.Approve, *orders.SendBack, *orders.Reject:
		return reviewer
	case *orders.Ship, *orders.HandOver, *orders.CompleteStep:
		return warehouse
	case *orders.ApprovePlan, *orders.DeclinePlan, *orders.RetryStep, *orders.WaiveStep:
		return manager
	}
	return clerk
}

// task returns the open task of the name.
func (h *house) task(name string) orders.Task {
	for _, task := range h.order.Tasks() {
		if task.Name == name {
			return task
		}
	}
	require.Fail(h.t, "no such task", "%s among %v", name, h.names())
	return orders.Task{}
}

func (h *house) names() []string {
	names := []string{}
	for _, task := range h.order.Tasks() {
		names = append(names, task.Name)
	}
	return names
}

// done answers a task with success.
func (h *house) done(name string) { h.do(h.answer(h.task(name))) }

// failed answers a task with a code.
func (h *house) failed(name, code string) { h.do(&orders.TaskFailed{Task: h.task(name), Code: code}) }

func (h *house) answer(task orders.Task) *orders.TaskDone {
	done := &orders.TaskDone{Task: task, Outcome: h.outcome}
	switch task.Kind {
	case orders.TaskCheck:
		done.Facts = h.facts
	case orders.TaskReserve:
		done.Added = h.reservations()
	case orders.TaskFreeSlots:
		done.Slots = h.order.FreeSlots
	}
	if task.Kind == orders.StepPutBack || task.Kind == orders.StepRelease && task.Step != "" {
		done.Returned = givenBack(h.order, task)
	}
	return done
}

// goodsIn lets what was short come in, and the order ask for it.
func (h *house) goodsIn() {
	h.short = 0
	h.do(&orders.StockAllotted{})
	h.done(orders.TaskReserve)
}

// reservations is what the stock book holds beyond what the order knows of: half in the north where more than one is new.
func (h *house) reservations() []orders.Reservation {
	var added []orders.Reservation
	for _, want := range h.order.Wanted("") {
		give := want.Quantity - h.short
		for _, known := range h.order.Holding() {
			if known.LineID == want.LineID {
				give -= known.Quantity
			}
		}
		if north := give / 2; north > 0 {
			added = append(added, orders.Reservation{LineID: want.LineID, Warehouse: "north", Quantity: north})
		}
		if south := give - give/2; south > 0 {
			added = append(added, orders.Reservation{LineID: want.LineID, Warehouse: "south", Quantity: south})
		}
	}
	return added
}

// work answers every task until none is left.
func (h *house) work() {
	for range 1000 {
		tasks := h.order.Tasks()
		if len(tasks) == 0 {
			return
		}
		h.do(h.answer(tasks[0]))
	}
	require.Fail(h.t, "the tasks never end", "%v", h.names())
}

// later lets time pass and wakes the order if something is due.
func (h *house) later(d time.Duration) {
	h.now = h.now.Add(d)
	h.do(&orders.TimePassed{})
	if wake, any := h.order.NextWake(); any {
		require.True(h.t, wake.After(h.now), "waking once settles everything that is due")
	}
}

// ship packs everything that is reserved, or the given lines, and hands the parcel over under a tracking number.
func (h *house) ship(tracking string, lines ...orders.ShipLine) string {
	shipment := h.do(&orders.Ship{Lines: lines, Carrier: "SF"}).Subject
	h.do(&orders.HandOver{ShipmentID: shipment, TrackingNumber: tracking})
	return shipment
}

// report is a carrier's event.
func report(tracking, status string) *orders.CarrierEvent {
	return &orders.CarrierEvent{Tracking: tracking, Status: status}
}

func proof(tracking string) *orders.CarrierEvent {
	event := report(tracking, "delivered")
	event.Proof = true
	return event
}

// kinds lists the kinds of all events so far.
func (h *house) kinds() []string {
	kinds := []string{}
	for _, event := range h.log {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func (h *house) attention() []string {
	parked := []string{}
	for _, a := range h.order.Attention {
		parked = append(parked, a.Task+" "+a.Reason+" "+a.Role)
	}
	return parked
}

func (h *house) due(kind string) time.Time {
	for _, d := range h.order.Deadlines {
		if d.Kind == kind {
			return d.DueAt
		}
	}
	return time.Time{}
}

// refold folds all events once more from nothing.
func (h *house) refold() {
	var o orders.Order
	for _, event := range h.log {
		o = h.apply(o, event)
	}
	require.Equal(h.t, text(h.t, h.order), text(h.t, o))
}
