package orders_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"amends/orders"
)

// Whatever is asked of an order, in whatever order, with whatever values: every decision keeps the rules that house
// checks, and at the end there is a way to finish the order.
func TestAnOrderStaysSoundWhateverIsAskedOfIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			w.step()
			w.bookAgrees()
		}
		w.finish()
		w.refold()
	})
}

// world is a house with a stock book, and with tasks that run while other things happen.
type world struct {
	*house
	t       *rapid.T
	book    stockbook
	allots  int  // receipts that the order has not been told of
	forgot  bool // the book has served a request that is not in the order's history
	running []running
	given   []orders.Command
	slots   int
}

// running is a task whose work is done and whose answer is on its way.
type running struct {
	task   orders.Task
	answer *orders.TaskDone
}

func newWorld(t *rapid.T) *world {
	policy := orders.DefaultPolicy()
	policy.AutoSignOff = rapid.SampledFrom([]time.Duration{time.Hour, 168 * time.Hour}).Draw(t, "auto sign-off")
	return &world{house: placeWith(t, drawDraft(t), policy), t: t}
}

func drawDraft(t *rapid.T) orders.Draft {
	var lines []orders.Line
	for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
		line := tea("L"+string(rune('1'+i)), rapid.Int64Range(1, 7).Draw(t, "ordered"))
		if rapid.IntRange(0, 3).Draw(t, "service") == 0 {
			line = install(line.ID)
		}
		line.UnitPrice.Minor = rapid.SampledFrom([]int64{0, 1, 333, 12800, 12799}).Draw(t, "price")
		line.Discount.Minor = rapid.Int64Range(0, min(100, line.UnitPrice.Minor*line.Ordered)).Draw(t, "discount")
		line.ListPrice = rapid.SampledFrom([]orders.Line{line, tea("", 1)}).Draw(t, "list").UnitPrice
		lines = append(lines, line)
	}
	d := draft(lines...)
	d.Delivery.Fee.Minor = rapid.SampledFrom([]int64{0, 1, 1200}).Draw(t, "fee")
	d.Delivery.Method = rapid.SampledFrom([]string{"express", "pickup", "own_vehicle"}).Draw(t, "method")
	d.Terms.AfterSalesDays = rapid.IntRange(0, 2).Draw(t, "window")
	return d
}

// step does one thing: every other time what comes next, else anything at all.
func (w *world) step() {
	if rapid.Bool().Draw(w.t, "on") {
		w.goOn()
		return
	}
	action := rapid.SampledFrom([]func(){
		w.startTask, w.finishTask, w.failTask, w.sensible, w.aside, w.carrier, w.goodsCameIn, w.toldOfGoods, w.timePasses,
		w.foolish, w.repeat, w.odd, w.forget, w.voidSome, w.decideOnPlan, w.stepVerb,
	})
	action.Draw(w.t, "action")()
}

func (w *world) goOn() {
	switch {
	case w.order.Hold != nil:
		w.ask(&orders.Resume{})
	case len(w.running) > 0:
		w.finishTask()
	case len(w.open()) > 0:
		w.startTask()
	case w.allots > 0:
		w.toldOfGoods()
	case w.order.AwaitsApproval():
		w.decideOnPlan()
	case len(w.order.Attention) > 0 && rapid.Bool().Draw(w.t, "retry"):
		w.ask(&orders.Retry{})
	case len(w.book.waiting) > 0 && rapid.Bool().Draw(w.t, "goods in"):
		w.goodsCameIn()
	case w.order.Stage == orders.SigningOff || w.order.Stage == orders.AfterSales:
		w.late()
	default:
		w.sensible()
	}
}

// late is what happens when everything has left the house.
func (w *world) late() {
	moving := rapid.SampledFrom(append(w.order.Shipments, orders.Shipment{})).Draw(w.t, "parcel")
	if moving.Tracking == "" {
		w.timePasses()
		return
	}
	event := report(moving.Tracking, rapid.SampledFrom([]string{"delivered", "refused", "lost"}).Draw(w.t, "fate"))
	event.Proof = rapid.IntRange(0, 3).Draw(w.t, "unproved") == 0
	w.ask(event)
}

func (w *world) ask(c orders.Command) {
	w.sign(c)
	if rapid.IntRange(0, 9).Draw(w.t, "expects a version") == 0 {
		expected := w.order.Version - rapid.Int64Range(-1, 1).Draw(w.t, "older by")
		c.Head().ExpectedVersion = &expected
	}
	if _, err := w.try(c); err == nil {
		w.given = append(w.given, c)
	}
}

// open lists the tasks that could be started now. Only one moves stock at a time.
func (w *world) open() []orders.Task {
	return slices.DeleteFunc(w.order.Tasks(), func(task orders.Task) bool {
		return slices.ContainsFunc(w.running, func(r running) bool {
			return r.task.Name == task.Name || (r.task.Stock() && task.Stock())
		})
	})
}

// startTask does a task's work, in our books or outside; the answer comes later.
func (w *world) startTask() {
	if open := w.open(); len(open) > 0 {
		w.outcome.AtOnce = rapid.Bool().Draw(w.t, "captured at once")
		w.outcome.Reference = rapid.SampledFrom([]string{"SF-1", "SF-2", "SF-3"}).Draw(w.t, "reference")
		w.facts = orders.ReviewFacts{SoftDuplicates: rapid.SliceOfN(rapid.Just("DD-0"), 0, 1).Draw(w.t, "duplicates")}
		w.start(rapid.SampledFrom(open).Draw(w.t, "task"), rapid.Int64Range(0, 9).Draw(w.t, "free"))
	}
}

func (w *world) start(task orders.Task, free int64) {
	answer := w.answer(task)
	switch task.Kind {
	case orders.TaskReserve:
		w.forgot = false
		answer.Added = w.book.ask(request(w.order, task), free, w.somewhere())
	case orders.TaskMoveStock:
		require.True(w.t, w.book.ship(task.Key, task.Subject, w.order.Shipment(task.Subject).Lines), "what left the house was held")
	case orders.TaskReleaseAll:
		if task.Step == "" {
			w.book = stockbook{ended: true}
		} else {
			answer.Added = w.book.ask(request(w.order, task), free, w.somewhere())
			answer.Returned = w.book.less(request(w.order, task).Holding)
		}
	case orders.StepPutBack:
		r := request(w.order, task)
		answer.Returned = nil
		if answer.Left = w.book.stop(task.Subject, r); !answer.Left {
			answer.Added, answer.Returned = w.book.beyond(r.Holding), w.book.less(r.Holding)
		}
	case orders.StepIntercept:
		answer.Outcome.Pending = rapid.Bool().Draw(w.t, "later")
	}
	w.running = append(w.running, running{task, answer})
}

func (w *world) finishTask() {
	if r := w.next(); r != nil {
		w.do(r.answer)
	}
}

func (w *world) failTask() {
	codes := []string{orders.ReasonUnreachable, orders.RefusedDeclined, orders.RefusedTooLate, orders.CodeInternal}
	r := w.next()
	switch {
	case r == nil:
	case r.task.Stock() && (r.task.Kind == orders.TaskMoveStock || r.task.Step != ""): // the book writes it down as a whole or fails as a whole
		w.running = append(w.running, *r)
	default:
		w.do(&orders.TaskFailed{Task: r.task, Code: rapid.SampledFrom(codes).Draw(w.t, "code")})
	}
}

func (w *world) next() *running {
	if len(w.running) == 0 {
		return nil
	}
	i := rapid.IntRange(0, len(w.running)-1).Draw(w.t, "answer")
	r := w.running[i]
	w.running = slices.Delete(slices.Clone(w.running), i, i+1)
	return &r
}

// sensible gives a command that the order is ready for.
func (w *world) sensible() {
	if w.waitsForPeople() && rapid.Bool().Draw(w.t, "steps first") {
		w.people()
	} else if c := w.forward(); c != nil {
		w.ask(c)
	}
}

// aside gives a command that leads away from the straight path.
func (w *world) aside() {
	fresh := drawDraft(w.t)
	w.ask(rapid.SampledFrom([]orders.Command{
		&orders.PutOnHold{}, &orders.Resume{}, &orders.Retry{}, &orders.SendBack{}, &orders.Resubmit{},
		&orders.Resubmit{Draft: &fresh}, w.visit(), w.refusal(), &orders.Reject{ReasonCode: "out_of_stock"},
	}).Draw(w.t, "aside"))
}

func (w *world) visit() orders.Command {
	c := &orders.Reschedule{}
	for _, a := range w.order.Appointments {
		w.slots++
		c.AppointmentID, c.Slot = a.ID, slot("slot-new-"+strconv.Itoa(w.slots), a.Slot.LineID, time.Hour)
	}
	return c
}

func (w *world) refusal() orders.Command {
	c := &orders.RefuseDelivery{}
	for _, s := range w.order.Shipments {
		c.ShipmentID = s.ID
	}
	return c
}

// forward is the command that brings the order a step further, or nil.
func (w *world) forward() orders.Command {
	o := w.order
	for _, s := range o.Shipments {
		if s.Status == orders.Packed {
			return &orders.HandOver{ShipmentID: s.ID, TrackingNumber: "SF-" + s.ID}
		}
	}
	for _, a := range o.Appointments {
		if a.Status == orders.Scheduled && o.Stage == orders.Fulfilling {
			return &orders.Perform{AppointmentID: a.ID}
		}
	}
	switch o.Stage {
	case orders.InReview:
		return &orders.Approve{}
	case orders.SentBack:
		return &orders.Resubmit{}
	case orders.Fulfilling:
		return &orders.Ship{Carrier: "SF", Lines: w.someLines()}
	case orders.SigningOff:
		return &orders.SignOff{}
	case orders.Created, orders.AfterSales, orders.Closed, orders.Voiding, orders.Voided, orders.Rejected:
	}
	return nil
}

// someLines wants a unit or two of a line that has some, or everything.
func (w *world) someLines() []orders.ShipLine {
	if len(w.order.Reservations) == 0 || rapid.Bool().Draw(w.t, "whole") {
		return nil
	}
	r := rapid.SampledFrom(w.order.Reservations).Draw(w.t, "from")
	return []orders.ShipLine{{LineID: r.LineID, Quantity: rapid.Int64Range(1, 2).Draw(w.t, "units")}}
}

// carrier reports something; where the order's parcels can be meant at all, it is never refused.
func (w *world) carrier() {
	c := report(
		rapid.SampledFrom([]string{"SF-S1", "SF-S2", "SF-S3", "SF-1", "SF-2", "SF-404", ""}).Draw(w.t, "tracking"),
		rapid.SampledFrom([]string{"accepted", "in_transit", "delivered", "refused", "lost", "intercepted", "?"}).Draw(w.t, "status"),
	)
	c.Proof = rapid.Bool().Draw(w.t, "proof")
	c.OccurredAt = rapid.SampledFrom([]time.Time{{}, w.now.Add(time.Hour), w.now.Add(-time.Hour)}).Draw(w.t, "at")
	w.sign(c)
	_, err := w.try(c)
	over := w.order.Stage == orders.Closed || w.order.Stage == orders.Voided
	require.Equal(w.t, over, err != nil, "%v", err)
}

func (w *world) timePasses() {
	w.later(rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 30 * time.Hour, 200 * time.Hour}).Draw(w.t, "later"))
}

func (w *world) odd() {
	code := rapid.SampledFrom([]string{orders.CodeUnreadable, orders.EventCancelAsked}).Draw(w.t, "odd")
	w.do(&orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: code})
}

// repeat gives an accepted command once more, which does nothing.
func (w *world) repeat() {
	if len(w.given) > 0 {
		d := w.do(rapid.SampledFrom(w.given).Draw(w.t, "again"))
		require.Empty(w.t, d.Events)
	}
}

// foolish gives a command of any name with any values, from anybody.
func (w *world) foolish() {
	word := rapid.SampledFrom([]string{"", "S1", "S2", "A1", "L1", "L2", "P1", "SF-1", "other", "invalid", "✗", "\x00"})
	number := rapid.OneOf(rapid.Int64Range(-2, 8), rapid.Int64())
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-70_000_000_000, 260_000_000_000).Draw(t, "unix"), 0)
	})
	c := orders.EmptyCommand(rapid.SampledFrom(orders.CommandNames()).Draw(w.t, "name"))
	switch c := c.(type) {
	case *orders.Reject:
		c.ReasonCode, c.Survivor = word.Draw(w.t, "reason"), word.Draw(w.t, "survivor")
	case *orders.Resubmit:
		c.Draft = foolishDraft(w.t, number)
	case *orders.Ship:
		c.Carrier = word.Draw(w.t, "carrier")
		c.Lines = []orders.ShipLine{{LineID: word.Draw(w.t, "line"), Quantity: number.Draw(w.t, "quantity")}}
	case *orders.HandOver:
		c.ShipmentID, c.TrackingNumber, c.HandedOverAt = word.Draw(w.t, "id"), word.Draw(w.t, "tracking"), moment.Draw(w.t, "at")
	case *orders.Perform:
		c.AppointmentID, c.PerformedAt = word.Draw(w.t, "id"), moment.Draw(w.t, "at")
	case *orders.Reschedule:
		c.AppointmentID = word.Draw(w.t, "id")
		c.Slot = orders.Slot{ID: word.Draw(w.t, "slot"), LineID: word.Draw(w.t, "line"), From: w.now, To: moment.Draw(w.t, "to")}
	case *orders.SignOff:
		c.At, c.Proof = moment.Draw(w.t, "at"), true
	case *orders.RefuseDelivery:
		c.ShipmentID = word.Draw(w.t, "id")
	case *orders.CarrierEvent:
		c.Tracking, c.Status, c.OccurredAt = word.Draw(w.t, "tracking"), word.Draw(w.t, "status"), moment.Draw(w.t, "at")
	}
	role := rapid.SampledFrom(orders.Roles()).Draw(w.t, "role")
	c.Head().Actor = orders.Actor{ID: "x", Role: role, Verified: rapid.Bool().Draw(w.t, "verified")}
	if rapid.Bool().Draw(w.t, "nameless") {
		c.Head().CommandID = "" // Decide takes it; the workflow names every signal
		_, _ = w.try(c)
		return
	}
	w.ask(c)
}

func foolishDraft(t *rapid.T, number *rapid.Generator[int64]) *orders.Draft {
	d := drawDraft(t)
	line := &d.Lines[0]
	switch rapid.IntRange(0, 5).Draw(t, "spoilt") {
	case 0:
		line.Ordered = number.Draw(t, "ordered")
	case 1:
		line.UnitPrice.Minor, line.Ordered = number.Draw(t, "price"), 1_000_000
	case 2:
		line.Discount.Minor = number.Draw(t, "discount")
	case 3:
		line.ListPrice.Currency = "EUR"
	case 4:
		d.Slots = append(d.Slots, slot("S1", "L1", 0))
	case 5:
		line.Delivered = number.Draw(t, "delivered")
	}
	return &d
}

// finish does what people and the outside would do to get the order done. Getting stuck is a bug of the domain.
func (w *world) finish() {
	w.outcome = orders.EffectOutcome{Done: true, Reference: "SF-9"}
	for range 500 {
		if w.order.AtRest() && len(w.running) == 0 {
			require.Contains(w.t, []orders.Stage{orders.Closed, orders.Rejected, orders.Voided}, w.order.Stage)
			require.Empty(w.t, w.book.held, "nothing is kept for a finished order")
			require.Empty(w.t, w.book.waiting)
			return
		}
		w.onwards()
	}
	require.Fail(w.t, "the order is stuck", "%s", text(w.t, w.order))
}

func (w *world) onwards() {
	o, open := w.order, w.open()
	switch {
	case o.Hold != nil:
		w.do(&orders.Resume{})
	case o.AwaitsApproval():
		w.do(&orders.DeclinePlan{ID: w.last().ID})
	case len(w.running) > 0:
		w.finishTask()
	case w.allots > 0:
		w.toldOfGoods()
	case len(o.Attention) > 0:
		w.do(&orders.Retry{})
	case len(open) > 0:
		w.start(open[0], 1000)
	case w.waitsForPeople():
		w.people()
	case w.forward() != nil:
		w.do(w.forwardWhole())
	default:
		w.sleep()
	}
}

func (w *world) forwardWhole() orders.Command {
	c := w.forward()
	if ship, is := c.(*orders.Ship); is {
		ship.Lines = nil
	}
	return c
}

// sleep waits until something happens by itself.
func (w *world) sleep() {
	wake, any := w.order.NextWake()
	require.True(w.t, any, "nothing will ever happen to the order: %s", text(w.t, w.order))
	w.later(max(0, wake.Sub(w.now)))
}
