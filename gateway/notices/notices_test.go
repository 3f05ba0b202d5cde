package notices_test

import (
	"strings"
	"testing"
	"time"

	"amends/gateway/notices"
	"amends/money"
	"amends/orders"
)

func full(template, locale string) orders.Message {
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	return orders.Message{Template: template, Locale: locale, Data: orders.MessageData{
		Number: "DD20261122-000001", Company: "山茶商行", Round: 1, Fee: money.New(1200, "CNY"), Total: money.New(123456, "CNY"),
		Lines: []orders.MessageLine{
			{Name: "龙井茶 250g", Quantity: 3, UnitPrice: money.New(12800, "CNY"), Discount: money.New(400, "CNY"), Total: money.New(38000, "CNY")},
			{Name: "上门安装", Quantity: 1, UnitPrice: money.New(84256, "CNY"), Total: money.New(84256, "CNY")},
		},
		Parcel:       []orders.MessageLine{{Name: "龙井茶 250g", Quantity: 3}},
		Appointments: []orders.MessageAppointment{{Service: "上门安装", From: from, To: from.Add(2 * time.Hour)}},
		PromisedAt:   time.Date(2026, 12, 4, 16, 0, 0, 0, time.UTC), Carrier: "SF", TrackingNumber: "SF100000000001",
		ReasonCode: "duplicate", Survivor: "DD20261122-000000", WindowEndsAt: time.Date(2026, 12, 12, 0, 0, 0, 0, time.UTC),
	}}
}

func TestEveryTemplateExistsInEveryLanguageAndSaysTheNumber(t *testing.T) {
	for _, language := range notices.Languages {
		for _, template := range notices.Templates {
			for _, m := range []orders.Message{
				full(template, language),
				{Template: template, Locale: language, Data: orders.MessageData{Number: "DD20261122-000001", Total: money.New(1, "CNY")}},
			} {
				short, err := notices.SMS(m)
				if err != nil {
					t.Fatal(err)
				}
				subject, body, err := notices.Mail(m)
				if err != nil {
					t.Fatal(err)
				}
				for channel, text := range map[string]string{"sms": short, "subject": subject, "body": body} {
					if !strings.Contains(text, "DD20261122-000001") || strings.Contains(text, "<no value>") {
						t.Errorf("%s %s %s: %q", language, template, channel, text)
					}
				}
				if strings.Contains(short, "\n") || strings.Contains(body, "\n\n\n") || strings.Contains(body, "0001") && strings.Contains(body, "0001年") {
					t.Errorf("%s %s is badly shaped: %q %q", language, template, short, body)
				}
			}
		}
	}
}

func TestAConfirmationSaysMoneyAndTimesAsTheLanguageDoes(t *testing.T) {
	want := map[string][]string{
		"zh-CN": {
			"合计：¥1,234.56", "2026年12月1日 09:00–11:00", "2026年12月5日", "龙井茶 250g：¥128.00 × 3，优惠 ¥4.00，小计 ¥380.00",
			"上门安装：¥842.56 × 1，小计 ¥842.56", "运费：¥12.00",
		},
		"en": {
			"Total: CN¥1,234.56", "1 December 2026, 09:00–11:00 (China time)", "5 December 2026",
			"龙井茶 250g: 3 × CN¥128.00 less CN¥4.00 = CN¥380.00", "上门安装: 1 × CN¥842.56 = CN¥842.56", "Delivery: CN¥12.00",
		},
	}
	for language, parts := range want {
		_, body, err := notices.Mail(full(orders.TemplateConfirmation, language))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %q is missing in %q", language, part, body)
			}
		}
	}
}

// TestMessagesSayWhatIsSo renders each case as SMS and mail; both must say what is wanted and nothing that is not.
func TestMessagesSayWhatIsSo(t *testing.T) {
	visit := full("", "en").Data.Appointments[0]
	for name, tc := range map[string]struct {
		template, language string
		change             func(*orders.MessageData)
		says, not          string
	}{
		"goods are signed for": {orders.TemplateReminder, "zh-CN", nil, "确认签收", "验收"},
		"services are accepted": {
			orders.TemplateReminder, "zh-CN", func(d *orders.MessageData) { d.ServicesOnly = true }, "请验收", "签收",
		},
		"goods are signed off":       {orders.TemplateSignedOff, "en", nil, "signed off", "accepted"},
		"services are accepted here": {orders.TemplateSignedOff, "en", func(d *orders.MessageData) { d.ServicesOnly = true }, "accepted", "signed off"},
		"and in Chinese":             {orders.TemplateSignedOff, "zh-CN", func(d *orders.MessageData) { d.ServicesOnly = true }, "已验收", "签收"},
		"no money was held":          {orders.TemplateRejected, "zh-CN", nil, "无法受理", "退回"},
		"money was held":             {orders.TemplateRejected, "zh-CN", func(d *orders.MessageData) { d.MoneyHeld = true }, "款项将原路退回", "。。"},
		"no money was held at all":   {orders.TemplateRejected, "en", nil, "cannot accept", "money"},
		"money is given back":        {orders.TemplateRejected, "en", func(d *orders.MessageData) { d.MoneyHeld = true }, "is given back the way it came.", "  "},
		"a first confirmation":       {orders.TemplateConfirmation, "en", nil, "received your order", "replaces"},
		"a second confirmation":      {orders.TemplateConfirmation, "en", func(d *orders.MessageData) { d.Round = 2 }, "replaces our earlier confirmation", "received"},
		"a second one in Chinese":    {orders.TemplateConfirmation, "zh-CN", func(d *orders.MessageData) { d.Round = 2 }, "之前的确认信息作废", "已收到"},
		"a whole shipment":           {orders.TemplateShipped, "en", nil, "on its way", "art of"},
		"a part of an order": {
			orders.TemplateShipped, "en", func(d *orders.MessageData) { d.Partial, d.Parcel[0].Quantity = true, 2 }, "龙井茶 250g × 2", "安装",
		},
		"a part in Chinese": {orders.TemplateShipped, "zh-CN", func(d *orders.MessageData) { d.Partial = true }, "部分商品", "安装"},
		"two visits": {
			orders.TemplateRescheduled, "en", func(d *orders.MessageData) { d.Appointments = append(d.Appointments, visit) }, "09:00–11:00 (China time)", ".:",
		},
	} {
		m := full(tc.template, tc.language)
		if tc.change != nil {
			tc.change(&m.Data)
		}
		short, err := notices.SMS(m)
		if err != nil {
			t.Fatal(err)
		}
		subject, body, err := notices.Mail(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{short, subject + "\n" + body} {
			if !strings.Contains(text, tc.says) || strings.Contains(text, tc.not) {
				t.Errorf("%s: %q must say %q and not %q", name, text, tc.says, tc.not)
			}
		}
	}
}

func TestSeveralVisitsAreSeparatedInShortMessages(t *testing.T) {
	for language, want := range map[string]string{
		"en":    "has changed: 上门安装, 1 December 2026, 09:00–11:00 (China time); 上门安装, 1 December 2026, 09:00–11:00 (China time). Please",
		"zh-CN": "已更改：上门安装 2026年12月1日 09:00–11:00；上门安装 2026年12月1日 09:00–11:00。如",
	} {
		m := full(orders.TemplateRescheduled, language)
		m.Data.Appointments = append(m.Data.Appointments, m.Data.Appointments[0])
		short, err := notices.SMS(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(short, want) {
			t.Errorf("%q does not say %q", short, want)
		}
	}
}

func TestAShortMessageNamesAFewLinesOfALargeParcel(t *testing.T) {
	for language, want := range map[string]string{"en": "龙井茶 250g × 3, a × 1, b × 2 and more) is", "zh-CN": "（龙井茶 250g × 3、a × 1、b × 2等）"} {
		m := full(orders.TemplateShipped, language)
		m.Data.Partial = true
		for i, name := range []string{"a", "b", "c", "d"} {
			m.Data.Parcel = append(m.Data.Parcel, orders.MessageLine{Name: name, Quantity: int64(i + 1)})
		}
		short, err := notices.SMS(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(short, want) {
			t.Errorf("%q does not say %q", short, want)
		}
	}
}

func TestOtherLocalesFallBack(t *testing.T) {
	for locale, want := range map[string]string{"": "zh-CN", "zh": "zh-CN", "zh_TW": "zh-CN", "fr": "zh-CN", "EN": "en", "en_GB": "en", "en-US": "en"} {
		if got := notices.Language(locale); got != want {
			t.Errorf("%q is written to in %s, want %s", locale, got, want)
		}
	}
}

func TestAnUnknownTemplateIsAnError(t *testing.T) {
	if _, err := notices.SMS(orders.Message{Template: "nonsense"}); err == nil {
		t.Fatal("no error")
	}
}
