package notices

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"amends/money"
	"amends/orders"

	"github.com/bojanz/currency"
)

// china is Asia/Shanghai, which has had one offset since 1991; so no time zone database is needed to tell a customer
// an hour.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// functions are what the templates of one language may call.
func functions(language string) template.FuncMap {
	return template.FuncMap{
		"money":    func(a money.Amount) string { return formatMoney(a, language) },
		"day":      func(at time.Time) string { return formatDay(at, language) },
		"span":     func(from, to time.Time) string { return formatSpan(from, to, language) },
		"reason":   func(code string) string { return formatReason(code, language) },
		"contents": func(lines []orders.MessageLine) string { return formatContents(lines, language) },
		"line":     oneLine,
		// of a void
		"why":          func(code string) string { return wordsFor(voidReasons[language], code) },
		"houseWhy":     func(code string) string { return wordsFor(houseReasons[language], code) },
		"moneyTold":    moneyTold,
		"parcels":      func(trackings []string) string { return formatParcels(trackings, language) },
		"regretted":    func(code string) bool { return slices.Contains(regretted, code) },
		"alternatives": func(codes []string) string { return formatAlternatives(codes, language) },
		"byHand":       func(kinds []string) []string { return known(byHand[language], kinds) },
		"bySystem":     func(kinds []string) []string { return known(bySystem[language], kinds) },
	}
}

// formatMoney writes the amount with its currency as people of the language do: ¥128.50, CN¥128.50.
func formatMoney(a money.Amount, language string) string {
	amount, err := currency.NewAmount(a.Decimal(), a.Currency)
	if err != nil {
		return a.String()
	}
	return currency.NewFormatter(currency.NewLocale(language)).Format(amount)
}

func formatDay(at time.Time, language string) string {
	if language == "en" {
		return at.In(china).Format("2 January 2006")
	}
	return at.In(china).Format("2006年1月2日")
}

// formatSpan writes a visit's time in Chinese time; the day is said twice only where it differs.
func formatSpan(from, to time.Time, language string) string {
	separator := " "
	if language == "en" {
		separator = ", "
	}
	start := formatDay(from, language) + separator + from.In(china).Format("15:04")
	end := to.In(china).Format("15:04")
	if formatDay(from, language) != formatDay(to, language) {
		end = formatDay(to, language) + separator + end
	}
	if language == "en" {
		return start + "–" + end + " (China time)"
	}
	return start + "–" + end
}

// mostContents is how many lines of a parcel a short message names.
const mostContents = 3

// formatContents lists what is in a parcel within a sentence.
func formatContents(lines []orders.MessageLine, language string) string {
	separator, more := "、", "等"
	if language == "en" {
		separator, more = ", ", " and more"
	}
	var parts []string
	for _, l := range lines[:min(len(lines), mostContents)] {
		parts = append(parts, fmt.Sprintf("%s × %d", oneLine(l.Name), l.Quantity))
	}
	text := strings.Join(parts, separator)
	if len(lines) > mostContents {
		text += more
	}
	return text
}

// oneLine keeps a name from breaking the shape of a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// reasons says why an order cannot be accepted. What is only suspected is not told.
var reasons = map[string]map[string]string{
	"zh-CN": {
		"customer_request":    "应您的要求取消",
		"customer_change":     "您更改了需求",
		"duplicate":           "该订单与您的另一笔订单重复",
		"out_of_stock":        "商品缺货",
		"price_error":         "价格有误",
		"invalid":             "订单信息不完整或无效",
		"information_error":   "订单信息有误",
		"credit_refused":      "信用额度不足",
		"payment_failed":      "付款未成功",
		"service_unavailable": "该服务目前无法提供",
		"":                    "订单未能通过审核",
	},
	"en": {
		"customer_request":    "it was cancelled as you asked",
		"customer_change":     "you changed your request",
		"duplicate":           "it repeats another order of yours",
		"out_of_stock":        "the goods are out of stock",
		"price_error":         "a price in it was wrong",
		"invalid":             "some of its information was missing or invalid",
		"information_error":   "some of its information was wrong",
		"credit_refused":      "it is above your credit limit",
		"payment_failed":      "the payment did not succeed",
		"service_unavailable": "the service is not available at present",
		"":                    "it did not pass our review",
	},
}

func formatReason(code, language string) string { return wordsFor(reasons[language], code) }

// wordsFor falls back to what may be said of anything.
func wordsFor(words map[string]string, code string) string {
	if text, ok := words[code]; ok {
		return text
	}
	return words[""]
}
