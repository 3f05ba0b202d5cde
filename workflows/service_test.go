package workflows_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"amends/orders"
)

// days gives every appointment of the shared calendar a day of its own.
var days atomic.Int64

// slot asks for two hours of a technician for line L<n>.
func slot(line int) orders.SlotRequest {
	from := time.Date(2027, 3, 1, 2, 0, 0, 0, time.UTC).AddDate(0, 0, int(days.Add(1)))
	return orders.SlotRequest{LineID: []string{"", "L1", "L2"}[line], SKU: "SVC-INSTALL", From: from, To: from.Add(2 * time.Hour)}
}

// service is a draft of one installation at the customer's.
func service() orders.Draft {
	d := goods()
	d.Delivery = orders.Delivery{Fee: yuan(0)}
	d.Lines = []orders.Line{{
		ID: "L1", Kind: orders.Service, SKU: "SVC-INSTALL", Name: "上门安装", Ordered: 1,
		UnitPrice: yuan(20000), ListPrice: yuan(20000), Discount: yuan(0),
	}}
	return d
}

// both is a draft of an installation and of the goods that it needs.
func both(*bench) orders.Draft {
	d := service()
	tea := goods().Lines[0]
	tea.ID = "L2"
	d.Lines = append(d.Lines, tea)
	d.Delivery = goods().Delivery
	return d
}

func TestAServiceIsPerformedSignedOffAndClosed(t *testing.T) {
	b := setup(t)
	b.create(service(), slot(1))
	var early *answer
	b.when("the appointment", ready, func() {
		require.Len(t, b.lastSeen.Appointments, 1)
		early = b.update("ship", &orders.Ship{Carrier: "SF"})
		b.update("perform", &orders.Perform{AppointmentID: "A1"})
	})
	b.when("the visit to be done", in(orders.SigningOff), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	early.refused(orders.CodeNothingToShip)
	require.Equal(t, orders.Closed, b.stored().Stage)
	require.Equal(t, yuan(20000), b.stored().Payments[0].Captured)
	require.Empty(t, b.book("carrier"))
}

func TestGoodsWithAnInstallationAreSignedOffByTheCustomerAlone(t *testing.T) {
	b := setup(t)
	b.create(both(b), slot(1))
	b.ships()
	b.handsOver()
	b.arrives()
	b.when("the parcel to arrive", func(o orders.Order) bool { return o.Shipments[0].Status == orders.Delivered }, func() {
		require.Equal(t, orders.Fulfilling, b.lastSeen.Stage)
		b.update("perform", &orders.Perform{AppointmentID: "A1"})
	})
	b.when("both to be done", func(o orders.Order) bool { return o.Stage == orders.SigningOff && quiet(o) }, func() {
		require.Equal(t, yuan(59600), b.lastSeen.Payments[0].Captured, "each earns its share")
		b.update("sign-off", &orders.SignOff{})
	})
	b.run()
	require.Equal(t, []string{"authorised", "captured", "captured"}, b.entries("payments"))
	require.Equal(t, orders.Closed, b.stored().Stage)
}

// reschedule claims another time and moves the appointment to it, as the API does.
func (b *bench) reschedule(to orders.SlotRequest) {
	var claimed orders.Slot
	id := uuid.NewString()
	_, _, err := b.db.AcceptCommand(context.Background(), orders.NewCommand{
		ID: id, Key: id, Route: "POST /reschedule", Name: "reschedule", Order: b.order.Number, Actor: clerk,
		Owner: "test", Lease: time.Minute, Slots: []orders.SlotRequest{to},
		Build: func(d orders.Drawn) (orders.Built, error) {
			claimed = d.Slots[0]
			return orders.Built{Payload: []byte("{}")}, nil
		},
	})
	require.NoError(b, err)
	b.update("reschedule", &orders.Reschedule{Header: orders.Header{CommandID: id}, AppointmentID: "A1", Slot: claimed})
}

func TestReschedulingFreesTheOldTime(t *testing.T) {
	b := setup(t)
	b.create(service(), slot(1))
	first := ""
	b.when("the appointment", ready, func() {
		first = b.lastSeen.Appointments[0].Slot.ID
		b.reschedule(slot(1))
	})
	b.when("the old time to be free", func(o orders.Order) bool { return o.Appointments[0].Slot.ID != first && quiet(o) }, func() {
		b.update("perform", &orders.Perform{AppointmentID: "A1"})
	})
	b.when("the visit to be done", in(orders.SigningOff), func() { b.update("sign-off", &orders.SignOff{}) })
	b.run()
	require.Equal(t, 1, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NOT NULL`))
	require.Equal(t, 1, b.times("slots_freed"))
}

func TestASignalCannotClaimATechniciansTime(t *testing.T) {
	b := setup(t)
	b.create(service(), slot(1))
	b.when("the appointment", ready, func() {
		b.signal("reschedule", map[string]any{"appointment_id": "A1"})
		b.signal("reject", map[string]any{"reason_code": "service_unavailable"})
	})
	b.run()
	require.Equal(t, []string{"reject operator operator f accepted", "reschedule operator operator f refused forbidden"}, sorted(b.audits()))
	require.Zero(t, b.count(`SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`))
}
