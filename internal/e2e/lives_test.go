package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/money"
)

func TestPrepaidGoodsLiveFromOrderToClosing(t *testing.T) {
	t.Parallel()
	onHand, _ := level(t, "TEA-002")
	o := place(t, typed(line("TEA-002", 3, "98.00")))
	v := o.awaitReady()
	require.Equal(t, yuan("306.00"), v.Total)
	require.Equal(t, []string{"authorised 306.00"}, paid(t, o.number))
	_, reserved := level(t, "TEA-002")
	require.EqualValues(t, 3, reserved)
	o.sendAll()
	v = o.closes()
	require.Equal(t, yuan("306.00"), v.Payments[0].Captured)
	require.Equal(t, yuan("0.00"), v.Payments[0].Refunded)
	require.Equal(t, []string{"authorised 306.00", "captured 306.00"}, paid(t, o.number))
	left, reserved := level(t, "TEA-002")
	require.Equal(t, onHand-3, left)
	require.Zero(t, reserved)
	require.Empty(t, v.Flags)
	require.Equal(t, 1, o.times("approved"))
	require.EqualValues(t, 306_00, scalar[int64](t, `
		SELECT -sum(minor)::bigint
		FROM ledger_entries e
		JOIN ledger_transactions t ON t.key = e.transaction_key
		WHERE t.order_number = $1 AND account = 'revenue'`, o.number))
}

func TestAServiceIsPerformedAndSignedOffByStaff(t *testing.T) {
	t.Parallel()
	f := typed(visit("SVC-INSTALL", "200.00"))
	f["delivery"] = object{}
	o := place(t, f)
	v := o.awaitReady()
	require.Len(t, v.Appointments, 1)
	require.NotEmpty(t, v.Appointments[0].Technician)
	o.tell("clerk", "sign-off", object{"by": "韩梅梅", "at": time.Now()}).refused(http.StatusConflict, "wrong_stage")
	o.tell("clerk", "appointments/A1/perform", object{"performed_at": time.Now()}).want(http.StatusOK)
	o.reaches("signing_off")
	o.signOff().want(http.StatusOK)
	v = o.closes()
	require.Equal(t, "performed", v.Appointments[0].Status)
	require.Equal(t, yuan("200.00"), v.Payments[0].Captured)
	require.Equal(t, []string{"authorised 200.00", "captured 200.00"}, paid(t, o.number))
}

func TestAnAppointmentMovesToAnotherTimeAndFreesTheFirst(t *testing.T) {
	t.Parallel()
	f := typed(visit("SVC-CLEAN", "150.00"))
	o := place(t, f)
	first := o.awaitReady().Appointments[0]
	later := first.From.AddDate(0, 1, 0)
	o.tell("clerk", "appointments/A1/reschedule", object{"from": later, "to": later.Add(time.Hour)}).want(http.StatusOK)
	v := o.view()
	require.True(t, later.Equal(v.Appointments[0].From))
	eventually(t, "the first time to be free again", func() (any, bool) {
		taken := scalar[int](t, `SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`, o.number)
		return taken, taken == 1
	})
	o.tell("clerk", "appointments/A1/perform", object{"performed_at": time.Now()}).want(http.StatusOK)
	o.reaches("signing_off")
	o.signOff().want(http.StatusOK)
	o.closes()
}

func TestGoodsWithInstallationWaitForBoth(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("LMP-001", 2, "329.00"), visit("SVC-INSTALL", "200.00")))
	require.Equal(t, yuan("870.00"), o.awaitReady().Total)
	o.sendAll()
	require.Equal(t, "fulfilling", o.await("delivered", func(v view) bool { return v.Lines[0].Delivered == 2 }).Stage)
	o.tell("clerk", "appointments/A1/perform", object{"performed_at": time.Now()}).want(http.StatusOK)
	o.reaches("signing_off") // a service is accepted by the customer alone, whatever the carrier has proved
	o.signOff().want(http.StatusOK)
	v := o.closes()
	require.Equal(t, yuan("870.00"), v.Payments[0].Captured)
	require.Equal(t, []string{"authorised 870.00", "captured 670.00", "captured 200.00"}, paid(t, o.number))
}

func TestPartialShipmentsOfOddAmountsAddUp(t *testing.T) {
	t.Parallel()
	onHand, _ := level(t, "CUP-001")
	cups := line("CUP-001", 7, "85.71")
	cups["discount"] = "0.05"
	f := typed(cups, line("SET-001", 1, "219.00"))
	f["delivery"] = object{"method": "express", "fee": "7.77"}
	o := place(t, f)
	total := "826.69" // 7 × 85.71 − 0.05 + 219.00 + 7.77
	require.Equal(t, yuan(total), o.awaitReady().Total)
	for _, lines := range [][]object{
		{{"line_id": "L1", "quantity": 3}},
		{{"line_id": "L1", "quantity": 1}, {"line_id": "L2", "quantity": 1}},
		{{"line_id": "L1", "quantity": 3}},
	} {
		shipment, label := o.pack(lines...)
		o.handOver(shipment, label).want(http.StatusOK)
		o.reported(label, "delivered", object{"proof": true})
	}
	o.tell("warehouse", "shipments", object{"carrier": "SF"}).want(http.StatusConflict)
	v := o.closes()
	require.Len(t, v.Captures, 3)
	sum := money.New(0, "CNY")
	for _, c := range v.Captures {
		part, err := money.Parse(c.Amount.Amount, "CNY")
		require.NoError(t, err)
		sum = sum.Add(part)
	}
	require.Equal(t, total, sum.Decimal())
	require.Equal(t, yuan(total), v.Payments[0].Captured)
	require.Len(t, paid(t, o.number), 4)
	left, reserved := level(t, "CUP-001")
	require.Equal(t, onHand-7, left)
	require.Zero(t, reserved)
}

func TestMoneyCapturedAtOnceIsNotCapturedAgain(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	misbehave(t, "payments", "authorise", "immediate", o.number, 1)
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	v := o.awaitReady()
	require.Equal(t, v.Total, v.Payments[0].Captured)
	o.sendAll()
	v = o.closes()
	require.Equal(t, v.Total, v.Payments[0].Captured)
	require.Equal(t, []string{"captured " + v.Total.Amount}, paid(t, o.number))
}
