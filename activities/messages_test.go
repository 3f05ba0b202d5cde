package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"amends/activities"
	"amends/gateway"
	"amends/gateway/notices"
	"amends/orders"
)

// Order is an order of which the whole is being voided.
func (b *book) Order(_ context.Context, number string) (orders.OrderView, error) {
	if b.breaks("order") {
		return orders.OrderView{}, errBroken
	}
	o := orders.Order{Number: number, Draft: orders.Draft{ContactID: "c", Contact: orders.ContactFacts{Locale: "zh-CN"}}}
	if !b.breaks("amendment") {
		request := orders.VoidRequest{VoidWish: orders.VoidWish{ReasonCode: "out_of_stock"}}
		o.Amendments = []orders.Amendment{{ID: "ZF1", Kind: orders.KindVoid, Status: orders.Running, Whole: true, Request: request}}
	}
	return orders.OrderView{Order: o}, nil
}

// letters takes e-mail, breaking as often as it is told to.
type letters struct {
	breaks int
	sent   []letter
}

type letter struct {
	key, body string
	to        []string
}

func (l *letters) SendTo(_ context.Context, m orders.Message, addresses []string) error {
	if l.breaks > 0 {
		l.breaks--
		return errBroken
	}
	_, body, err := notices.Mail(m)
	l.sent = append(l.sent, letter{m.Key, body, addresses})
	return err
}

func (b *bench) messages() *activities.Messages { return b.messagesBy(&letters{}) }

func (b *bench) messagesBy(mail *letters) *activities.Messages {
	b.Helper()
	messenger, err := gateway.NewMessenger(gateway.NewSMS(b.world.URL+"/sms", time.Second), mail, nil)
	require.NoError(b, err)
	return activities.NewMessages(b.book, messenger, "山茶商行")
}

func (b *bench) telling(template string, departments ...string) activities.Telling {
	return activities.Telling{
		Key: b.order + "/ZF1/" + template + "/1", Order: b.order, Amendment: "ZF1", Template: template, Departments: departments,
	}
}

// tells is the effect of sending a message.
func (b *bench) tells(t activities.Telling, send func(context.Context, activities.Telling) (orders.EffectOutcome, error)) effect {
	return effect{"sms", "send", "sent", t.Key, func(ctx context.Context) (orders.EffectOutcome, error) { return send(ctx, t) }}
}

func TestACustomerIsToldOnceTheVoidIsRecorded(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	b.book.broken = []string{"order", "amendment", "contact"}
	outcome, attempts, err := b.persist(b.tells(b.telling(orders.TemplateVoided), b.messages().TellCustomer))
	require.NoError(t, err)
	require.Equal(t, 4, attempts)
	require.Equal(t, orders.EffectOutcome{Done: true, Reference: "sms"}, outcome)
	require.Equal(t, []string{"sent"}, b.entries("sms", b.order+"/ZF1/voided/1"))
}

func TestACustomerWhomNothingReachesIsARefusal(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	b.book.contact = &orders.Contact{Name: "李雷"}
	_, attempts, err := b.persist(b.tells(b.telling(orders.TemplateMoneyBack), b.messages().TellCustomer))
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, orders.RefusedRecipient, application.Type())
	require.True(t, application.NonRetryable())
	require.Equal(t, 1, attempts)
}

func TestACustomerWithoutATelephoneGetsALetter(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	b.book.contact = &orders.Contact{Name: "李雷", Email: "li@example.com"}
	mail := &letters{breaks: 2}
	outcome, attempts, err := b.persist(b.tells(b.telling(orders.TemplateVoided), b.messagesBy(mail).TellCustomer))
	require.NoError(t, err)
	require.Equal(t, 3, attempts)
	require.Equal(t, orders.EffectOutcome{Done: true, Reference: "email"}, outcome)
	require.Len(t, mail.sent, 1)
	require.Equal(t, []string{"li@example.com"}, mail.sent[0].to)
	require.Contains(t, mail.sent[0].body, "商品缺货")
}

func TestDepartmentsAreToldTogetherOrNotAtAll(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	mail := &letters{breaks: 1}
	told := b.tells(b.telling(orders.TemplateDepartments, "warehouse", "finance"), b.messagesBy(mail).TellDepartments)
	for range 2 {
		outcome, _, err := b.persist(told)
		require.NoError(t, err)
		require.Equal(t, orders.EffectOutcome{Done: true, Reference: "email"}, outcome)
	}
	require.Len(t, mail.sent, 1)
	require.Equal(t, told.key, mail.sent[0].key)
	require.Equal(t, []string{"warehouse@amends.example", "finance@amends.example"}, mail.sent[0].to)

	b.next(t, 2)
	_, _, err := b.persist(b.tells(b.telling(orders.TemplateDepartments, "warehouse", "kitchen"), b.messagesBy(mail).TellDepartments))
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, orders.RefusedRecipient, application.Type())
	require.Len(t, mail.sent, 1)
}
