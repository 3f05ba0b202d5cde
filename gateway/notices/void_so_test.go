package notices_test

import (
	"strings"
	"testing"

	"amends/gateway/notices"
	"amends/money"
	"amends/orders"
)

// TestMessagesOfAVoidSayWhatIsSo renders each case as SMS and mail; both must say what is wanted and nothing that is not.
func TestMessagesOfAVoidSayWhatIsSo(t *testing.T) {
	const stopped = "SF100000000001"
	byHand := func(v *orders.MessageVoid) { v.ByHand = true }
	agreed := func(v *orders.MessageVoid) { v.Return, v.Agree = true, true }
	both := func(v *orders.MessageVoid) { v.Return, v.Agree, v.Intercept = true, true, []string{stopped, "SF2"} }
	coming := func(v *orders.MessageVoid) { v.Return = true }
	held := func(v *orders.MessageVoid) { v.Refund, v.Whole, v.Frees = money.Amount{}, false, true }
	heldToo := func(v *orders.MessageVoid) { v.Whole, v.Frees = false, true }
	carried := func(v *orders.MessageVoid) { v.Refund, v.CarryOver = money.Amount{}, v.Refund }
	waits := func(v *orders.MessageVoid) { v.Return, v.Agree, v.RefundWaits = true, true, true }
	insteads := func(v *orders.MessageVoid) {
		v.Alternatives = []string{"void_unshipped", "hold", "reschedule", "after_sales", "place_again"}
	}
	nothing := func(v *orders.MessageVoid) { v.Alternatives = []string{"hold"} }
	for name, tc := range map[string]struct {
		template, language string
		change             func(*orders.MessageVoid)
		says, not          string
	}{
		"a return is agreed": {orders.TemplateVoided, "zh-CN", agreed, "需要退回的商品请妥善保管，我们会与您商定退回方式。", "拒收"},
		"a return is agreed in English": {
			orders.TemplateVoided, "en", agreed, "Please keep safe the goods that are to come back; we will agree the return with you.", "refuse",
		},
		"some parcels are stopped": {
			orders.TemplateVoided, "zh-CN", both,
			"运单号 SF100000000001、SF2 的包裹如送达，请拒收；如已收到，请妥善保管，我们会联系您安排退回。其他需要退回的商品请妥善保管，我们会与您商定退回方式。", "如需您配合",
		},
		"some parcels are stopped in English": {
			orders.TemplateVoided, "en", both, "If the parcel SF100000000001 or SF2 is still to arrive, please refuse it; " +
				"if you have it, please keep it safe and wait for our call about the return. " +
				"Please keep safe the other goods that are to come back; we will agree the return with you.", "we will contact you",
		},
		"the parcel is on its way back":            {orders.TemplateVoided, "zh-CN", coming, "商品退回如需您配合，我们会与您联系。", "拒收"},
		"the parcel is on its way back in English": {orders.TemplateVoided, "en", coming, "If we need your help with the return of the goods, we will contact you.", "refuse"},
		"nothing has left":                         {orders.TemplateVoided, "zh-CN", nil, "已取消", "退回方式"},
		"nothing has left in English":              {orders.TemplateVoided, "en", nil, "has been cancelled", "the return"},

		"nothing is offered instead": {orders.TemplateVoided, "zh-CN", insteads, "我们可以为您办理售后或重新下单，请与我们联系。", "暂缓"},
		"nothing is offered instead in English": {
			orders.TemplateVoided, "en", insteads, "we can help you with after-sales service or place the order again: please contact us.", "hold",
		},
		"there is no other way":            {orders.TemplateVoided, "zh-CN", nothing, "如有疑问请联系我们。", "我们可以"},
		"there is no other way in English": {orders.TemplateVoided, "en", nothing, "If you have questions, please contact us.", "we can"},

		"refunded by hand":                    {orders.TemplateMoneyBack, "zh-CN", byHand, "已按商定的方式退款 ¥1,234.56。", "原路"},
		"refunded by hand in English":         {orders.TemplateMoneyBack, "en", byHand, "CN¥1,234.56 has been refunded in the way agreed with you.", "the way you paid"},
		"refunded by hand before":             {orders.TemplateVoided, "zh-CN", byHand, "退款 ¥1,234.56 按商定的方式办理。", "原路"},
		"refunded by hand before, in English": {orders.TemplateVoided, "en", byHand, "CN¥1,234.56 is refunded in the way agreed with you.", "the way you paid"},

		"carried over":            {orders.TemplateVoided, "zh-CN", carried, "已付的 ¥1,234.56 将用于重新下的订单。", "退款"},
		"carried over in English": {orders.TemplateVoided, "en", carried, "The CN¥1,234.56 you paid will be used for the order that is placed again.", "refund"},
		"only held":               {orders.TemplateVoided, "zh-CN", held, "已冻结的款项中不再需要的部分，将在订单其余部分交付后解除冻结，不会扣款。", "退款"},
		"only held in English": {
			orders.TemplateVoided, "en", held,
			"The part of the hold on your money that is not needed any more will be released once the rest of the order is delivered, and not charged.", "refund",
		},
		"taken and held":            {orders.TemplateVoided, "zh-CN", heldToo, "原路退回。已冻结的款项中不再需要的部分", "本次不涉及"},
		"taken and held in English": {orders.TemplateVoided, "en", heldToo, "working days. The part of the hold on your money", "no refund"},

		"the goods come back first":            {orders.TemplateVoided, "zh-CN", waits, "退款 ¥1,234.56 将在商品退回并确认后 7 个工作日内原路退回。", "将在 7"},
		"the goods come back first in English": {orders.TemplateVoided, "en", waits, "within 7 working days of the goods being back and checked.", "days."},
		"the refund comes first":               {orders.TemplateVoided, "zh-CN", agreed, "退款 ¥1,234.56 将在 7 个工作日内原路退回。", "确认后"},
		"the refund comes first in English":    {orders.TemplateVoided, "en", agreed, "within 7 working days.", "checked"},
	} {
		m := voided(tc.template, tc.language)
		m.Data.MoneyHeld = true
		if tc.change != nil {
			tc.change(&m.Data.Void)
		}
		says(t, name, m, tc.says, tc.not)
	}
}

// says checks the SMS and the mail of a message.
func says(t *testing.T, name string, m orders.Message, want, not string) {
	t.Helper()
	short, err := notices.SMS(m)
	if err != nil {
		t.Fatal(err)
	}
	_, body, err := notices.Mail(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{short, body} {
		if !strings.Contains(text, want) || strings.Contains(text, not) {
			t.Errorf("%s: %q must say %q and not %q", name, text, want, not)
		}
	}
}

// sent is what a void with these steps may print, of an order whose goods have left and are paid.
func sent(whole bool, steps ...orders.Step) orders.MessageVoid {
	paid := orders.Payment{ID: "P1", Status: orders.PaymentAuthorised, Reference: "pay-1", Amount: money.New(38400, "CNY"), Captured: money.New(38400, "CNY")}
	return told(whole, orders.Take{LineID: "L1", Quantity: 2, Shipped: 2}, paid, steps...)
}

func told(whole bool, take orders.Take, payment orders.Payment, steps ...orders.Step) orders.MessageVoid {
	o := orders.Order{
		Draft: orders.Draft{
			Currency: "CNY",
			Lines:    []orders.Line{{ID: "L1", Kind: orders.Goods, Name: "龙井茶", Ordered: 3, UnitPrice: money.New(12800, "CNY")}},
		},
		Shipments:  []orders.Shipment{{ID: "S1", Tracking: "SF1"}, {ID: "S2", Tracking: "SF2"}},
		Payments:   []orders.Payment{payment},
		Amendments: []orders.Amendment{{ID: "ZF1", Whole: whole, Takes: []orders.Take{take}, Steps: steps}},
	}
	data, _ := o.VoidMessage("山茶商行", "ZF1")
	return data.Void
}

// TestAVoidTellsWhatItsStepsSay holds what messages may print against the steps of the void.
func TestAVoidTellsWhatItsStepsSay(t *testing.T) {
	amount := money.New(25600, "CNY")
	step := func(id, kind, subject, end, outcome string) orders.Step {
		return orders.Step{ID: id, Kind: kind, Subject: subject, End: end, Outcome: outcome, Amount: &amount}
	}
	stop := step("1", orders.StepIntercept, "S1", "", "")
	agree := step("2", orders.StepApproveReturn, "S2", "", "")
	receive := step("3", orders.StepReceive, "S1", "", "")
	inspect := step("4", orders.StepInspect, "S1", "", "")
	refund := step("5", orders.StepRefund, "P1", "", "")
	last, hand := refund, refund
	last.After, hand.ByHand, hand.End = []string{"4"}, true, orders.EndCompleted
	inspected := inspect
	inspected.End = orders.EndDone
	for name, tc := range map[string]struct {
		got  orders.MessageVoid
		want string
	}{
		"a parcel is stopped":          {sent(true, stop, receive), "return stop:SF1"},
		"some are stopped":             {sent(true, stop, agree, receive), "return stop:SF1 agree"},
		"a part is given back":         {sent(false, agree, receive), "return agree"},
		"the carrier refused":          {sent(true, step("1", orders.StepIntercept, "S1", orders.EndDone, orders.OutcomeRefused), agree, receive), "return agree"},
		"the carrier has just refused": {sent(true, step("1", orders.StepIntercept, "S1", "", orders.OutcomeRefused), agree, receive), "return agree"},
		"stopped already":              {sent(true, step("1", orders.StepIntercept, "S1", orders.EndDone, orders.OutcomeIntercepted), receive), "return"},
		"lost":                         {sent(true, step("1", orders.StepIntercept, "S1", orders.EndMoot, ""), step("3", orders.StepReceive, "S1", orders.EndMoot, "")), ""},
		"the goods first":              {sent(true, receive, inspect, last), "return refund waits"},
		"the goods are back":           {sent(true, inspected, last), "refund"},
		"the refund first":             {sent(true, receive, inspect, refund), "return refund"},
		"by hand":                      {sent(true, hand), "refund hand"},
		"waived":                       {sent(true, step("5", orders.StepRefund, "P1", orders.EndWaived, "")), ""},
		"carried over":                 {sent(true, step("5", orders.StepCarryOver, "P1", "", "")), "carry"},
		"not carried over":             {sent(true, step("5", orders.StepCarryOver, "P1", orders.EndWaived, "")), ""},
	} {
		var said []string
		add := func(word string, so bool) {
			if so {
				said = append(said, word)
			}
		}
		v := tc.got
		add("return", v.Return)
		add("stop:"+strings.Join(v.Intercept, ","), len(v.Intercept) > 0)
		add("agree", v.Agree)
		add("refund", v.Refund == amount)
		add("waits", v.RefundWaits)
		add("hand", v.ByHand)
		add("carry", v.CarryOver == amount)
		add("frees", v.Frees)
		if got := strings.Join(said, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestAPartVoidFreesWhatIsHeldForUnitsThatStayed(t *testing.T) {
	stays, left := orders.Take{LineID: "L1", Quantity: 2}, orders.Take{LineID: "L1", Quantity: 2, Shipped: 2}
	held := orders.Payment{ID: "P1", Status: orders.PaymentAuthorised, Reference: "pay-1", Amount: money.New(38400, "CNY"), Captured: money.New(0, "CNY")}
	some, taken, atOnce, asked := held, held, held, held
	some.Captured, taken.Captured = money.New(12800, "CNY"), held.Amount
	atOnce.AtOnce, atOnce.Captured = true, held.Amount
	asked.Status, asked.Reference = orders.PaymentAuthorising, ""
	for name, tc := range map[string]struct {
		got  orders.MessageVoid
		want bool
	}{
		"held":               {told(false, stays, held), true},
		"some of it taken":   {told(false, stays, some), true},
		"the whole order":    {told(true, stays, held), false},
		"units that left":    {told(false, left, held), false},
		"taken":              {told(false, stays, taken), false},
		"taken at once":      {told(false, stays, atOnce), false},
		"not authorised yet": {told(false, stays, asked), false},
	} {
		if tc.got.Frees != tc.want || len(tc.got.Lines) != 1 {
			t.Errorf("%s: %+v", name, tc.got)
		}
	}
}
