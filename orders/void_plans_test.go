package orders_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// planned is what a plan's steps are, without who is told.
func planned(p orders.Plan) []string {
	steps := []string{}
	for _, s := range p.Steps {
		switch s.Kind {
		case orders.StepTell, orders.StepTellDepts, orders.StepTellMoney:
			continue
		}
		entry := s.Kind
		if s.Subject != "" {
			entry += " " + s.Subject
		}
		if s.Amount != nil {
			entry += " " + s.Amount.Decimal()
		}
		steps = append(steps, entry)
	}
	return steps
}

// reserved is an order of two teas and a service that is paid for and held in the house.
func reserved(t *testing.T, atOnce bool) *house {
	t.Helper()
	d := draft(tea("L1", 2), install("L2"))
	d.Invoice.Kind = "special"
	h := place(t, d)
	h.outcome.AtOnce = atOnce
	h.work()
	return h
}

// track is a row of the table of tracks: what a void of some lines does after something has happened.
type track struct {
	atOnce bool
	lines  []orders.ShipLine
	to     func(h *house)
	want   []string
	total  string
}

// Every row of the table of tracks: what a void does follows the facts of each line.
func TestAVoidIsPlannedByTheFactsOfEachLine(t *testing.T) {
	t.Parallel()
	left := func(h *house) { h.ship("SF-1") }
	arePlanned(t, map[string]track{
		"reserved, service scheduled, authorised": {
			want:  []string{"release_stock", "free_appointment L2", "release_payment P1 468.00", "cancel_invoice"},
			total: "0.00",
		},
		"captured at once": {
			atOnce: true,
			want:   []string{"release_stock", "free_appointment L2", "refund P1 468.00", "cancel_invoice"},
			total:  "0.00",
		},
		"one of two, authorised": {
			lines: []orders.ShipLine{units("L1", 1)}, want: []string{"release_stock"}, total: "340.00",
		},
		"one of two, captured at once": {
			atOnce: true, lines: []orders.ShipLine{units("L1", 1)}, want: []string{"release_stock", "refund P1 128.00"}, total: "340.00",
		},
		"the goods without the service": {
			atOnce: true, lines: []orders.ShipLine{units("L1", 2)}, want: []string{"release_stock", "refund P1 268.00"}, total: "200.00",
		},
		"the service without the goods": {
			atOnce: true, lines: []orders.ShipLine{units("L2", 1)}, want: []string{"free_appointment L2", "refund P1 200.00"}, total: "268.00",
		},
		"service performed": {
			to: func(h *house) { h.do(&orders.Perform{AppointmentID: "A1"}); h.work() }, total: "200.00",
			want: []string{"release_stock", "refund P1 12.00"},
		},
		"partly captured": {
			lines: []orders.ShipLine{units("L1", 2), units("L2", 1)}, total: "0.00",
			to: func(h *house) { h.ship("SF-1", units("L1", 1)); h.work() },
			want: []string{
				"release_stock", "intercept S1", "receive_return S1", "inspect_return S1", "restock S1", "free_appointment L2",
				"release_payment P1 328.00", "refund P1 140.00", "cancel_invoice",
			},
		},
		"an invoice that was issued electronically": {
			atOnce: true, lines: []orders.ShipLine{units("L2", 1)}, to: func(h *house) { h.do(&orders.IssueInvoice{Number: "FP-1"}) },
			want: []string{"free_appointment L2", "refund P1 200.00", "credit_note FP-1 200.00"}, total: "268.00",
		},
		"an invoice on paper": {
			atOnce: true, lines: []orders.ShipLine{units("L2", 1)}, total: "268.00",
			to:   func(h *house) { h.do(&orders.IssueInvoice{Number: "FP-1", Paper: true}) },
			want: []string{"free_appointment L2", "refund P1 200.00", "paper_invoice FP-1 200.00"},
		},
		"after sales, with revenue": {
			lines: []orders.ShipLine{units("L1", 1)}, total: "340.00",
			to: func(h *house) {
				left(h)
				h.do(&orders.Perform{AppointmentID: "A1"})
				h.do(&orders.SignOff{})
				h.work()
			},
			want: []string{
				"approve_return S1", "receive_return S1", "inspect_return S1", "restock S1", "refund P1 128.00",
				"reverse_revenue 128.00",
			},
		},
	})
}

func TestAVoidIsPlannedByWhereItsParcelsAre(t *testing.T) {
	t.Parallel()
	left := func(h *house) { h.ship("SF-1") }
	arePlanned(t, map[string]track{
		"packed": {
			lines: []orders.ShipLine{units("L1", 2)}, to: func(h *house) { h.do(&orders.Ship{Carrier: "SF"}) },
			want: []string{"release_stock", "put_back S1", "cancel_label S1"}, total: "200.00",
		},
		"on its way": {
			lines: []orders.ShipLine{units("L1", 2)}, to: left, total: "200.00",
			want: []string{"intercept S1", "receive_return S1", "inspect_return S1", "restock S1", "refund P1 268.00"},
		},
		"a part of what is on its way": {
			lines: []orders.ShipLine{units("L1", 1)}, to: left, total: "340.00",
			want: []string{"approve_return S1", "receive_return S1", "inspect_return S1", "restock S1", "refund P1 128.00"},
		},
		"delivered": {
			lines: []orders.ShipLine{units("L1", 2)}, to: func(h *house) { left(h); h.do(report("SF-1", "delivered")) }, total: "200.00",
			want: []string{"approve_return S1", "receive_return S1", "inspect_return S1", "restock S1", "refund P1 268.00"},
		},
		"refused at the door": {
			lines: []orders.ShipLine{units("L1", 2)}, to: func(h *house) { left(h); h.do(report("SF-1", "refused")) }, total: "200.00",
			want: []string{"receive_return S1", "inspect_return S1", "restock S1", "refund P1 268.00"},
		},
		"lost": {
			lines: []orders.ShipLine{units("L1", 2)}, to: func(h *house) { left(h); h.do(report("SF-1", "lost")) }, total: "200.00",
			want: []string{"refund P1 268.00"},
		},
	})
}

func arePlanned(t *testing.T, tracks map[string]track) {
	t.Helper()
	for name, test := range tracks {
		h := reserved(t, test.atOnce)
		if test.to != nil {
			test.to(h)
		}
		plan := h.plan(wish(test.lines...))
		require.Equal(t, test.want, planned(plan), name)
		require.Equal(t, test.total, plan.Total.Decimal(), name)
		require.Equal(t, test.total == "0.00", plan.Whole, name)
		require.Zero(t, plan.Retained.Minor, name)
	}
}

func TestAVoidBeforeApprovalOnlyEndsWhatMayBeHeldAndFreesTheTechnician(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"created", "in_review", "sent_back"} {
		h := situation(t, where)
		plan := h.plan(wish())
		require.Equal(t, []string{"release_stock", "free_appointment L3", "cancel_invoice"}, planned(plan), where)
		require.Empty(t, plan.Approvals, "no money moves")
		require.Empty(t, plan.Money)
	}
}

func TestNothingIsHeldForAnOrderThatIsNotApproved(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"created", "in_review", "sent_back"} {
		h := situation(t, where)
		require.Empty(t, h.order.Wanted(""), where)
		h.void(units("L1", 1))
		require.Empty(t, h.order.Wanted(""), "giving back a part takes nothing for the rest: %s", where)
		h.done(h.stepTask(orders.StepRelease))
		require.Empty(t, h.order.Reservations, where)
	}
}

func TestAVoidWhileThePaymentIsBeingAuthorisedReleasesItOrRefundsWhatMayBeTaken(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 2)))
	h.done(orders.TaskCheck)
	require.Equal(t, []string{"release_stock", "release_payment P1 268.00"}, planned(h.plan(wish())))
	require.Equal(t, []string{"release_stock", "refund P1 128.00"}, planned(h.plan(wish(units("L1", 1)))))
}

func TestWhatTheSupplierWasAskedForIsCancelledWhenNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	h := place(t, draft(tea("L1", 4)))
	h.short = 2
	h.work()
	h.do(&orders.RequestPurchase{Header: as(manager), LineID: "L1"})
	h.work()
	require.Equal(t, []string{"release_stock", "cancel_purchase B1", "release_payment P1 524.00"}, planned(h.plan(wish())))
	require.Equal(t, []string{"release_stock"}, planned(h.plan(wish(units("L1", 1)))), "one is still short")
	plan := h.plan(wish(units("L1", 3)))
	require.Equal(t, []string{"release_stock", "cancel_purchase B1"}, planned(plan))
	require.Equal(t, []orders.StockEffect{{LineID: "L1", Withdraw: 2, Release: 1}}, plan.Stock, "what nobody holds yet goes first")
}

func TestUnitsAreTakenFromWhereTheyAreLeastInTheWay(t *testing.T) {
	t.Parallel()
	h := situation(t, "shipped") // of six L1: two on their way, one packed, two held, one short
	for quantity, want := range map[int64]orders.StockEffect{
		1: {LineID: "L1", Withdraw: 1},
		3: {LineID: "L1", Withdraw: 1, Release: 2},
		4: {LineID: "L1", Withdraw: 1, Release: 2, PutBack: 1},
		5: {LineID: "L1", Withdraw: 1, Release: 2, PutBack: 1, Return: 1},
		6: {LineID: "L1", Withdraw: 1, Release: 2, PutBack: 1, Return: 2},
	} {
		plan := h.plan(wish(units("L1", quantity)))
		require.Equal(t, []orders.StockEffect{want}, plan.Stock)
		require.Equal(t, []orders.Take{{LineID: "L1", Quantity: quantity, Shipped: want.Return}}, plan.Takes)
	}
}

func TestThePlanNamesWhoIsTold(t *testing.T) {
	t.Parallel()
	h := reserved(t, true)
	require.Equal(t, []string{"customer", "sales", "finance", "service"}, h.plan(wish()).Notices)
	quiet, w := false, wish()
	w.Notify = orders.Notify{Customer: &quiet, Departments: []string{"finance"}}
	require.Equal(t, []string{"finance"}, h.plan(w).Notices)
	for _, s := range h.plan(w).Steps {
		require.NotContains(t, []string{orders.StepTell, orders.StepTellMoney}, s.Kind)
	}
	last := h.plan(wish()).Steps
	require.Equal(t, orders.StepTellMoney, last[len(last)-1].Kind, "the customer hears of the money when it has moved")
	require.NotEmpty(t, last[len(last)-1].After)
}

func TestAWishThatCannotBeMetIsRefusedWithItsField(t *testing.T) {
	t.Parallel()
	h := reserved(t, true)
	h.do(&orders.Perform{AppointmentID: "A1"})
	for name, test := range map[string]struct {
		wish   orders.VoidWish
		field  string
		code   string
		params []string
	}{
		"no reason":      {orders.VoidWish{}, "reason_code", "unknown_value", nil},
		"unknown reason": {orders.VoidWish{ReasonCode: "because"}, "reason_code", "unknown_value", nil},
		"unknown line":   {wish(units("L9", 1)), "lines[0].line_id", "unknown_line", nil},
		"a line twice":   {wish(units("L1", 1), units("L1", 1)), "lines[1].line_id", "repeated", nil},
		"nothing":        {wish(units("L1", 0)), "lines[0].quantity", "out_of_range", []string{"1", "2"}},
		"too many":       {wish(units("L1", 3)), "lines[0].quantity", "out_of_range", []string{"1", "2"}},
		"far too many":   {wish(units("L1", 1<<62)), "lines[0].quantity", "out_of_range", []string{"1", "2"}},
		"what was done":  {wish(units("L2", 1)), "lines[0].line_id", "service_performed", nil},
		"a strange mode": {orders.VoidWish{ReasonCode: "duplicate", Refund: orders.RefundWish{Mode: "cash"}}, "refund.mode", "unknown_value", nil},
		"above the cap":  {back("268.01"), "refund.amount", "above_cap", []string{"268.00", "CNY"}},
		"negative":       {back("-1.00"), "refund.amount", "above_cap", []string{"268.00", "CNY"}},
		"no amount":      {back("much"), "refund.amount", "not_an_amount", nil},
		"too fine":       {back("1.001"), "refund.amount", "too_many_decimals", []string{"2"}},
		"no department":  {orders.VoidWish{ReasonCode: "duplicate", Notify: orders.Notify{Departments: []string{"press"}}}, "notify.departments[0]", "unknown_value", nil},
		"restock what":   {orders.VoidWish{ReasonCode: "duplicate", Restock: []orders.Restock{{LineID: "L2", Warehouse: "SZ"}}}, "restock[0].line_id", "unknown_line", nil},
		"no lines":       {orders.VoidWish{ReasonCode: "duplicate", Lines: []orders.ShipLine{}}, "lines", "no_lines", nil},
		"restock where":  {orders.VoidWish{ReasonCode: "duplicate", Restock: []orders.Restock{{LineID: "L1"}}}, "restock[0].warehouse", "required", nil},
	} {
		_, err := orders.PlanVoid(h.order, orders.VoidRequest{Actor: clerk, VoidWish: test.wish}, h.now)
		field := orders.AsProblem(err).Fields[0]
		require.Equal(t, test.field, field.Field, name)
		require.Equal(t, test.code, field.Code, name)
		if test.params != nil {
			require.Equal(t, test.params, field.Params, name)
		}
		require.Equal(t, test.field, h.refuse(&orders.Void{VoidWish: test.wish, PlanHash: "x"}).Fields[0].Field, name)
	}
	require.Equal(t, "268.00", h.plan(back("268.00")).Money[0].Refund.Decimal(), "the goods and the fee of their delivery")
	somewhere := orders.VoidWish{ReasonCode: "duplicate", Restock: []orders.Restock{{LineID: "L1", Warehouse: "SZ"}}}
	h.plan(somewhere)
	field := h.refuse(&orders.Void{Header: as(orders.OperatorActor), VoidWish: somewhere}).Fields[0]
	require.Equal(t, []string{"restock", "not_taken"}, []string{field.Field, field.Code}, "nobody has looked whether there is such a house")
}

func back(amount string) orders.VoidWish {
	return orders.VoidWish{ReasonCode: "customer_request", Refund: orders.RefundWish{Amount: amount}}
}

func TestThereIsNothingToVoidWhereAllThatIsLeftWasPerformed(t *testing.T) {
	t.Parallel()
	h := reserved(t, false)
	h.do(&orders.Perform{AppointmentID: "A1"})
	h.void(units("L1", 2))
	h.carryThrough()
	require.Equal(t, orders.CodeNothingToVoid, h.refuse(&orders.Void{VoidWish: wish(), PlanHash: "x"}).Code)
	_, err := orders.PlanVoid(h.order, orders.VoidRequest{Actor: clerk, VoidWish: wish()}, h.now)
	require.Equal(t, orders.CodeNothingToVoid, orders.AsProblem(err).Code)
}

func TestTheHashIsOfWhatAPersonAgreesTo(t *testing.T) {
	t.Parallel()
	confirm := func(h *house, c *orders.Void) orders.Problem {
		h.sign(c)
		if _, err := h.try(c); err != nil {
			return orders.AsProblem(err)
		}
		return orders.Problem{}
	}
	for name, test := range map[string]struct {
		change func(h *house, c *orders.Void)
		code   string
	}{
		"nothing":                  {func(*house, *orders.Void) {}, ""},
		"a minute later":           {func(h *house, _ *orders.Void) { h.now = h.now.Add(time.Minute) }, ""},
		"an order on hold":         {func(h *house, _ *orders.Void) { h.do(&orders.PutOnHold{}) }, ""},
		"a note beside it":         {func(_ *house, c *orders.Void) { c.NoteID = "note-9" }, ""},
		"another actor":            {func(_ *house, c *orders.Void) { c.Actor = manager }, orders.CodePlanStale},
		"another limit":            {func(_ *house, c *orders.Void) { c.Limit-- }, orders.CodePlanStale},
		"another reason":           {func(_ *house, c *orders.Void) { c.ReasonCode = "duplicate" }, orders.CodePlanStale},
		"other lines":              {func(_ *house, c *orders.Void) { c.Lines = []orders.ShipLine{units("L1", 1)} }, orders.CodePlanStale},
		"another refund":           {func(_ *house, c *orders.Void) { c.Refund.Amount = "1.00" }, orders.CodePlanStale},
		"a parcel packed":          {func(h *house, _ *orders.Void) { h.do(&orders.Ship{Carrier: "SF"}) }, orders.CodePlanStale},
		"a parcel gone":            {func(h *house, _ *orders.Void) { h.ship("SF-1") }, orders.CodePlanStale},
		"a hash of nothing":        {func(_ *house, c *orders.Void) { c.PlanHash = "0.0" }, orders.CodePlanStale},
		"a hash with a new expiry": {func(_ *house, c *orders.Void) { c.PlanHash = c.PlanHash[:64] + ".9999999999" }, orders.CodePlanStale},
		"a quarter of an hour":     {func(h *house, _ *orders.Void) { h.now = h.now.Add(15*time.Minute + time.Second) }, orders.CodePlanExpired},
	} {
		h := reserved(t, true)
		c := &orders.Void{Header: as(clerk), VoidWish: wish(), PlanHash: h.plan(wish()).Hash, Limit: enough}
		test.change(h, c)
		problem := confirm(h, c)
		require.Equal(t, test.code, problem.Code, name)
		if test.code == "" {
			continue
		}
		c.PlanHash, c.CommandID = problem.Plan.Hash, ""
		require.Empty(t, confirm(h, c).Code, "the refusal brings the fresh plan: %s", name)
	}
}

func TestAHashOfAnotherOrderIsNoYes(t *testing.T) {
	t.Parallel()
	h, other := reserved(t, true), situation(t, "packed")
	require.Equal(t, orders.CodePlanStale, h.refuse(&orders.Void{VoidWish: wish(), PlanHash: other.plan(wish()).Hash, Limit: enough}).Code)
}
