package orders

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"amends/money"
)

// Kinds of task: the work that an order's state calls for. Check to Revenue are our own books, the rest leaves the house.
const (
	TaskCheck       = "check"
	TaskReserve     = "reserve"
	TaskReleaseAll  = "release_stock"
	TaskMoveStock   = "move_stock"
	TaskFreeSlots   = "free_slots"
	TaskRevenue     = "recognise_revenue"
	TaskAuthorise   = "authorise"
	TaskCapture     = "capture"
	TaskRelease     = "release"
	TaskRefund      = "refund"
	TaskBook        = "book"
	TaskCancelLabel = "cancel_label"
	TaskDeliver     = "deliver" // done by the carrier and by people: it is only ever parked
)

// Reasons for which a task is parked. Every other reason is the code of a refusal by the outside, and final.
const (
	ReasonUnreachable   = "unreachable"
	ReasonShortStock    = "short_stock"
	ReasonRefusedAtDoor = "refused_at_door"
	ReasonLost          = "parcel_lost"
	ReasonCarrierSilent = "carrier_silent"
	ReasonInvalid       = "invalid_value" // our own database refuses what the task brings
)

// IsFault tells whether the reason leaves open what has happened outside: trying again keeps the effect key.
func IsFault(reason string) bool {
	return reason == ReasonUnreachable || reason == ReasonInvalid || reason == CodeInternal
}

// Task is one piece of work that the state calls for and that nobody has parked. It is derived, never stored: the
// intent is in the state before the call is made, and the answer comes back as a TaskDone or TaskFailed.
type Task struct {
	Name    string // kind, or kind/subject
	Kind    string
	Subject string
	Key     string // the effect key, <order>/<kind>/<subject>/<n>
	Round   int    // of reserving
	Payment string
	Amount  money.Amount
}

// Ours tells whether the task is a write to our own books.
func (t Task) Ours() bool {
	return t.Stock() || slices.Contains([]string{TaskCheck, TaskFreeSlots, TaskRevenue}, t.Kind)
}

// Stock tells whether the task moves the order's goods in the stock book: one at a time, so that what one answers is
// measured against what the one before has done.
func (t Task) Stock() bool {
	return slices.Contains([]string{TaskReserve, TaskReleaseAll, TaskMoveStock}, t.Kind)
}

// Final tells whether the task gives something up for good. It must not be done for a decision that history could
// still forget, so it is never a local activity.
func (t Task) Final() bool { return t.Kind == TaskReleaseAll || t.Kind == TaskFreeSlots }

func splitTask(name string) (kind, subject string) {
	kind, subject, _ = strings.Cut(name, "/")
	return kind, subject
}

// Tasks lists the work that the order calls for now, in a fixed order.
func (o Order) Tasks() []Task {
	var tasks []Task
	for _, t := range append(o.bookkeeping(), o.outward()...) {
		if !o.isParked(t.Name) {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

func (o Order) isParked(name string) bool {
	for _, a := range o.Attention {
		if a.Task == name {
			return true
		}
	}
	return false
}

// bookkeeping is what our own books owe. It goes on during a hold: it follows facts.
func (o Order) bookkeeping() []Task {
	var tasks []Task
	if o.Review.Pending && o.Stage == Created {
		tasks = append(tasks, o.task(TaskCheck, "", o.Review.Round))
	}
	if o.Stock.Pending && o.Stage == Fulfilling && o.Hold == nil {
		t := o.task(TaskReserve, "", o.Stock.Round)
		t.Key = fmt.Sprintf("%s/%s/%d/%d", o.Number, TaskReserve, o.Review.Round, o.Stock.Round) // other goods, another key
		t.Round = o.Stock.Round
		tasks = append(tasks, t)
	}
	if o.Stock.Release {
		tasks = append(tasks, o.task(TaskReleaseAll, "", 1))
	}
	for _, s := range o.Shipments {
		if s.leftTheBook() {
			tasks = append(tasks, o.task(TaskMoveStock, s.ID, 1))
		}
	}
	if len(o.FreeSlots) > 0 {
		tasks = append(tasks, o.task(TaskFreeSlots, "", 1))
	}
	if o.Stage == AfterSales && !o.Revenue && !o.Total().IsZero() {
		tasks = append(tasks, o.task(TaskRevenue, "", 1))
	}
	return tasks
}

// outward is what must be asked of others. A hold keeps it from starting, except for giving back what a rejected
// order has taken.
func (o Order) outward() []Task {
	if o.Hold != nil {
		return nil
	}
	var tasks []Task
	for _, p := range o.Payments {
		tasks = append(tasks, o.paymentTasks(p)...)
	}
	for _, c := range o.Captures {
		if p := o.Payment(c.Payment); !c.Done && p.Status == PaymentAuthorised {
			t := o.task(TaskCapture, c.ID, c.Try)
			t.Payment, t.Amount = c.Payment, c.Amount
			tasks = append(tasks, t)
		}
	}
	for _, s := range o.Shipments {
		switch {
		case s.Booking == BookingPending: // once asked for, the answer is waited for, whatever becomes of the parcel
			tasks = append(tasks, o.task(TaskBook, s.ID, s.Try))
		case s.Booking == BookingDone && s.Status == Cancelled:
			tasks = append(tasks, o.task(TaskCancelLabel, s.ID, s.Try))
		}
	}
	return tasks
}

func (o Order) paymentTasks(p Payment) []Task {
	var t Task
	switch {
	case p.Status == PaymentAuthorising:
		t = o.task(TaskAuthorise, p.ID, p.Try)
		t.Amount = p.Amount
	case o.Stage != Rejected || p.Status != PaymentAuthorised || p.Reference == "":
		return nil
	case !p.AtOnce:
		t = o.task(TaskRelease, p.ID, p.Try)
		t.Amount = p.Amount
	case p.Refunded.Less(p.Captured):
		t = o.task(TaskRefund, p.ID, p.Try)
		t.Amount = p.Captured.Sub(p.Refunded)
	default:
		return nil
	}
	t.Payment = p.ID
	return []Task{t}
}

func (o Order) task(kind, subject string, n int) Task {
	t := Task{Name: kind, Kind: kind, Subject: subject}
	if subject == "" {
		t.Key = fmt.Sprintf("%s/%s/%d", o.Number, kind, n)
		return t
	}
	t.Name = kind + "/" + subject
	t.Key = fmt.Sprintf("%s/%s/%s/%d", o.Number, kind, subject, n)
	return t
}

// Wanted lists what the stock book should hold: for every goods line what is not handed over, and what has left in
// parcels that are not taken out of the book yet.
func (o Order) Wanted() []Wanted {
	var wanted []Wanted
	for _, l := range o.Lines {
		if need := l.Open() + o.unmoved(l.ID); l.Kind == Goods && need > 0 {
			wanted = append(wanted, Wanted{LineID: l.ID, Kind: l.Kind, SKU: l.SKU, Quantity: need})
		}
	}
	return wanted
}

// Holding lists what the stock book holds as far as the order's history knows.
func (o Order) Holding() []ShipmentLine {
	var holding []ShipmentLine
	for _, r := range o.Reservations {
		holding = append(holding, ShipmentLine(r))
	}
	for _, s := range o.Shipments {
		if s.leftTheBook() {
			holding = append(holding, s.Lines...)
		}
	}
	return holding
}

// leftTheBook tells whether the parcel has left the house and the stock book does not know yet.
func (s Shipment) leftTheBook() bool {
	return s.Status != Packed && s.Status != Cancelled && !s.StockMoved
}

func (o Order) unmoved(line string) int64 {
	var sum int64
	for _, s := range o.Shipments {
		for _, l := range s.Lines {
			if s.leftTheBook() && l.LineID == line {
				sum += l.Quantity
			}
		}
	}
	return sum
}

// NextWake returns when something happens by itself, or false. Clocks stand still during a hold.
func (o Order) NextWake() (time.Time, bool) {
	var wake time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (wake.IsZero() || t.Before(wake)) {
			wake = t
		}
	}
	if o.Hold != nil {
		return wake, false
	}
	for _, d := range o.Deadlines {
		earlier(d.DueAt)
	}
	for _, a := range o.Attention {
		earlier(a.RetryAt)
	}
	return wake, !wake.IsZero()
}

// AtRest tells whether the order is finished and owes nothing to anybody: its workflow may end.
func (o Order) AtRest() bool {
	return o.Stage.Finished() && len(o.Tasks()) == 0 && len(o.Attention) == 0
}
