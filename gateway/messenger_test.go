package gateway_test

import (
	"context"
	"errors"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"amends/gateway"
	"amends/orders"
)

func voidMessage(order, template string) orders.Message {
	m := message(order, "", "en", false)
	m.Template, m.Key = template, order+"/ZF1/notify/1"
	m.Data.Void = orders.MessageVoid{
		ID: "ZF1", ReasonCode: "customer_request", Whole: true, Refund: yuan(12850), Tasks: []string{orders.StepPutBack, orders.StepRefund},
	}
	return m
}

func (b *testBundle) messenger(addr string, departments map[string]string) *gateway.Messenger {
	b.t.Helper()
	return must[*gateway.Messenger](b.t)(gateway.NewMessenger(b.sms, newMail(b.t, addr), departments))
}

func read(t *testing.T, letter string) (*mail.Message, string) {
	t.Helper()
	parsed := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(letter)))
	return parsed, must[string](t)(new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")))
}

func TestACustomerIsReachedBySMSElseByMail(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	channel, err := b.messenger("127.0.0.1:1", nil).ToCustomer(ctx, voidMessage("T-1", orders.TemplateVoided),
		orders.Contact{Phone: "+8613800138000", Email: "li@example.com"})
	if rows := b.book("sms", "T-1", "T-1/ZF1/notify/1"); err != nil || channel != gateway.ChannelSMS || len(rows) != 1 {
		t.Fatalf("%q, %v, and the gateway's book has %+v", channel, err, rows)
	}
	for name, phone := range map[string]string{"no phone": "", "a phone that takes no SMS": "+8675526001234;801"} {
		t.Run(name, func(t *testing.T) {
			addr, letters := catch(t, "250 ok")
			inner := *b
			inner.t = t
			channel, err := inner.messenger(addr, nil).ToCustomer(ctx, voidMessage("T-2", orders.TemplateVoided),
				orders.Contact{Phone: phone, Email: "li@example.com"})
			if err != nil || channel != gateway.ChannelMail {
				t.Fatalf("%q, %v", channel, err)
			}
			if letter, subject := read(t, <-letters); letter.Header.Get("To") != "<li@example.com>" || !strings.Contains(subject, "T-2") {
				t.Fatalf("subject %q, header %v", subject, letter.Header)
			}
		})
	}
	for _, c := range []orders.Contact{{}, {Phone: "12;3"}, {Email: "no address"}} {
		_, err := b.messenger("127.0.0.1:1", nil).ToCustomer(ctx, voidMessage("T-3", orders.TemplateVoided), c)
		wantRefused(t, err, orders.RefusedRecipient)
	}
	b.behave("sms", "send", "error_before", 1, "T-4")
	_, err = b.messenger("127.0.0.1:1", nil).ToCustomer(ctx, voidMessage("T-4", orders.TemplateVoided),
		orders.Contact{Phone: "+8613800138000", Email: "li@example.com"})
	if err == nil || isRefused(err) {
		t.Fatalf("error %v: a gateway that does not answer is asked again, no other channel is tried", err)
	}
}

func TestAMessageWhoseTextChangedIsNotSentTwice(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	m := message("T-5", "+8613800138000", "zh-CN", false)
	if err := b.sms.Send(ctx, m); err != nil {
		t.Fatal(err)
	}
	m.Data.Total = yuan(1)
	if err := b.sms.Send(ctx, m); err != nil {
		t.Fatal(err)
	}
	if rows := b.book("sms", "T-5", m.Key); len(rows) != 1 {
		t.Fatalf("the gateway's book has %+v", rows)
	}
}

func TestDepartmentsGetOneLetterInBothLanguages(t *testing.T) {
	b := setup(t)
	var ids []string
	for range 2 {
		addr, letters := catch(t, "250 ok")
		messenger := b.messenger(addr, map[string]string{"finance": "money@shop.example", "service": "money@shop.example"})
		err := messenger.ToDepartments(context.Background(), voidMessage("T-6", orders.TemplateDepartments), []string{"warehouse", "finance", "service"})
		if err != nil {
			t.Fatal(err)
		}
		letter, subject := read(t, <-letters)
		if to := letter.Header.Get("To"); to != "<warehouse@amends.example>, <money@shop.example>" {
			t.Errorf("to %q", to)
		}
		if subject != "【山茶商行】订单 T-6 作废 / 山茶商行: order T-6 is void" || letter.Header.Get("Content-Language") != "zh-CN, en" {
			t.Errorf("subject %q, header %v", subject, letter.Header)
		}
		ids = append(ids, letter.Header.Get("Message-ID"))
	}
	if ids[0] == "" || ids[0] != ids[1] {
		t.Errorf("message IDs %v", ids)
	}
}

func TestDepartmentsThatCannotBeReachedAreARefusal(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	m := voidMessage("T-7", orders.TemplateDepartments)
	for _, departments := range [][]string{nil, {"warehouse", "kitchen"}} {
		wantRefused(t, b.messenger("127.0.0.1:1", nil).ToDepartments(ctx, m, departments), orders.RefusedRecipient)
	}
	addr, letters := catch(t, "550 no such mailbox")
	wantRefused(t, b.messenger(addr, nil).ToDepartments(ctx, m, []string{"sales", "finance"}), orders.RefusedRecipient)
	if letter := <-letters; letter != "" {
		t.Errorf("a letter was taken for some: %q", letter)
	}
}

func TestDepartmentsAreCheckedAtTheStart(t *testing.T) {
	_, err := gateway.NewMessenger(nil, nil, map[string]string{"kitchen": "k@shop.example", "sales": "a@b, c@d", "finance": ""})
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) || len(all.Unwrap()) != 3 {
		t.Fatalf("error %v, want all three problems", err)
	}
}
