package orders_test

import (
	"math/big"
	"slices"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// sound checks what is true of every order at every moment.
func sound(t require.TestingT, o orders.Order) {
	total := feeOf(o)
	for _, l := range o.Lines {
		soundLine(t, o, l)
		total += worth(l, l.Ordered-l.Voided)
	}
	require.Equal(t, total, o.Total().Minor, "the total is the sum of the lines and the fee")
	require.True(t, slices.IsSortedFunc(o.Reservations, func(a, b orders.Reservation) int {
		return slices.Compare([]string{a.LineID, a.Warehouse}, []string{b.LineID, b.Warehouse})
	}), "reservations are sorted")
	require.True(t, slices.IsSortedFunc(o.Deadlines, func(a, b orders.Deadline) int { return a.DueAt.Compare(b.DueAt) }))
	require.Equal(t, len(o.Processed), len(slices.Compact(slices.Sorted(slices.Values(o.Processed)))), "a command is processed once")
	require.Contains(t, orders.Stages(), o.Stage)
	soundMoney(t, o)
	soundTasks(t, o)
	if o.Stage == orders.Rejected && o.AtRest() {
		gaveEverythingBack(t, o)
	}
	soundVoids(t, o)
	if o.Stage == orders.Closed {
		require.Equal(t, o.Total().Minor+retained(o), moneyIn(o), "a closed order is settled")
	}
}

// worth is the value of the first n units of a line, rounded half up.
func worth(l orders.Line, n int64) int64 {
	share := new(big.Int).Mul(big.NewInt(2*(l.UnitPrice.Minor*l.Ordered-l.Discount.Minor)), big.NewInt(n))
	share.Add(share, big.NewInt(l.Ordered))
	return share.Div(share, big.NewInt(2*l.Ordered)).Int64()
}

// feeOf is the delivery fee, as long as there is anything to be delivered.
func feeOf(o orders.Order) int64 {
	for _, kind := range []string{orders.Goods, orders.Service} {
		of := func(l orders.Line) bool { return l.Kind == kind }
		kept := func(l orders.Line) bool { return l.Kind == kind && l.Voided < l.Ordered }
		switch {
		case slices.ContainsFunc(o.Lines, kept):
			return o.Delivery.Fee.Minor
		case slices.ContainsFunc(o.Lines, of):
			return 0
		}
	}
	return 0
}

func soundLine(t require.TestingT, o orders.Order, l orders.Line) {
	var reserved, packed, shipped, recalled int64
	for _, r := range o.Reservations {
		require.Positive(t, r.Quantity)
		if r.LineID == l.ID {
			reserved += r.Quantity
		}
	}
	for _, s := range o.Shipments {
		for _, taken := range s.Lines {
			switch {
			case taken.LineID != l.ID || s.Status == orders.Cancelled:
			case s.Status == orders.Packed:
				packed += taken.Quantity
			default:
				shipped, recalled = shipped+taken.Quantity, recalled+taken.Voided
			}
		}
	}
	require.Equal(t, l.Reserved, reserved, "the line's counter is the sum of its reservations")
	require.Equal(t, l.Shipped, shipped, "the line's counter is the sum of its parcels")
	require.Equal(t, l.Recalled, recalled, "what is wanted back is what is voided of the parcels that left")
	require.GreaterOrEqual(t, l.Reserved, int64(0))
	require.GreaterOrEqual(t, l.Voided, l.Recalled)
	require.GreaterOrEqual(t, l.Recalled, l.Returned, "only what is wanted back is taken back")
	require.LessOrEqual(t, l.Voided, l.Ordered)
	require.GreaterOrEqual(t, l.Open(), int64(0), "nobody is sent more than they keep")
	require.LessOrEqual(t, packed, l.Reserved, "what is packed is still reserved")
	require.LessOrEqual(t, l.Reserved+l.Shipped, l.Ordered)
	require.GreaterOrEqual(t, l.Delivered, int64(0))
	if l.Kind == orders.Goods {
		require.LessOrEqual(t, l.Delivered, l.Shipped)
	} else {
		require.LessOrEqual(t, l.Delivered, l.Ordered)
		require.Zero(t, l.Reserved+l.Shipped)
	}
}

func soundMoney(t require.TestingT, o orders.Order) {
	var captures int64
	for _, c := range o.Captures {
		require.True(t, c.Amount.Minor > 0 || c.Dropped)
		captures += c.Amount.Minor
	}
	for _, p := range o.Payments {
		if len(o.Amendments) == 0 {
			require.Equal(t, o.Total(), p.Amount)
		}
		require.GreaterOrEqual(t, p.Refunded.Minor, int64(0))
		require.LessOrEqual(t, p.Refunded.Minor, p.Captured.Minor)
		require.LessOrEqual(t, p.Captured.Minor, p.Amount.Minor)
	}
	if len(o.Amendments) == 0 {
		require.Equal(t, earned(o), captures, "what is captured is what was delivered, and the fee with the first of it")
		require.LessOrEqual(t, captures, o.Total().Minor)
	}
}

// earned is the value of everything handed over and performed, each line's share rounded half up.
func earned(o orders.Order) int64 {
	var sum, fee int64
	for _, l := range o.Lines {
		done := l.Shipped
		if l.Kind == orders.Service {
			done = l.Delivered
		}
		sum += worth(l, done)
		if done > 0 {
			fee = o.Delivery.Fee.Minor
		}
	}
	return sum + fee
}

func moneyIn(o orders.Order) int64 {
	var sum int64
	for _, p := range o.Payments {
		sum += p.Captured.Minor - p.Refunded.Minor
		if p.CarriedOver != nil {
			sum -= p.CarriedOver.Minor
		}
	}
	return sum
}

func soundTasks(t require.TestingT, o orders.Order) {
	names, keys := []string{}, []string{}
	for _, task := range o.Tasks() {
		require.NotContains(t, names, task.Name)
		require.NotContains(t, keys, task.Key)
		names, keys = append(names, task.Name), append(keys, task.Key)
	}
	for _, a := range o.Attention {
		require.NotContains(t, names, a.Task, "a parked task is not asked for")
		require.NotEmpty(t, a.Role)
		require.NotEmpty(t, a.Reason)
	}
}

// gaveEverythingBack checks a rejected order that owes nothing to anybody any more.
func gaveEverythingBack(t require.TestingT, o orders.Order) {
	require.Empty(t, o.Reservations)
	require.Empty(t, o.FreeSlots)
	require.Empty(t, o.Slots)
	require.False(t, o.Stock.Release)
	require.Zero(t, moneyIn(o))
	for _, a := range o.Appointments {
		require.Equal(t, orders.AppointmentCancelled, a.Status)
	}
	for _, s := range o.Shipments {
		require.Equal(t, orders.Cancelled, s.Status)
		require.Contains(t, []orders.BookingStatus{orders.BookingNone, orders.BookingCancelled}, s.Booking)
	}
	for _, p := range o.Payments {
		if p.Status == orders.PaymentAuthorised && !p.AtOnce {
			require.Empty(t, p.Reference, "nothing stays authorised")
		}
		require.NotEqual(t, orders.PaymentAuthorising, p.Status)
	}
}

// follows checks what is true of every accepted command: versions, sequence numbers, processed IDs, parcels.
func follows(t require.TestingT, c orders.Command, before orders.Order, d orders.Decision) {
	head, after := c.Head(), d.Order
	if slices.Contains(before.Processed, head.CommandID) {
		require.Empty(t, d.Events, "a repeated command does nothing")
	}
	require.Equal(t, before.Seq+int64(len(d.Events)), after.Seq)
	require.Equal(t, len(d.Events) == 0, before.Chain == after.Chain)
	require.Equal(t, before.Version+raises(c, d), after.Version, "%s by %s", c.Name(), head.Actor.Role)
	if head.CommandID != "" {
		require.Contains(t, after.Processed, head.CommandID)
	}
	if before.Stage != after.Stage {
		require.NotEmpty(t, d.Events)
	}
	for i, s := range before.Shipments {
		if rank(after.Shipments[i]) < rank(s) {
			require.Equal(t, orders.CmdRetry, c.Name(), "only a person sends a parcel out again")
			require.Equal(t, orders.InTransit, after.Shipments[i].Status)
			require.Contains(t, []orders.ShipmentStatus{orders.Refused, orders.Lost}, s.Status)
		}
	}
}

func raises(c orders.Command, d orders.Decision) int64 {
	role := c.Head().Actor.Role
	_, odd := c.(*orders.Incidental)
	if len(d.Events) == 0 || odd || orders.IsReport(c.Name()) || role == orders.SystemActor.Role || role == orders.CarrierActor.Role {
		return 0
	}
	return 1
}

func rank(s orders.Shipment) int {
	return slices.Index([]orders.ShipmentStatus{
		orders.Packed, orders.HandedOver, orders.InTransit, orders.Refused, orders.Intercepted, orders.Lost, orders.Delivered,
		orders.Cancelled,
	}, s.Status)
}
