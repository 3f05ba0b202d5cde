package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

func TestAPaymentHasTheStatusThatPeopleWouldGiveIt(t *testing.T) {
	t.Parallel()
	for status, p := range map[string]orders.Payment{
		"authorising":        {Status: orders.PaymentAuthorising},
		"declined":           {Status: orders.PaymentDeclined},
		"authorised":         {Status: orders.PaymentAuthorised},
		"released":           {Status: orders.PaymentReleased},
		"partially_captured": {Status: orders.PaymentAuthorised, Captured: money.New(1, "CNY")},
		"captured":           {Status: orders.PaymentAuthorised, Captured: money.New(100, "CNY")},
		"partially_refunded": {Status: orders.PaymentAuthorised, Captured: money.New(100, "CNY"), Refunded: money.New(1, "CNY")},
		"refunded":           {Status: orders.PaymentAuthorised, Captured: money.New(100, "CNY"), Refunded: money.New(100, "CNY")},
	} {
		b := setup(t)
		p.Amount = money.New(100, "CNY")
		b.view.Order.Payments = []orders.Payment{p}
		o := read[struct{ Payments []struct{ Status string } }](t, b.send(t, request{method: "GET", path: posted + "/" + known}).Body.Bytes())
		require.Equal(t, status, o.Payments[0].Status)
	}
}

func TestWhatAnOrderNeedsIsSaidInSentences(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][]string{
		"en": {
			"Line L1: the price differs from the list price by +12%.", "Please check this (code brand_new).",
			"The payment was declined. Ask the customer to pay another way, then retry.", "A signal could not be read and was ignored.",
		},
		"zh-CN": {
			"明细 L1：成交价与目录价相差 +12%。", "请核查此项（代码 brand_new）。", "付款被拒绝。请客户更换付款方式后重试。", "收到无法读取的信号，已忽略。",
		},
	} {
		b := setup(t)
		b.view.Order.Review.Findings = []orders.Finding{{Code: "price_deviation", LineID: "L1", Detail: "+12%"}}
		b.view.Order.Findings = []orders.Finding{{Code: "brand_new"}}
		b.view.Order.Incidents = []orders.Incident{{Code: orders.CodeUnreadable, At: noon}}
		type said []struct{ Message string }
		o := read[struct{ Findings, Attention, Incidents said }](t, b.send(t, request{method: "GET", path: posted + "/" + known, language: language}).Body.Bytes())
		var sentences []string
		for _, list := range []said{o.Findings, o.Attention, o.Incidents} {
			for _, s := range list {
				sentences = append(sentences, s.Message)
			}
		}
		require.Equal(t, want, sentences)
	}
}

func TestProbesMayAskForTheStatusAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/healthz", "/livez"} {
		rec := b.send(t, request{method: "HEAD", path: path})
		require.Equal(t, http.StatusOK, rec.Code)
		require.Empty(t, rec.Body.String())
	}
	b.unwell = orders.ErrUnavailable
	require.Equal(t, http.StatusServiceUnavailable, b.send(t, request{method: "HEAD", path: "/healthz"}).Code)
}

func TestTheSchemeOfATokenMayBeWrittenInAnyCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, scheme := range []string{"bearer", "BEARER"} {
		rec := b.send(t, request{method: "GET", path: posted, header: map[string]string{"Authorization": scheme + " token of clerk"}})
		require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	}
	rec := b.send(t, request{method: "GET", path: posted, header: map[string]string{"Authorization": "Basic token of clerk"}})
	require.Equal(t, http.StatusUnauthorized, rec.Code)
}
