package notices_test

import (
	"slices"
	"strings"
	"testing"

	"amends/gateway/notices"
	"amends/money"
	"amends/orders"
)

func voided(template, locale string) orders.Message {
	m := full(template, locale)
	m.Data.Void = orders.MessageVoid{
		ID: "ZF20261122-000001", ReasonCode: "out_of_stock", Whole: true,
		Lines:  []orders.MessageLine{{Name: "龙井茶 250g", Quantity: 3}, {Name: "上门安装", Quantity: 1}},
		Refund: money.New(123456, "CNY"), Alternatives: []string{"hold", "place_again", "unheard_of", "after_sales"},
		Tasks: []string{orders.StepPutBack, orders.StepRefund, orders.StepRefund, "unheard_of", orders.StepCreditNote},
	}
	return m
}

func TestAVoidIsToldInFull(t *testing.T) {
	for name, tc := range map[string]struct {
		template, language string
		change             func(*orders.MessageData)
		sms, subject, body string
	}{
		"the whole order": {
			template: orders.TemplateVoided, language: "zh-CN",
			sms: "【山茶商行】很抱歉，您的订单 DD20261122-000001 已取消，原因：商品缺货。退款 ¥1,234.56 将在 7 个工作日内原路退回。" +
				"如仍有需要，我们可以为您重新下单或办理售后，请与我们联系。",
			subject: "【山茶商行】订单 DD20261122-000001 已取消",
			body: "您好：\n\n很抱歉，您的订单 DD20261122-000001 已取消。\n原因：商品缺货。\n\n取消的内容：\n  龙井茶 250g × 3\n  上门安装 × 1\n\n" +
				"退款 ¥1,234.56 将在 7 个工作日内原路退回。\n\n如仍有需要，我们可以为您重新下单或办理售后，请与我们联系。\n\n山茶商行\n",
		},
		"the whole order in English": {
			template: orders.TemplateVoided, language: "en",
			sms: "[山茶商行] We are sorry that your order DD20261122-000001 has been cancelled. The reason: the goods are out of stock. " +
				"CN¥1,234.56 will be refunded the way you paid, within 7 working days. " +
				"If you like, we can place the order again or help you with after-sales service: please contact us.",
			subject: "山茶商行: order DD20261122-000001 has been cancelled",
			body: "Hello,\n\nwe are sorry to tell you that your order DD20261122-000001 has been cancelled.\nThe reason: the goods are out of stock.\n\n" +
				"Cancelled:\n  龙井茶 250g × 3\n  上门安装 × 1\n\nCN¥1,234.56 will be refunded the way you paid, within 7 working days.\n\n" +
				"If you like, we can place the order again or help you with after-sales service: please contact us.\n\n山茶商行\n",
		},
		"a part whose parcel is stopped": {
			template: orders.TemplateVoided, language: "zh-CN", change: aPartToReturn,
			sms: "【山茶商行】您的订单 DD20261122-000001 有部分内容已取消（龙井茶 250g × 1），原因：应您的要求。" +
				"退款 ¥128.00 将在商品退回并确认后 7 个工作日内原路退回。已冻结的 ¥842.56 将解除冻结，不会扣款。" +
				"运单号 SF100000000001 的包裹如送达，请拒收；如已收到，请妥善保管，我们会联系您安排退回。如有疑问请联系我们。",
			subject: "【山茶商行】订单 DD20261122-000001 部分内容已取消",
			body: "您好：\n\n您的订单 DD20261122-000001 有部分内容已取消。\n原因：应您的要求。\n\n取消的内容：\n  龙井茶 250g × 1\n\n" +
				"退款 ¥128.00 将在商品退回并确认后 7 个工作日内原路退回。已冻结的 ¥842.56 将解除冻结，不会扣款。\n\n" +
				"运单号 SF100000000001 的包裹如送达，请拒收；如已收到，请妥善保管，我们会联系您安排退回。\n\n如有疑问请联系我们。\n\n山茶商行\n",
		},
		"a part whose parcel is stopped in English": {
			template: orders.TemplateVoided, language: "en", change: aPartToReturn,
			sms: "[山茶商行] Part of your order DD20261122-000001 (龙井茶 250g × 1) has been cancelled. The reason: you asked us to. " +
				"CN¥128.00 will be refunded the way you paid, within 7 working days of the goods being back and checked. " +
				"The hold of CN¥842.56 will be released and not charged. If the parcel SF100000000001 is still to arrive, please refuse it; " +
				"if you have it, please keep it safe and wait for our call about the return. If you have questions, please contact us.",
			subject: "山茶商行: part of order DD20261122-000001 has been cancelled",
			body: "Hello,\n\npart of your order DD20261122-000001 has been cancelled.\nThe reason: you asked us to.\n\nCancelled:\n  龙井茶 250g × 1\n\n" +
				"CN¥128.00 will be refunded the way you paid, within 7 working days of the goods being back and checked. " +
				"The hold of CN¥842.56 will be released and not charged.\n\nIf the parcel SF100000000001 is still to arrive, please refuse it; " +
				"if you have it, please keep it safe and wait for our call about the return.\n\nIf you have questions, please contact us.\n\n山茶商行\n",
		},
		"money has moved": {
			template: orders.TemplateMoneyBack, language: "zh-CN", change: aPartToReturn,
			sms: "【山茶商行】您的订单 DD20261122-000001 的款项已处理完毕。退款 ¥128.00 已原路退回，到账时间以支付渠道为准。" +
				"冻结的 ¥842.56 已解除，没有扣款。如有疑问请联系我们。",
			subject: "【山茶商行】订单 DD20261122-000001 的款项已处理完毕",
			body: "您好：\n\n您的订单 DD20261122-000001 取消后，款项已处理完毕。\n退款 ¥128.00 已原路退回，到账时间以支付渠道为准。" +
				"冻结的 ¥842.56 已解除，没有扣款。\n\n如有疑问，请与我们联系，并告知订单号。\n\n山茶商行\n",
		},
		"money has moved in English": {
			template: orders.TemplateMoneyBack, language: "en",
			sms: "[山茶商行] The money of your order DD20261122-000001 has been settled. CN¥1,234.56 has been refunded the way you paid; " +
				"it may take some days to show on your account. If you have questions, please contact us.",
			subject: "山茶商行: the money of order DD20261122-000001 has been settled",
			body: "Hello,\n\nafter the cancellation of your order DD20261122-000001 its money has been settled.\nCN¥1,234.56 has been refunded " +
				"the way you paid; it may take some days to show on your account.\n\n" +
				"If you have questions, please contact us and mention the order number.\n\n山茶商行\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := voided(tc.template, tc.language)
			if tc.change != nil {
				tc.change(&m.Data)
			}
			wantText(t, m, tc.sms, tc.subject, tc.body)
		})
	}
}

func aPartToReturn(d *orders.MessageData) {
	d.Void = orders.MessageVoid{
		ReasonCode: "customer_request", Lines: []orders.MessageLine{{Name: "龙井茶 250g", Quantity: 1}},
		Refund: money.New(12800, "CNY"), Release: money.New(84256, "CNY"), RefundWaits: true, Return: true, Intercept: []string{"SF100000000001"},
	}
}

func wantText(t *testing.T, m orders.Message, wantSMS, wantSubject, wantBody string) {
	t.Helper()
	short, err := notices.SMS(m)
	if err != nil || short != wantSMS {
		t.Errorf("SMS %v\n got %q\nwant %q", err, short, wantSMS)
	}
	subject, body, err := notices.Mail(m)
	if err != nil || subject != wantSubject || body != wantBody {
		t.Errorf("mail %v\n got %q %q\nwant %q %q", err, subject, body, wantSubject, wantBody)
	}
}

func TestDepartmentsReadBothLanguagesAndWhatIsToBeDone(t *testing.T) {
	for _, locale := range []string{"zh-CN", "en"} {
		subject, body, err := notices.Mail(voided(orders.TemplateDepartments, locale))
		if err != nil {
			t.Fatal(err)
		}
		if subject != "【山茶商行】订单 DD20261122-000001 作废 / 山茶商行: order DD20261122-000001 is void" {
			t.Errorf("subject %q", subject)
		}
		const want = `各部门同事：

订单 DD20261122-000001 全部作废，作废单号 ZF20261122-000001。
原因：商品缺货（out_of_stock）

作废的内容：
  龙井茶 250g × 3
  上门安装 × 1

退款：¥1,234.56

需要处理：
  仓库：将已打包的商品拆包放回
  财务：开具红字发票

由系统处理，受阻时请跟进：
  财务：退款

——————

To the departments concerned:

The whole of order DD20261122-000001 is void (void ZF20261122-000001).
The reason: the goods are out of stock (out_of_stock)

Void:
  龙井茶 250g × 3
  上门安装 × 1

Refund: CN¥1,234.56

To be done:
  Warehouse: unpack what is packed and put it back
  Finance: issue a credit note (红字发票)

Done by the system; please follow up what is blocked:
  Finance: refund
`
		if body != want {
			t.Errorf("body\n got %s\nwant %s", body, want)
		}
	}
}

func TestDepartmentsReadWhatElseThereIs(t *testing.T) {
	m := voided(orders.TemplateDepartments, "")
	aPartToReturn(&m.Data)
	subject, body, err := notices.Mail(m)
	if err != nil || subject != "【山茶商行】订单 DD20261122-000001 部分作废 / 山茶商行: part of order DD20261122-000001 is void" {
		t.Fatalf("subject %q, %v", subject, err)
	}
	for _, part := range []string{"退款：¥128.00\n解除冻结：¥842.56\n已发出的商品需要收回。\n", "Hold to be released: CN¥842.56\nGoods have left and are wanted back.\n"} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is missing in %q", part, body)
		}
	}
	if strings.Contains(body, "处理：") || strings.Contains(body, "To be done") || strings.Contains(body, "by the system") || strings.Contains(body, "\n\n\n") {
		t.Errorf("body %q", body)
	}
}

func TestDepartmentsReadTheReasonAsStaff(t *testing.T) {
	other := map[string]string{"zh-CN": "原因：其他原因（", "en": "The reason: another reason ("}
	for _, reason := range orders.VoidReasons {
		m := voided(orders.TemplateDepartments, "")
		m.Data.Void.ReasonCode = reason
		_, body, err := notices.Mail(m)
		if err != nil || strings.Contains(body, "您") || strings.Contains(body, "you ") || strings.Contains(body, "your") {
			t.Errorf("%s, %v: %q is written for customers", reason, err, body)
		}
		for language, words := range other {
			if strings.Contains(body, words) != (reason == "other") {
				t.Errorf("%s, %s: %q", reason, language, body)
			}
		}
		if reason == "customer_request" && (!strings.Contains(body, "原因：客户要求（customer_request）") ||
			!strings.Contains(body, "The reason: the customer's request (customer_request)")) {
			t.Errorf("%q", body)
		}
	}
}

func TestDepartmentsReadWhatBecomesOfTheMoney(t *testing.T) {
	m := voided(orders.TemplateDepartments, "")
	m.Data.Void.Refund, m.Data.Void.CarryOver, m.Data.Void.Frees = money.Amount{}, money.New(39600, "CNY"), true
	_, body, err := notices.Mail(m)
	for _, part := range []string{
		"\n其余部分交付后，解除冻结中不再需要的部分。\n转入重新下的订单：¥396.00\n",
		"\nThe part of the hold that is not needed any more is released once the rest is delivered.\n" +
			"Carried over to the order that is placed again: CN¥396.00\n",
	} {
		if err != nil || !strings.Contains(body, part) {
			t.Errorf("%v: %q is missing in %q", err, part, body)
		}
	}
}

// TestEveryReasonOfAVoidIsSaidPolitely holds the reasons against what may be said to a customer.
func TestEveryReasonOfAVoidIsSaidPolitely(t *testing.T) {
	neutral := map[string]string{"zh-CN": "因故无法继续办理", "en": "we are unable to carry it out"}
	unsaid := []string{"欺诈", "风险", "嫌疑", "信用", "fraud", "suspect", "credit", "risk", "_"}
	for language, words := range neutral {
		for _, reason := range orders.VoidReasons {
			m := voided(orders.TemplateVoided, language)
			m.Data.Void.ReasonCode = reason
			short, err := notices.SMS(m)
			if err != nil {
				t.Fatal(err)
			}
			_, body, err := notices.Mail(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{short, body} {
				if says := strings.Contains(text, words); says != slices.Contains([]string{"fraud_suspected", "other"}, reason) {
					t.Errorf("%s %s: %q", language, reason, text)
				}
				if i := slices.IndexFunc(unsaid, func(word string) bool { return strings.Contains(text, word) }); i >= 0 {
					t.Errorf("%s %s says %q: %q", language, reason, unsaid[i], text)
				}
			}
		}
	}
}

func TestAVoidWithoutMoneySaysSo(t *testing.T) {
	for _, tc := range []struct {
		language  string
		held      bool
		says, not string
	}{
		{"zh-CN", false, "没有产生扣款。", "退款"},
		{"zh-CN", true, "本次不涉及退款。", "扣款"},
		{"en", false, "Nothing was charged.", "refund"},
		{"en", true, "There is no refund for this.", "charged"},
	} {
		m := voided(orders.TemplateVoided, tc.language)
		m.Data.Void.Refund, m.Data.MoneyHeld = money.Amount{}, tc.held
		short, err := notices.SMS(m)
		if err != nil || !strings.Contains(short, tc.says) || strings.Contains(short, tc.not) {
			t.Errorf("%v: %q must say %q and not %q", err, short, tc.says, tc.not)
		}
	}
}

func TestEveryTaskHasWordsInBothLanguages(t *testing.T) {
	for _, kind := range []string{
		orders.StepRelease, orders.StepPutBack, orders.StepCancelLabel, orders.StepIntercept, orders.StepApproveReturn, orders.StepReceive,
		orders.StepInspect, orders.StepRestock, orders.StepFreeSlots, orders.StepCancelPurchase, orders.StepReleasePayment, orders.StepRefund,
		orders.StepCarryOver, orders.StepReverse, orders.StepInvoice, orders.StepCreditNote, orders.StepPaperInvoice, orders.StepTell, orders.StepTellMoney,
	} {
		m := voided(orders.TemplateDepartments, "")
		m.Data.Void.Tasks = []string{kind}
		_, body, err := notices.Mail(m)
		people := strings.Contains(body, "需要处理：\n  ") && strings.Contains(body, "To be done:\n  ")
		system := strings.Contains(body, "由系统处理，受阻时请跟进：\n  ") && strings.Contains(body, "what is blocked:\n  ")
		if err != nil || people == system {
			t.Errorf("%s, %v: %q", kind, err, body)
		}
	}
}
