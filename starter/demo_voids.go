package main

import (
	"fmt"

	"amends/internal/client"
)

var demoVoids = []demoScenario{
	{zh: "作废 已付款未发货", en: "void: paid, not shipped", stage: "voided", lives: (*demoLife).voidedPaid},
	{zh: "部分作废 其余发货", en: "void: a part, the rest ships", stage: "closed", lives: (*demoLife).voidedInPart},
	{
		zh: "作废 拦截失败 退回破损", en: "void: not intercepted, back damaged", stage: "voided",
		lives: (*demoLife).voidedShipped,
	},
	{zh: "作废 信号发起 经理复核", en: "void: by signal, approved", stage: "voided", lives: (*demoLife).voidedBySignal},
	{zh: "作废 退款受阻 重试", en: "void: refund blocked, retried", stage: "voided", lives: (*demoLife).voidedRefundRetried},
}

// void previews what voiding would do and confirms exactly that.
func (l *demoLife) void(role string, wish body) (*client.Void, error) {
	var plan struct {
		Hash string `json:"plan_hash"`
	}
	if err := l.client.Post(l.ctx, role, "/orders/"+l.number+"/void-plans", wish, &plan); err != nil {
		return nil, err
	}
	confirmed := body{"plan_hash": plan.Hash}
	for name, value := range wish {
		confirmed[name] = value
	}
	answer, err := l.client.Command(l.ctx, role, "/orders/"+l.number+"/voids", confirmed)
	if err != nil {
		return nil, err
	}
	return &client.Void{ID: answer.VoidID}, nil
}

// awaitVoid reads a void until it is as wanted.
func (l *demoLife) awaitVoid(v *client.Void, what string, is func(*client.Void) bool) error {
	err := l.await(what, func(*client.Order) bool {
		err := l.client.Get(l.ctx, "warehouse", "/orders/"+l.number+"/voids/"+v.ID, v)
		return err == nil && is(v)
	})
	if err != nil {
		return fmt.Errorf("void %s is %s %v: %w", v.ID, v.Status, v.Steps, err)
	}
	return nil
}

// awaitStep waits until a step of a void is in a state.
func (l *demoLife) awaitStep(v *client.Void, kind, state string) error {
	return l.awaitVoid(v, "step "+kind+" "+state, func(v *client.Void) bool { return v.Step(kind).State == state })
}

// approveVoid is the second person's yes.
func (l *demoLife) approveVoid(v *client.Void) error {
	if err := l.awaitVoid(v, "awaiting approval", func(v *client.Void) bool { return v.Status == "awaiting_approval" }); err != nil {
		return err
	}
	_, err := l.client.Command(l.ctx, "manager", "/voids/"+v.ID+"/approve", body{"note": "同意"})
	return err
}

// completes waits until a step is somebody's part, and says that it is done.
func (l *demoLife) completes(role string, v *client.Void, kind string, fields body) error {
	if err := l.awaitStep(v, kind, "waiting"); err != nil {
		return err
	}
	done := body{"evidence": "DEMO-" + kind}
	for name, value := range fields {
		done[name] = value
	}
	_, err := l.client.Command(l.ctx, role, "/voids/"+v.ID+"/steps/"+v.Step(kind).ID+"/complete", done)
	return err
}

// comesBack takes the goods of a void back and inspects them.
func (l *demoLife) comesBack(v *client.Void, condition string) error {
	return inTurn(
		func() error { return l.completes("manager", v, "approve_return", nil) },
		func() error { return l.completes("warehouse", v, "receive_return", nil) },
		func() error { return l.completes("warehouse", v, "inspect_return", body{"outcome": condition}) },
	)
}

// paymentIs waits until the first payment stands so.
func (l *demoLife) paymentIs(status string) error {
	return l.await("payment "+status, func(o *client.Order) bool { return len(o.Payments) > 0 && o.Payments[0].Status == status })
}

func (l *demoLife) voidedPaid() error {
	return inTurn(
		func() error { return l.place(7, goods("TEA-001", 2, "128.00")) },
		l.shippable,
		func() error { _, err := l.void("clerk", body{"reason_code": "customer_request"}); return err },
		func() error { return l.stage("voided") },
		func() error { return l.paymentIs("released") },
		func() error { return l.told(l.number) },
	)
}

func (l *demoLife) voidedInPart() error {
	two := body{"reason_code": "out_of_stock", "lines": []body{{"line_id": "L1", "quantity": 2}}}
	return inTurn(
		func() error { return l.place(0, goods("CUP-001", 5, "86.00")) },
		l.shippable,
		func() error {
			v, err := l.void("clerk", two)
			if err != nil {
				return err
			}
			return l.awaitVoid(v, "a completed void", func(v *client.Void) bool { return v.Status == "completed" })
		},
		func() error { return l.deliver() },
		func() error { return l.paymentIs("partially_captured") },
	)
}

func (l *demoLife) voidedShipped() error {
	tracking, v := "", &client.Void{}
	return inTurn(
		func() error { return l.place(7, goods("KTL-001", 1, "399.00")) },
		func() (err error) { tracking, err = l.handOver(); return err },
		func() error { return l.paymentIs("captured") },
		func() (err error) { v, err = l.void("clerk", body{"reason_code": "customer_change"}); return err },
		func() error { return l.approveVoid(v) },
		func() error { return l.awaitStep(v, "intercept", "waiting") },
		func() error { return l.event(tracking, "intercept_refused", false) },
		func() error { return l.awaitStep(v, "approve_return", "waiting") },
		func() error { return l.event(tracking, "delivered", true) },
		func() error { return l.comesBack(v, "damaged") },
		func() error { return l.stage("voided") },
		func() error { return l.paymentIs("refunded") },
	)
}

func (l *demoLife) voidedBySignal() error {
	return inTurn(
		func() error { return l.place(7, goods("SET-001", 2, "219.00")) },
		l.shippable,
		func() error { return l.signal(l.ctx, l.number, "void", body{"reason_code": "duplicate"}) },
		func() error {
			return l.await("a void that waits for a second person", func(o *client.Order) bool { return len(o.Voids) == 1 })
		},
		func() error { return l.approveVoid(&client.Void{ID: l.seen.Voids[0].ID}) },
		func() error { return l.stage("voided") },
		func() error { return l.paymentIs("released") },
	)
}

// voidedRefundRetried has the provider turn the refund down once, after the goods came back in order.
func (l *demoLife) voidedRefundRetried() error {
	v := &client.Void{}
	return inTurn(
		func() error { return l.place(7, goods("TEA-004", 2, "188.00")) },
		func() error { return l.deliver() },
		func() error { return l.stage("after_sales") },
		func() error { return l.paymentIs("captured") },
		func() error {
			return l.client.Control(l.ctx, "/behaviour", body{"provider": "payments", "call": "refund", "mode": "refuse", "order": l.number})
		},
		func() (err error) { v, err = l.void("clerk", body{"reason_code": "customer_request"}); return err },
		func() error { return l.approveVoid(v) },
		func() error { return l.comesBack(v, "good") },
		func() error { return l.awaitStep(v, "refund", "blocked") },
		func() error {
			_, err := l.client.Command(l.ctx, "finance", "/voids/"+v.ID+"/steps/"+v.Step("refund").ID+"/retry", body{"reason": "已与支付机构核对"})
			return err
		},
		func() error { return l.stage("voided") },
		func() error { return l.paymentIs("refunded") },
	)
}
