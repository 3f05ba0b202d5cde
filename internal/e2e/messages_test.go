package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// letter is an e-mail as the mail catcher keeps it.
type letter struct {
	Subject, Text string
	To            []struct{ Address string }
}

// letters reads the mail of one address.
func letters(t *testing.T, address string) []letter {
	t.Helper()
	found := into[struct{ Messages []struct{ ID string } }](
		outside(t, http.MethodGet, running.MailURL()+"/api/v1/search?query="+url.QueryEscape("to:"+address), nil).want(http.StatusOK))
	var all []letter
	for _, m := range found.Messages {
		all = append(all, into[letter](outside(t, http.MethodGet, running.MailURL()+"/api/v1/message/"+m.ID, nil).want(http.StatusOK)))
	}
	return all
}

// confirmed waits for the short message that confirms an order.
func confirmed(t *testing.T, o *order) entry {
	t.Helper()
	var sent []entry
	eventually(t, "the confirmation of "+o.number, func() (any, bool) {
		sent = book(t, "sms", o.number)
		return sent, len(sent) > 0
	})
	return sent[0]
}

func TestAConfirmationReachesTheCustomerBySMSInTheirLanguage(t *testing.T) {
	t.Parallel()
	for locale, says := range map[string]string{"zh-CN": "您的订单 %s", "en": "your order %s"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			f, number := typed(line("TEA-001", 1, "128.00")), phone()
			f["customer"] = object{"name": "韩梅梅", "phone": number, "locale": locale, "email": "unused@example.com"}
			o := place(t, f)
			message := confirmed(t, o)
			require.Equal(t, "+86"+number, message.To)
			require.Contains(t, message.Text, fmt.Sprintf(says, o.number))
			require.Contains(t, message.Text, "¥140.00")
			o.awaitReady()
		})
	}
}

func TestAConfirmationGoesByMailWhereNoShortMessageCan(t *testing.T) {
	t.Parallel()
	for locale, says := range map[string]string{"zh-CN": "您的订单 %s", "en": "your order %s"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			address := newKey() + "@example.com"
			f := typed(line("TEA-001", 1, "128.00"))
			f["customer"] = object{"name": "Han Meimei", "phone": phone() + "转1234", "locale": locale, "email": address}
			o := place(t, f)
			var mail []letter
			eventually(t, "the confirmation of "+o.number, func() (any, bool) {
				mail = letters(t, address)
				return mail, len(mail) > 0
			})
			require.Contains(t, mail[0].Subject, o.number)
			require.Contains(t, mail[0].Text, fmt.Sprintf(says, o.number))
			require.Contains(t, mail[0].Text, "龙井茶礼盒")
			require.Contains(t, mail[0].Text, "¥140.00")
			require.Empty(t, book(t, "sms", o.number))
			o.awaitReady()
		})
	}
}

func TestALostShortMessageIsSentOnce(t *testing.T) {
	t.Parallel()
	o := place(t, typed(line("TEA-001", 1, "128.00")))
	confirmed(t, o)
	o.awaitReady()
	misbehave(t, "sms", "send", "error_after", o.number, 1)
	shipment, label := o.pack()
	o.handOver(shipment, label).want(http.StatusOK)
	o.reported(label, "delivered", object{"proof": true})
	o.closes()
	eventually(t, "the news of the parcel to be taken as sent", func() (any, bool) {
		left := scalar[int](t, `SELECT count(*) FROM outbox WHERE order_number = $1 AND status = 'pending'`, o.number)
		return left, left == 0
	})
	sent := book(t, "sms", o.number)
	require.Len(t, sent, 2)
	require.Contains(t, sent[1].Text, label)
}
