package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"strings"
	"testing"

	"amends/gateway"
	"amends/orders"
)

func message(order, to, locale string, retry bool) orders.Message {
	return orders.Message{
		Key: order + "/notice/confirmation/1", Order: order, To: to, Locale: locale, Template: orders.TemplateConfirmation, Retry: retry,
		Data: orders.MessageData{
			Number: order, Company: "山茶商行", Total: yuan(12850),
			Lines: []orders.MessageLine{{Name: "龙井茶", Quantity: 3}},
		},
	}
}

func TestEveryTroubleWithAShortMessageEndsInOne(t *testing.T) {
	b := setup(t)
	for name, modes := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order := strings.ReplaceAll(t.Name(), " ", "-")
			inner := *b
			inner.t = t
			for _, mode := range modes {
				inner.behave("sms", "send", mode, 2, order)
			}
			_, err := insist(t, func(retry bool) (struct{}, error) {
				return struct{}{}, b.sms.Send(context.Background(), message(order, "+8613800138000", "zh-CN", retry))
			})
			if err != nil {
				t.Fatal(err)
			}
			rows := inner.book("sms", order, order+"/notice/confirmation/1")
			if len(rows) != 1 || rows[0].To != "+8613800138000" || !strings.Contains(rows[0].Text, "¥128.50") {
				t.Fatalf("the gateway's book has %+v", rows)
			}
		})
	}
}

func TestANumberWithAnExtensionGetsNoShortMessage(t *testing.T) {
	b := setup(t)
	err := b.sms.Send(context.Background(), message("M-1", "+8675526001234;801", "en", false))
	wantRefused(t, err, orders.RefusedRecipient)
}

// catch plays an SMTP server for one letter and returns its address and what it was sent.
func catch(t *testing.T, recipientAnswer string) (string, <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	letters := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		letters <- converse(conn, recipientAnswer)
	}()
	return listener.Addr().String(), letters
}

func converse(conn net.Conn, recipientAnswer string) string {
	lines := bufio.NewScanner(conn)
	var letter strings.Builder
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 catcher")
	for lines.Scan() {
		switch command := strings.ToUpper(lines.Text()); {
		case strings.HasPrefix(command, "RCPT"):
			say(recipientAnswer)
		case command == "DATA":
			say("354 go on")
			for lines.Scan() && lines.Text() != "." {
				letter.WriteString(lines.Text() + "\r\n")
			}
			say("250 taken")
		case command == "QUIT":
			say("221 bye")
			return letter.String()
		default:
			say("250 ok")
		}
	}
	return letter.String()
}

func newMail(t *testing.T, addr string) *gateway.Mail {
	t.Helper()
	return must[*gateway.Mail](t)(gateway.NewMail(gateway.MailConfig{Addr: addr, From: "orders@amends.example", Name: "山茶商行\r\nBcc: x@y.example"}))
}

func sendMail(t *testing.T, addr string, m orders.Message) error {
	t.Helper()
	return newMail(t, addr).SendTo(context.Background(), m, []string{m.To})
}

func TestALetterIsReadableAndNothingCanBeAddedToItsHeader(t *testing.T) {
	addr, letters := catch(t, "250 ok")
	m := message("M-2", "li@example.com", "zh-CN", false)
	m.Data.Company = "山茶\r\nBcc: eve@example.com"
	if err := sendMail(t, addr, m); err != nil {
		t.Fatal(err)
	}
	letter := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(<-letters)))
	subject := must[string](t)(new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject")))
	if subject != "【山茶 Bcc: eve@example.com】订单 M-2 确认" {
		t.Errorf("subject %q", subject)
	}
	if letter.Header.Get("Bcc") != "" || letter.Header.Get("To") != "<li@example.com>" {
		t.Errorf("header %v", letter.Header)
	}
	if id := letter.Header.Get("Message-ID"); !strings.HasSuffix(id, "@amends.example>") {
		t.Errorf("message ID %q", id)
	}
}

func TestARepeatedLetterHasTheSameMessageID(t *testing.T) {
	var ids [2]string
	for i := range ids {
		addr, letters := catch(t, "250 ok")
		if err := sendMail(t, addr, message("M-3", "li@example.com", "en", i > 0)); err != nil {
			t.Fatal(err)
		}
		ids[i] = must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(<-letters))).Header.Get("Message-ID")
	}
	if ids[0] == "" || ids[0] != ids[1] {
		t.Fatalf("message IDs %v", ids)
	}
}

func TestAnUnusableAddressIsRefusedAndAnAbsentServerIsNot(t *testing.T) {
	addr, _ := catch(t, "550 no such mailbox")
	wantRefused(t, sendMail(t, addr, message("M-4", "nobody@example.com", "en", false)), orders.RefusedRecipient)
	for _, to := range []string{"", "no address", "a@b.example\r\nBcc: c@d.example", "Li <li@example.com>"} {
		wantRefused(t, sendMail(t, addr, message("M-5", to, "en", false)), orders.RefusedRecipient)
	}
	err := sendMail(t, "127.0.0.1:1", message("M-6", "li@example.com", "en", false))
	if err == nil || isRefused(err) {
		t.Fatalf("error %v, want an ordinary one", err)
	}
}
