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
	TaskPurchase    = "purchase"

	TaskCancelPurchase = "cancel_purchase"
	TaskDeliver        = "deliver" // done by the carrier and by people: it is only ever parked
)

// Reasons for which a task is parked. Every other reason is the code of a refusal by the outside, and final.
const (
	ReasonUnreachable   = "unreachable"
	ReasonShortStock    = "short_stock"
	ReasonRefusedAtDoor = "refused_at_door"
	ReasonLost          = "parcel_lost"
	ReasonCarrierSilent = "carrier_silent"
	ReasonOverdue       = "overdue"       // a person's part of a step
	ReasonInvalid       = "invalid_value" // our own database refuses what the task brings
)

// IsFault tells whether the reason leaves open what has happened outside: trying again keeps the effect key.
func IsFault(reason string) bool {
	return reason == ReasonUnreachable || reason == ReasonInvalid || reason == CodeInternal
}

// Task is one piece of work that the state calls for and that nobody has parked. It is derived, never stored: the
// intent is in the state before the call is made, and the answer comes back as a TaskDone or TaskFailed.
type Task struct {
	Name      string // kind, or kind/subject
	Kind      string
	Subject   string
	Key       string // the effect key, <order>/<kind>/<subject>/<n>
	Round     int    // of reserving
	Payment   string
	Amount    money.Amount
	Amendment string // whose Step it carries out, if any
	Step      string
}

// Ours tells whether the task is a write to our own books.
func (t Task) Ours() bool {
	return t.Stock() || ourBooks(t.Kind) || slices.Contains([]string{TaskCheck, TaskFreeSlots, TaskRevenue}, t.Kind)
}

// Stock tells whether the task moves the order's goods in the stock book: one at a time, so that what one answers is
// measured against what the one before has done.
func (t Task) Stock() bool {
	return slices.Contains([]string{TaskReserve, TaskReleaseAll, TaskMoveStock, StepRelease, StepPutBack}, t.Kind)
}

// Final tells whether the task gives something up for good, as all steps of a void do. It must not be done for a decision
// that history could still forget, so it is never a local activity.
func (t Task) Final() bool {
	return t.Kind == TaskReleaseAll || t.Kind == TaskFreeSlots || t.Step != ""
}

func splitTask(name string) (kind, subject string) {
	kind, subject, _ = strings.Cut(name, "/")
	return kind, subject
}

// Tasks lists the work that the order calls for now, in a fixed order.
func (o Order) Tasks() []Task {
	var tasks []Task
	for _, t := range slices.Concat(o.bookkeeping(), o.outward(), o.stepTasks()) {
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
	if o.Stock.Pending && o.Stage == Fulfilling && o.Hold == nil && !o.releasing() && o.waitingPlan() == nil {
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
	if due := o.revenueDue(); !o.Revenue && !due.IsZero() {
		t := o.task(TaskRevenue, "", 1)
		t.Amount = due
		tasks = append(tasks, t)
	}
	return tasks
}

// revenueDue is what the order earns once it is signed off, with what voids have to take back of it.
func (o *Order) revenueDue() money.Amount {
	due := o.Total()
	if o.Stage != AfterSales && (o.Stage != Voiding || o.SignedOffAt.IsZero()) {
		return money.New(0, o.Currency)
	}
	for _, a := range o.Amendments {
		for _, s := range a.Steps {
			if a.Status == Running && s.Kind == StepReverse && s.End == "" {
				due = due.Add(*s.Amount)
			}
		}
	}
	return due
}

// outward is what must be asked of others. A hold, or a plan that waits for a decision, keeps it from starting.
func (o Order) outward() []Task {
	if o.Hold != nil || o.waitingPlan() != nil {
		return nil
	}
	var tasks []Task
	for _, p := range o.Payments {
		tasks = append(tasks, o.paymentTasks(p)...)
	}
	for _, c := range o.Captures {
		if p := o.Payment(c.Payment); c.open() && p.Status == PaymentAuthorised {
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
			if !o.cancelsLabel(s.ID) {
				tasks = append(tasks, o.task(TaskCancelLabel, s.ID, s.Try))
			}
		}
	}
	for _, b := range o.Purchases {
		switch {
		case b.Status == PurchasePending:
			tasks = append(tasks, o.task(TaskPurchase, b.ID, b.Try))
		case b.Status == PurchaseRequested && o.Stage == Rejected:
			tasks = append(tasks, o.task(TaskCancelPurchase, b.ID, b.Try))
		}
	}
	return tasks
}

// cancelsLabel tells whether a void has a step for the label: how it ended is for people to decide.
func (o Order) cancelsLabel(shipment string) bool {
	return slices.ContainsFunc(o.Amendments, func(a Amendment) bool {
		return (a.Status == Running || a.Status == Completed) && a.hasFor(StepCancelLabel, shipment)
	})
}

func (o Order) paymentTasks(p Payment) []Task {
	var t Task
	switch {
	case p.Status == PaymentAuthorising:
		t = o.task(TaskAuthorise, p.ID, p.Try)
		t.Amount = p.Amount
	case !o.spare(p).IsZero():
		t = o.task(TaskRelease, p.ID, p.Try)
		t.Amount = o.spare(p)
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

// Wanted lists what the stock book should hold: for every goods line what is not handed over and not voided, what lies in
// parcels until they are unpacked, except in the one without which it asks, and what has left in parcels that are not
// taken out of the book yet.
func (o Order) Wanted(without string) []Wanted {
	var wanted []Wanted
	for _, l := range o.Lines {
		if need := o.toHold(l) + o.unmoved(l.ID) + o.unpacking(l.ID, without); l.Kind == Goods && need > 0 {
			wanted = append(wanted, Wanted{LineID: l.ID, Kind: l.Kind, SKU: l.SKU, Quantity: need})
		}
	}
	return wanted
}

// toHold is what is to be held for a line: nothing before the order is approved.
func (o Order) toHold(l Line) int64 {
	if o.Stage == Created || o.Stage == InReview || o.Stage == SentBack {
		return 0
	}
	return l.Open()
}

// Holding lists what the stock book holds as far as the order's history knows. What lies in parcels that may leave the
// house comes first: where the book gives something back, it keeps what comes first.
func (o Order) Holding() []ShipmentLine {
	left, packed := o.inBoxes()
	holding := append(left, packed...)
	for _, r := range o.Reservations {
		for _, p := range packed {
			if p.LineID == r.LineID && p.Warehouse == r.Warehouse {
				r.Quantity -= p.Quantity
			}
		}
		if r.Quantity > 0 {
			holding = append(holding, ShipmentLine{LineID: r.LineID, Warehouse: r.Warehouse, Quantity: r.Quantity})
		}
	}
	return holding
}

// inBoxes lists what is in parcels that have left the house and are still in the book, and in those that may leave it.
func (o Order) inBoxes() (left, packed []ShipmentLine) {
	for _, s := range o.Shipments {
		mayLeave := s.Status == Packed && len(o.Amendments) > 0 && !o.stopped(s.ID)
		for _, l := range s.Lines {
			l.Voided = 0
			switch {
			case s.leftTheBook():
				left = append(left, l)
			case mayLeave:
				packed = append(packed, l)
			}
		}
	}
	return left, packed
}

// leftTheBook tells whether the parcel has left the house and the stock book does not know yet.
func (s Shipment) leftTheBook() bool {
	return s.Status != Packed && s.Status != Cancelled && !s.StockMoved
}

// unpacking is what of a line is voided and lies in parcels that nobody has unpacked yet.
func (o Order) unpacking(line, without string) int64 {
	var sum int64
	for _, s := range o.Shipments {
		for _, l := range s.Lines {
			if s.Status == Packed && s.ID != without && l.LineID == line {
				sum += l.Voided
			}
		}
	}
	return sum
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
	o.nextPlanWake(earlier)
	for _, a := range o.Attention {
		if _, step := o.stepOf(a.Task); step != nil || o.Hold == nil {
			earlier(a.RetryAt)
		}
	}
	if o.Hold != nil {
		return wake, !wake.IsZero()
	}
	for _, d := range o.Deadlines {
		earlier(d.DueAt)
	}
	return wake, !wake.IsZero()
}

// AtRest tells whether the order is finished and owes nothing to anybody: its workflow may end.
func (o Order) AtRest() bool {
	return o.Stage.Finished() && len(o.Tasks()) == 0 && len(o.Attention) == 0
}
