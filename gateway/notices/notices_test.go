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
		Number: "DD20261122-000001", Company: "山茶商行", Total: money.New(123456, "CNY"),
		Lines:        []orders.MessageLine{{Name: "龙井茶 250g", Quantity: 3}, {Name: "上门安装", Quantity: 1}},
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
		"zh-CN": {"¥1,234.56", "2026年12月1日 09:00–11:00", "2026年12月5日", "龙井茶 250g × 3"},
		"en":    {"CN¥1,234.56", "1 December 2026, 09:00–11:00 (China time)", "5 December 2026", "龙井茶 250g × 3"},
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
