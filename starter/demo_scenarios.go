package main

import (
	"context"
	"errors"
	"slices"

	"amends/internal/client"
)

var (
	needsAttention = []string{"needs_attention"}
	onHold         = []string{"on_hold"}
)

// demoScenarios says which lives there are and how many of each.
var demoScenarios = []struct {
	times    int
	scenario demoScenario
}{
	{4, demoScenario{zh: "商品 自动通过", en: "goods, passed by rule", stage: "closed", lives: (*demoLife).goodsByRule}},
	{1, demoScenario{zh: "上门安装", en: "service: installation", stage: "closed", lives: visit("SVC-INSTALL", "200.00")}},
	{1, demoScenario{zh: "上门清洗", en: "service: cleaning", stage: "closed", lives: visit("SVC-CLEAN", "150.00")}},
	{1, demoScenario{zh: "上门维修", en: "service: repair", stage: "closed", lives: visit("SVC-REPAIR", "180.00")}},
	{3, demoScenario{zh: "商品加安装", en: "goods and service", stage: "closed", lives: (*demoLife).mixed}},
	{2, demoScenario{zh: "部分发货", en: "two partial shipments", stage: "closed", lives: (*demoLife).partialShipments}},
	{2, demoScenario{zh: "价格偏差 审核通过", en: "price deviation, approved", stage: "closed", lives: (*demoLife).approvedInReview}},
	{2, demoScenario{zh: "驳回修改 再提交", en: "sent back, resubmitted", stage: "signing_off", lives: (*demoLife).sentBack}},
	{2, demoScenario{zh: "重复订单 剔除", en: "duplicate, rejected", stage: "rejected", lives: (*demoLife).duplicate, first: &demoOriginal}},
	{1, demoScenario{zh: "待审核", en: "left in review", stage: "in_review", lives: (*demoLife).leftInReview}},
	{1, demoScenario{zh: "挂起", en: "on hold", stage: "fulfilling", flags: onHold, lives: (*demoLife).heldUp}},
	{1, demoScenario{zh: "付款被拒", en: "payment declined", stage: "fulfilling", flags: needsAttention, lives: (*demoLife).declined}},
	{1, demoScenario{zh: "付款被拒 重试成功", en: "declined, then retried", stage: "closed", lives: (*demoLife).declinedRetried}},
	{1, demoScenario{zh: "缺货待发", en: "short of stock", stage: "fulfilling", flags: needsAttention, lives: (*demoLife).shortStock}},
	{1, demoScenario{zh: "拒收", en: "refused at the door", stage: "signing_off", flags: needsAttention, lives: (*demoLife).refused}},
	{2, demoScenario{zh: "员工签收 售后期", en: "signed off by staff", stage: "after_sales", lives: (*demoLife).signedByStaff}},
	{1, demoScenario{zh: "迟到的物流消息", en: "late carrier events", stage: "after_sales", lives: (*demoLife).lateEvents}},
	{1, demoScenario{zh: "英文客户", en: "English customer", stage: "closed", lives: (*demoLife).inEnglish}},
}

var demoOriginal = demoScenario{zh: "首单 待发货", en: "the order it repeats", stage: "fulfilling", lives: (*demoLife).toBeShipped}

func demoLives() (lives []demoScenario) {
	for _, s := range demoScenarios {
		lives = append(lives, slices.Repeat([]demoScenario{s.scenario}, s.times)...)
	}
	return append(lives, demoVoids...)
}

func tea() body { return goods("TEA-001", 3, "128.00") }

func (l *demoLife) goodsByRule() error {
	return inTurn(
		func() error { return l.place(0, tea()) },
		func() error { return l.deliver() },
	)
}

func visit(sku, price string) func(*demoLife) error {
	return func(l *demoLife) error {
		return inTurn(
			func() error { return l.place(0, service(sku, price)) },
			func() error { return l.perform() },
			func() error { return l.signOff() },
		)
	}
}

func (l *demoLife) mixed() error {
	return inTurn(
		func() error { return l.place(0, goods("FLT-001", 1, "1699.00"), service("SVC-INSTALL", "200.00")) },
		func() error { return l.deliver() },
		func() error { return l.perform() },
		func() error { return l.signOff() },
	)
}

func (l *demoLife) partialShipments() error {
	return inTurn(
		func() error { return l.place(0, goods("CUP-001", 5, "86.00"), goods("POT-001", 1, "560.00")) },
		func() error { return l.deliver(body{"line_id": "L1", "quantity": 2}) },
		func() error {
			return l.deliver(body{"line_id": "L1", "quantity": 3}, body{"line_id": "L2", "quantity": 1})
		},
	)
}

// cheap is a price that a rule stops and a person may let pass.
func cheap() body { return goods("TEA-002", 4, "78.40") }

func (l *demoLife) reviewed(line body) error {
	return inTurn(
		func() error { return l.place(0, line) },
		func() error { return l.stage("in_review") },
	)
}

func (l *demoLife) approve() error {
	return inTurn(
		func() error { return l.then("reviewer", "approve", body{"note": "同意"}) },
		func() error { return l.stage("fulfilling") },
	)
}

func (l *demoLife) approvedInReview() error {
	return inTurn(
		func() error { return l.reviewed(cheap()) },
		func() error { return l.found("price_deviation") },
		l.approve,
		func() error { return l.deliver() },
	)
}

func (l *demoLife) sentBack() error {
	return inTurn(
		func() error { return l.reviewed(goods("TEA-003", 2, "68.00")) },
		func() error { return l.then("reviewer", "send-back", body{"reason": "单价与价目表不符"}) },
		func() error { return l.stage("sent_back") },
		func() error {
			return l.then("clerk", "resubmit", body{"order": l.form(7, goods("TEA-003", 2, "268.00"))})
		},
		func() error { return l.stage("fulfilling") },
		func() error { _, err := l.handOver(); return err },
	)
}

func (l *demoLife) toBeShipped() error {
	return inTurn(
		func() error { return l.place(7, goods("SET-001", 1, "219.00")) },
		func() error { return l.shippable() },
	)
}

func (l *demoLife) duplicate() error {
	return inTurn(
		func() error { return l.place(7, goods("SET-001", 1, "219.00")) },
		func() error { return l.stage("in_review") },
		func() error { return l.found("hard_duplicate") },
		func() error {
			return l.then("reviewer", "reject", body{"reason_code": "duplicate", "note": "客户重复下单"})
		},
		func() error {
			return l.await("survivor "+l.survivor, func(o *client.Order) bool { return o.Survivor == l.survivor })
		},
	)
}

func (l *demoLife) leftInReview() error {
	return inTurn(
		func() error { return l.reviewed(goods("LMP-001", 1, "229.00")) },
		func() error { return l.found("price_deviation") },
	)
}

func (l *demoLife) heldUp() error {
	return inTurn(
		l.toBeShipped,
		func() error { return l.then("clerk", "hold", body{"reason": "客户要求月底再发"}) },
	)
}

// declined goes through review, for the order must be known before the provider is told to decline its payment.
func (l *demoLife) declined() (err error) {
	defer func() {
		if l.number == "" { // without an order all behaviours would go
			return
		}
		err = errors.Join(err, l.client.Control(context.WithoutCancel(l.ctx), "/behaviour?order="+l.number, nil))
	}()
	return inTurn(
		func() error { return l.reviewed(cheap()) },
		func() error {
			return l.client.Control(l.ctx, "/behaviour", body{
				"provider": "payments", "call": "authorise", "mode": "decline", "order": l.number,
			})
		},
		l.approve,
		func() error { return l.parked("declined") },
	)
}

func (l *demoLife) declinedRetried() error {
	return inTurn(
		l.declined,
		func() error { return l.then("clerk", "retry", nil) },
		func() error { return l.deliver() },
	)
}

// shortStock orders one table more than there are.
func (l *demoLife) shortStock() error {
	var stock struct {
		Items []struct {
			Free int64 `json:"free"`
		} `json:"items"`
	}
	if err := l.client.Get(l.ctx, "clerk", "/stock?sku=TBL-001", &stock); err != nil {
		return err
	}
	wanted := int64(1)
	for _, level := range stock.Items {
		wanted += level.Free
	}
	return inTurn(
		func() error { return l.reviewed(goods("TBL-001", wanted, "2980.00")) },
		func() error { return l.found("short_stock") },
		l.approve,
		func() error { return l.parked("short_stock") },
	)
}

func (l *demoLife) refused() error {
	tracking := ""
	return inTurn(
		func() error { return l.place(7, goods("KTL-001", 1, "399.00")) },
		func() (err error) { tracking, err = l.handOver(); return err },
		func() error { return l.event(tracking, "refused", false) },
		func() error { return l.parked("refused_at_door") },
	)
}

func (l *demoLife) signedByStaff() error {
	tracking := ""
	return inTurn(
		func() error { return l.place(7, goods("TEA-004", 2, "188.00")) },
		func() (err error) { tracking, err = l.handOver(); return err },
		func() error { return l.event(tracking, "delivered", false) },
		func() error {
			return l.await("delivered", func(o *client.Order) bool { return o.Shipment("S1").Status == "delivered" })
		},
		l.signOff,
	)
}

func (l *demoLife) lateEvents() error {
	tracking := ""
	return inTurn(
		func() error { return l.place(7, goods("CUP-001", 1, "86.00")) },
		func() (err error) { tracking, err = l.handOver(); return err },
		func() error { return l.event(tracking, "delivered", true) },
		func() error { return l.stage("after_sales") },
		func() error { return l.event(tracking, "in_transit", false) },
		func() error { return l.found("carrier_event_late") },
	)
}

// inEnglish also reads what the SMS gateway has sent.
func (l *demoLife) inEnglish() error {
	l.locale = "en"
	return inTurn(
		func() error { return l.place(0, tea()) },
		func() error { return l.told("We have received your order " + l.number) },
		func() error { return l.deliver() },
	)
}
