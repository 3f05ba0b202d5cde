package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"amends/orders"
	"amends/workflows"
)

// view is an order as the API shows it.
type view struct {
	Number   string
	Stage    string
	Version  int64
	Flags    []string
	Survivor string
	Total    amount
	Lines    []struct {
		ID, SKU, Kind                                            string
		Quantity, Reserved, Shipped, Delivered, Returned, Voided int64
	}
	Payments []struct {
		ID, Status, Reference      string
		Amount, Captured, Refunded amount
	}
	Captures []struct {
		ID, For string
		Amount  amount
		Done    bool
	}
	Shipments []struct {
		ID, Status, Booking, Label string
		TrackingNumber             string `json:"tracking_number"`
	}
	Appointments []struct {
		ID, Status, Technician string
		From, To               time.Time
	}
	Findings  []struct{ Code, Detail string }
	Attention []struct{ Task, Reason, Role string }
	Incidents []struct{ Code string }
	Deadlines []struct {
		Kind   string
		DueAt  time.Time `json:"due_at"`
		Paused bool
	}
	Overdue []string
	Voids   []struct {
		ID     string `json:"void_id"`
		Status string
	}
}

type amount struct{ Amount, Currency string }

func yuan(decimal string) amount { return amount{decimal, "CNY"} }

// has tells whether the order has a flag.
func (v view) has(flag string) bool { return slices.Contains(v.Flags, flag) }

// found lists the codes of the findings.
func (v view) found() []string {
	var codes []string
	for _, f := range v.Findings {
		codes = append(codes, f.Code)
	}
	return codes
}

// parked returns why a task waits for people, "" where it does not.
func (v view) parked(task string) string {
	for _, a := range v.Attention {
		if a.Task == task {
			return a.Reason
		}
	}
	return ""
}

func (v view) due(kind string) time.Time {
	for _, d := range v.Deadlines {
		if d.Kind == kind {
			return d.DueAt
		}
	}
	return time.Time{}
}

// form is an order as a clerk types it.
type form object

// line is a line of a form.
func line(sku string, quantity int, price string) object {
	return object{"sku": sku, "quantity": quantity, "unit_price": price}
}

// phone returns a mobile number that no other customer has.
func phone() string { return fmt.Sprintf("139%08d", unique()) }

// typed is a complete prepaid order of a new customer. Its after-sales window is zero, so that it closes at once.
func typed(lines ...object) form {
	return form{
		"customer": object{"name": "韩梅梅", "phone": phone()},
		"ship_to": object{"address": object{
			"province": "广东省", "city": "深圳市", "district": "南山区", "street": "粤海街道", "detail": "科技园路 1 号",
		}},
		"currency": "CNY",
		"lines":    lines,
		"delivery": object{"method": "express", "fee": "12.00"},
		"terms":    object{"payment": "prepaid", "after_sales_days": 0},
	}
}

// visit is a line with an appointment that collides with no other scenario's.
func visit(sku, price string) object {
	l := line(sku, 1, price)
	from := time.Now().Truncate(time.Hour).Add(24*time.Hour + time.Duration(unique())*3*time.Hour)
	l["appointment"] = object{"from": from, "to": from.Add(2 * time.Hour)}
	return l
}

// order is an order that a scenario follows.
type order struct {
	testing.TB
	number string
}

// place orders something and requires that it is taken in.
func place(t testing.TB, f form) *order {
	t.Helper()
	a := send(t, request{role: "clerk", path: "/orders", body: f}).want(http.StatusCreated)
	return follow(t, into[view](a).Number)
}

func follow(t testing.TB, number string) *order {
	t.Helper()
	require.Regexp(t, `^DD[0-9]{8}-[0-9]{6,}$`, number)
	o := &order{t, number}
	record(o)
	return o
}

func (o *order) get(path string) answer {
	o.Helper()
	return send(o, request{role: "clerk", method: http.MethodGet, path: "/orders/" + o.number + path})
}

func (o *order) view() view {
	o.Helper()
	return into[view](o.get("").want(http.StatusOK))
}

// await polls the order until the condition holds.
func (o *order) await(what string, holds func(view) bool) view {
	o.Helper()
	var v view
	eventually(o, o.number+" "+what, func() (any, bool) {
		a, err := try(o, request{role: "clerk", method: http.MethodGet, path: "/orders/" + o.number})
		if err != nil || a.status != http.StatusOK {
			return fmt.Sprint(a, err), false
		}
		v = into[view](a)
		return a, holds(v)
	})
	return v
}

func (o *order) reaches(stage string) view {
	o.Helper()
	return o.await("being "+stage, func(v view) bool { return v.Stage == stage })
}

// awaitParked waits until a task waits for people, for a reason.
func (o *order) awaitParked(task, reason string) view {
	o.Helper()
	v := o.await("parked at "+task, func(v view) bool { return v.parked(task) == reason })
	require.True(o, v.has("needs_attention"))
	return v
}

// awaitReady waits until the money is authorised and all goods are held.
func (o *order) awaitReady() view {
	o.Helper()
	return o.await("ready to be packed", func(v view) bool {
		for _, l := range v.Lines {
			if l.Kind == orders.Goods && l.Reserved+l.Shipped < l.Quantity {
				return false
			}
		}
		return v.Stage == "fulfilling" && len(v.Payments) == 1 &&
			slices.Contains([]string{"authorised", "partially_captured", "captured"}, v.Payments[0].Status)
	})
}

// tell gives a command with the present version and returns its final answer: where it is queued behind an earlier one,
// such as a carrier's event, it is asked again with the same key.
func (o *order) tell(role, path string, body object) answer {
	o.Helper()
	return o.settle(o.telling(role, path, body))
}

func (o *order) settle(r request) answer {
	o.Helper()
	if r.key == "" {
		r.key = newKey()
	}
	var a answer
	eventually(o, "the answer to "+r.path, func() (any, bool) {
		var err error
		a, err = try(o, r)
		return fmt.Sprint(a, err), err == nil && !a.pending()
	})
	return a
}

func (o *order) telling(role, path string, body object) request {
	o.Helper()
	filled := object{"expected_version": o.view().Version}
	for field, value := range body {
		filled[field] = value
	}
	return request{role: role, path: "/orders/" + o.number + "/" + path, body: filled}
}

// pack has a parcel packed, everything that is reserved where no lines are given, and waits for its label.
func (o *order) pack(lines ...object) (shipment, label string) {
	o.Helper()
	body := object{"carrier": "SF"}
	if len(lines) > 0 {
		body["lines"] = lines
	}
	a := o.tell("warehouse", "shipments", body).want(http.StatusCreated)
	shipment = into[struct {
		ShipmentID string `json:"shipment_id"`
	}](a).ShipmentID
	require.NotEmpty(o, shipment)
	o.await("with a label for "+shipment, func(v view) bool {
		for _, s := range v.Shipments {
			if s.ID == shipment && s.Booking == "booked" {
				label = s.Label
			}
		}
		return label != ""
	})
	return shipment, label
}

func (o *order) handOver(shipment, tracking string) answer {
	o.Helper()
	return o.tell("warehouse", "shipments/"+shipment+"/hand-over", object{
		"tracking_number": tracking, "handed_over_at": time.Now(),
	})
}

// reported has the carrier move a parcel and tell the product.
func (o *order) reported(tracking, status string, more object) {
	o.Helper()
	event := object{"status": status, "event_id": newKey(), "occurred_at": time.Now()}
	for field, value := range more {
		event[field] = value
	}
	eventually(o, "the carrier to hear of "+tracking, func() (any, bool) {
		a := outside(o, http.MethodPost, running.SandboxURL()+"/carrier/"+tracking+"/events", event)
		return a, a.status == http.StatusOK
	})
}

// sendAll packs, hands over and delivers with proof everything there is.
func (o *order) sendAll() {
	o.Helper()
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.reported(label, "delivered", object{"proof": "signature"})
}

func (o *order) signOff() answer {
	o.Helper()
	return o.tell("clerk", "sign-off", object{"by": "韩梅梅", "at": time.Now()})
}

// closes waits for the end of a life, and requires that everything about it agrees.
func (o *order) closes() view {
	o.Helper()
	return o.ends("closed")
}

func (o *order) ends(stage string) view {
	o.Helper()
	o.reaches(stage)
	eventually(o, "the end of the workflow of "+o.number, func() (any, bool) {
		status := o.workflowStatus()
		return status, status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	o.timeline()
	o.agrees()
	return o.view()
}

func (o *order) workflowStatus() enums.WorkflowExecutionStatus {
	o.Helper()
	described, err := running.temporal.DescribeWorkflowExecution(context.Background(), workflows.WorkflowID(o.number), "")
	if err != nil {
		return enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	return described.GetWorkflowExecutionInfo().GetStatus()
}

type happening struct {
	Seq           int64
	Kind          string
	Before, After string
	At            time.Time
	Actor         struct {
		ID, Role string
		Verified bool
	}
}

// timeline reads the whole timeline, oldest first, and requires that it has no gap and that its stages follow on one
// another.
func (o *order) timeline() []happening {
	o.Helper()
	var all []happening
	for before := int64(0); ; {
		path := "/timeline?limit=20"
		if before > 0 {
			path += fmt.Sprintf("&before=%d", before)
		}
		page := into[struct {
			Items      []happening
			NextBefore int64 `json:"next_before"`
		}](o.get(path).want(http.StatusOK))
		all = append(all, page.Items...)
		if before = page.NextBefore; before == 0 {
			break
		}
	}
	slices.Reverse(all)
	for i, h := range all {
		require.EqualValues(o, i+1, h.Seq, "a gap in the timeline of %s", o.number)
		if i > 0 {
			require.Equal(o, all[i-1].After, h.Before, "event %d of %s", h.Seq, o.number)
		}
	}
	return all
}

// kinds lists the kinds of event of the timeline.
func (o *order) kinds() []string {
	o.Helper()
	var kinds []string
	for _, h := range o.timeline() {
		kinds = append(kinds, h.Kind)
	}
	return kinds
}

// times counts how often something happened.
func (o *order) times(kind string) int {
	o.Helper()
	n := 0
	for _, k := range o.kinds() {
		if k == kind {
			n++
		}
	}
	return n
}

// agrees requires that Postgres tells what the workflow's history does. An order at work may just have changed.
func (o *order) agrees() {
	o.Helper()
	eventually(o, "Postgres and the workflow to agree about "+o.number, func() (any, bool) {
		difference, err := running.compare(context.Background(), o.number)
		return fmt.Sprint(difference, err), err == nil && difference == ""
	})
}
