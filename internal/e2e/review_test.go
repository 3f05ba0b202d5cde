package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// inReview places an order of one box of tea whose price is too far from the list for it to pass by rule.
func inReview(t *testing.T) *order {
	t.Helper()
	o := place(t, typed(line("TEA-003", 1, "188.00")))
	require.Contains(t, o.reaches("in_review").found(), "price_deviation")
	return o
}

func TestAnOrderSentBackIsResubmittedWithANewBody(t *testing.T) {
	t.Parallel()
	f := typed(line("TEA-003", 1, "99.00"), visit("SVC-REPAIR", "180.00"))
	o := place(t, f)
	o.reaches("in_review")
	o.tell("reviewer", "send-back", object{"reason": "价格不对"}).want(http.StatusOK)
	o.reaches("sent_back")
	f["lines"] = []object{line("TEA-003", 2, "268.00"), line("TEA-004", 1, "188.00")}
	o.tell("clerk", "resubmit", object{"order": f}).want(http.StatusOK)
	v := o.awaitReady()
	require.Equal(t, yuan("736.00"), v.Total)
	require.Len(t, v.Lines, 2)
	require.Empty(t, v.Appointments)
	eventually(t, "the technician's time to be given back", func() (any, bool) {
		taken := scalar[int](t, `SELECT count(*) FROM slots WHERE order_number = $1 AND freed_at IS NULL`, o.number)
		return taken, taken == 0
	})
	o.sendAll()
	v = o.closes()
	require.EqualValues(t, 5, v.Version) // created, sent back, resubmitted, packed, handed over: what people did
	require.Equal(t, []string{"authorised 736.00", "captured 736.00"}, paid(t, o.number))
}

func TestAHardDuplicateIsRejectedAndNamesTheSurvivor(t *testing.T) {
	t.Parallel()
	f := typed(line("TEA-001", 1, "128.00"))
	f["customer_reference"] = "PO-" + newKey()
	first := place(t, f)
	first.awaitReady()
	f["lines"] = []object{line("TEA-001", 2, "128.00")}
	second := place(t, f)
	v := second.reaches("in_review")
	require.Equal(t, []string{"hard_duplicate"}, v.found())
	require.Equal(t, first.number, v.Findings[0].Detail)
	second.tell("reviewer", "reject", object{"reason_code": "duplicate", "note": "客户下了两次"}).want(http.StatusOK)
	require.Equal(t, first.number, second.ends("rejected").Survivor)
	require.Empty(t, paid(t, second.number))
	require.Zero(t, scalar[int](t, `SELECT count(*) FROM reservations WHERE order_number = $1`, second.number))
	first.sendAll()
	first.closes()
}

func TestRejectingGivesBackAuthorisationGoodsAndLabel(t *testing.T) {
	t.Parallel()
	onHand, _ := level(t, "POT-001")
	f := typed(line("POT-001", 2, "560.00"))
	o := place(t, f)
	o.awaitReady()
	o.pack()
	_, reserved := level(t, "POT-001")
	require.EqualValues(t, 2, reserved)
	f["lines"] = []object{line("TEA-001", 1, "128.00")}
	survivor := place(t, f)
	o.tell("manager", "reject", object{"reason_code": "duplicate", "survivor": survivor.number}).want(http.StatusOK)
	v := o.ends("rejected")
	require.Equal(t, survivor.number, v.Survivor)
	require.Equal(t, "released", v.Payments[0].Status)
	require.Equal(t, "cancelled", v.Shipments[0].Status)
	require.Equal(t, "cancelled", v.Shipments[0].Booking)
	require.Equal(t, []string{"authorised 1132.00", "released 1132.00"}, paid(t, o.number))
	labels := book(t, "carrier", o.number)
	require.Len(t, labels, 2)
	require.Equal(t, "cancelled", labels[1].Kind)
	left, reserved := level(t, "POT-001")
	require.Equal(t, onHand, left)
	require.Zero(t, reserved)
	survivor.awaitReady()
}

func TestRejectingRefundsMoneyCapturedAtOnceExactlyOnce(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	misbehave(t, "payments", "authorise", "immediate", o.number, 1)
	misbehave(t, "payments", "refund", "error_after", o.number, 1)
	o.tell("reviewer", "approve", nil).want(http.StatusOK)
	o.awaitReady()
	o.tell("manager", "reject", object{"reason_code": "customer_request"}).want(http.StatusOK)
	v := o.ends("rejected")
	require.Equal(t, v.Total, v.Payments[0].Refunded)
	require.Equal(t, []string{"captured 200.00", "refunded 200.00"}, paid(t, o.number))
}
