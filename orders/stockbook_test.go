package orders_test

import (
	"slices"

	"amends/orders"
)

// stockbook is the stock book as orders see it: what it holds for one order, and which requests it has served.
type stockbook struct {
	held    []orders.Reservation
	waiting []orders.Wanted // what no goods were there for
	keys    []string
	ended   bool // the order has given up its stock for good
}

// ask makes what is held equal to what is wanted, as far as there is any free in the house, once for each key. It
// answers what is held beyond what the order knows of.
func (b *stockbook) ask(r orders.StockRequest, free int64, house string) []orders.Reservation {
	if !slices.Contains(b.keys, r.Key) && !b.ended {
		b.keys = append(b.keys, r.Key)
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

// giveBack keeps what is wanted, first of all what the order knows of.
func (b *stockbook) giveBack(r orders.StockRequest) {
	var kept []orders.Reservation
	for _, known := range []bool{true, false} {
		for _, place := range b.held {
			most := place.Quantity - sumOf(kept, place.LineID, place.Warehouse)
			if known {
				most = min(most, heldThere(r.Holding, place))
			}
			most = min(most, wanted(r.Lines, place.LineID)-sumOf(kept, place.LineID, ""))
			kept = with(kept, orders.Reservation{LineID: place.LineID, Warehouse: place.Warehouse, Quantity: max(0, most)})
		}
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
func (b *stockbook) ship(key string, lines []orders.ShipmentLine) bool {
	if slices.Contains(b.keys, key) {
		return true
	}
	b.keys = append(b.keys, key)
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
