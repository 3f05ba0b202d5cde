package orders_test

import (
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"amends/orders"
)

// stockbook is the stock book as orders see it: what it holds for one order, and which requests it has served.
type stockbook struct {
	held    []orders.Reservation
	waiting []orders.Wanted // what no goods were there for
	keys    []string
	ended   bool     // the order has given up its stock for good
	round   int      // the highest that was served: one that comes late changes nothing
	left    []string // parcels that have left the house
	stopped []string // parcels that never will
}

// ask makes what is held equal to what is wanted, as far as there is any free in the house, once for each key. It
// answers what is held beyond what the order knows of.
func (b *stockbook) ask(r orders.StockRequest, free int64, house string) []orders.Reservation {
	if !slices.Contains(b.keys, r.Key) && !b.ended && r.Round >= b.round {
		b.keys, b.round = append(slices.Clip(b.keys), r.Key), r.Round
		b.giveBack(r)
		var missing []orders.Wanted
		for _, line := range r.Lines {
			line.Quantity -= sumOf(b.held, line.LineID, "")
			missing = append(missing, line)
		}
		b.serve(missing, free, house)
	}
	return b.beyond(r.Holding)
}

// giveBack keeps what is wanted, first of all what the order knows of, in its order.
func (b *stockbook) giveBack(r orders.StockRequest) {
	var kept []orders.Reservation
	keep := func(place orders.Reservation) {
		there := sumOf(b.held, place.LineID, place.Warehouse) - sumOf(kept, place.LineID, place.Warehouse)
		most := min(place.Quantity, there, wanted(r.Lines, place.LineID)-sumOf(kept, place.LineID, ""))
		place.Quantity = max(0, most)
		kept = with(kept, place)
	}
	for _, k := range r.Holding {
		keep(orders.Reservation{LineID: k.LineID, Warehouse: k.Warehouse, Quantity: k.Quantity})
	}
	for _, place := range b.held {
		keep(place)
	}
	b.held = kept
}

// serve gives lines what they miss as far as there is any. The rest waits.
func (b *stockbook) serve(missing []orders.Wanted, free int64, house string) {
	b.waiting = nil
	for _, line := range missing {
		quantity := min(line.Quantity, free)
		b.held = with(b.held, orders.Reservation{LineID: line.LineID, Warehouse: house, Quantity: quantity})
		free -= quantity
		if line.Quantity -= quantity; line.Quantity > 0 {
			b.waiting = append(b.waiting, line)
		}
	}
}

// stop decides that a parcel never leaves the house, and asks without it. It tells whether the parcel has left.
func (b *stockbook) stop(shipment string, r orders.StockRequest) (left bool) {
	if slices.Contains(b.left, shipment) {
		return true
	}
	b.stopped = append(slices.Clip(b.stopped), shipment)
	b.ask(r, 0, "")
	return false
}

// less lists what is known and not held any more.
func (b *stockbook) less(known []orders.ShipmentLine) []orders.Reservation {
	var returned []orders.Reservation
	for _, k := range known {
		place := orders.Reservation{LineID: k.LineID, Warehouse: k.Warehouse, Quantity: k.Quantity}
		returned = with(returned, place)
	}
	for _, place := range b.held {
		if known := heldThere(known, place); known > 0 {
			returned = with(returned, orders.Reservation{LineID: place.LineID, Warehouse: place.Warehouse, Quantity: -min(known, place.Quantity)})
		}
	}
	return returned
}

func (b *stockbook) beyond(known []orders.ShipmentLine) []orders.Reservation {
	var added []orders.Reservation
	for _, place := range b.held {
		if place.Quantity -= heldThere(known, place); place.Quantity > 0 {
			added = append(added, place)
		}
	}
	return added
}

// ship takes a parcel's goods out, once for each key, and tells whether they were there.
func (b *stockbook) ship(key, shipment string, lines []orders.ShipmentLine) bool {
	if slices.Contains(b.keys, key) {
		return true
	}
	if slices.Contains(b.stopped, shipment) {
		return false
	}
	b.keys, b.left = append(slices.Clip(b.keys), key), append(slices.Clip(b.left), shipment)
	for _, l := range lines {
		if sumOf(b.held, l.LineID, l.Warehouse) < l.Quantity {
			return false
		}
		b.held = with(b.held, orders.Reservation{LineID: l.LineID, Warehouse: l.Warehouse, Quantity: -l.Quantity})
	}
	return true
}

// sumOf is what is held for a line in a warehouse, in all of them when it is empty.
func sumOf(held []orders.Reservation, line, warehouse string) (sum int64) {
	for _, r := range held {
		if r.LineID == line && (warehouse == "" || r.Warehouse == warehouse) {
			sum += r.Quantity
		}
	}
	return sum
}

func heldThere(known []orders.ShipmentLine, place orders.Reservation) (sum int64) {
	for _, k := range known {
		if k.LineID == place.LineID && k.Warehouse == place.Warehouse {
			sum += k.Quantity
		}
	}
	return sum
}

func wanted(lines []orders.Wanted, line string) (sum int64) {
	for _, want := range lines {
		if want.LineID == line {
			sum += want.Quantity
		}
	}
	return sum
}

// with adds to what is held in a place and leaves out what is empty.
func with(held []orders.Reservation, more orders.Reservation) []orders.Reservation {
	held = slices.Clone(held)
	i := slices.IndexFunc(held, func(r orders.Reservation) bool {
		return r.LineID == more.LineID && r.Warehouse == more.Warehouse
	})
	if i < 0 {
		held, i = append(held, orders.Reservation{LineID: more.LineID, Warehouse: more.Warehouse}), len(held)
	}
	held[i].Quantity += more.Quantity
	return slices.DeleteFunc(held, func(r orders.Reservation) bool { return r.Quantity == 0 })
}

// request is what a task asks of the book, see ParcelStop.
func request(o orders.Order, task orders.Task) orders.StockRequest {
	without := ""
	if task.Kind == orders.StepPutBack {
		without = task.Subject
	}
	return orders.StockRequest{Key: task.Key, Lines: o.Wanted(without), Holding: o.Holding(), Round: o.Stock.Epoch + 1}
}

func (w *world) somewhere() string {
	return rapid.SampledFrom([]string{"north", "south"}).Draw(w.t, "house")
}

// goodsCameIn gives goods to the lines that wait for them. The order will be told.
func (w *world) goodsCameIn() {
	if len(w.book.waiting) > 0 {
		w.book.serve(w.book.waiting, rapid.Int64Range(1, 9).Draw(w.t, "came in"), w.somewhere())
		w.allots++
	}
}

func (w *world) toldOfGoods() {
	if w.allots > 0 {
		w.allots--
		_, _ = w.try(&orders.StockAllotted{Header: orders.Header{Actor: orders.SystemActor}}) // too late where all has left
	}
}

// forget lets a workflow task ask the stock book and never be completed: neither the command nor the answer is in the
// order's history.
func (w *world) forget() {
	if w.movingStock() {
		return
	}
	c := rapid.SampledFrom([]orders.Command{
		&orders.Approve{}, &orders.Retry{}, &orders.StockAllotted{}, &orders.Resume{}, &orders.PutOnHold{},
	}).Draw(w.t, "forgotten")
	c.Head().Actor, c.Head().CommandID = actorOf(c), "forgotten"
	lost, err := orders.Decide(w.order, c, w.now)
	if err != nil {
		return
	}
	for _, task := range lost.Order.Tasks() {
		if task.Kind == orders.TaskReserve {
			w.forgot = true
			w.book.ask(request(lost.Order, task), rapid.Int64Range(0, 9).Draw(w.t, "free"), w.somewhere())
		}
	}
}

func (w *world) movingStock() bool {
	return slices.ContainsFunc(w.running, func(r running) bool { return r.task.Stock() })
}

// bookAgrees checks that the order knows of everything the book holds for it, once nothing is on its way.
func (w *world) bookAgrees() {
	o := w.order
	if w.givingBack() {
		return
	}
	if o.Stage != orders.Fulfilling || o.Stock.Pending || w.movingStock() || w.allots > 0 || w.forgot {
		return
	}
	var known []orders.Reservation
	for _, k := range o.Holding() {
		known = with(known, orders.Reservation{LineID: k.LineID, Warehouse: k.Warehouse, Quantity: k.Quantity})
	}
	require.ElementsMatch(w.t, w.book.held, known)
	for _, want := range o.Wanted("") {
		missing := want.Quantity - sumOf(known, want.LineID, "")
		require.Equal(w.t, missing, wanted(w.book.waiting, want.LineID), "what is short waits, and nothing else")
	}
}
