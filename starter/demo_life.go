package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"amends/internal/client"
)

// stepWithin is how long an order may take for one step that needs nobody.
const stepWithin = 30 * time.Second

// demoScenario is a kind of life: what it is called, how it is lived, and where it must end.
type demoScenario struct {
	zh, en string
	stage  string
	flags  []string
	lives  func(*demoLife) error
	first  *demoScenario // lived before it by the same customer
}

// demoResult is where a life ended, and what was wrong with it.
type demoResult struct {
	scenario demoScenario
	order    client.Order
	err      error
}

// live lives the order, and the one that comes before it for the same customer where there is one.
func (s demoScenario) live(ctx context.Context, c *client.Client, signal signaller) []demoResult {
	life := &demoLife{ctx: ctx, client: c, signal: signal, phone: anyPhone(), reference: fmt.Sprintf("DEMO-%08d", rand.IntN(1e8))}
	if s.first == nil {
		return []demoResult{s.follow(life)}
	}
	first := *life
	result := s.first.follow(&first)
	life.survivor = first.number
	return []demoResult{result, s.follow(life)}
}

// follow lives one order and compares its end with what was expected.
func (s demoScenario) follow(life *demoLife) demoResult {
	life.seen = &client.Order{}
	err := s.lives(life)
	if err == nil {
		err = life.await("stage "+s.stage+" "+strings.Join(s.flags, ","), func(o *client.Order) bool {
			return o.Stage == s.stage && slices.Equal(o.Flags, s.flags)
		})
	}
	return demoResult{scenario: s, order: *life.seen, err: err}
}

// signaller sends a signal to an order's workflow, as an operator does in the Web UI.
type signaller func(ctx context.Context, number, name string, input any) error

// demoLife drives one order.
type demoLife struct {
	ctx       context.Context
	client    *client.Client
	signal    signaller
	phone     string
	reference string
	survivor  string // the order that this one repeats
	locale    string
	number    string
	seen      *client.Order
}

// anyPhone makes a customer that nobody knows, so that lives of one run or of many look alike to nobody.
func anyPhone() string {
	prefix := []string{"135", "136", "138", "139", "150", "158", "186", "188"}[rand.IntN(8)]
	return fmt.Sprintf("%s%08d", prefix, rand.IntN(1e8))
}

// body is what JSON objects are made of.
type body = map[string]any

func goods(sku string, quantity int64, price string) body {
	return body{"sku": sku, "quantity": quantity, "unit_price": price}
}

// service is a visit of two hours some time within the coming weeks. Where nobody is free the order asks for the
// nearest time that is.
func service(sku, price string) body {
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2+rand.IntN(90))
	from := day.Add(time.Duration(1+rand.IntN(8)) * time.Hour) // 9 to 16 o'clock in China
	return body{"sku": sku, "quantity": 1, "unit_price": price, "appointment": client.Slot{From: from, To: from.Add(2 * time.Hour)}}
}

// form is a whole order. The days are those of the after-sales window.
func (l *demoLife) form(days int, lines ...body) body {
	name, address := "李雷", body{
		"province": "广东省", "city": "深圳市", "district": "南山区", "street": "粤海街道", "detail": "科技园路 1 号",
	}
	if l.locale == "en" {
		name = "Alice Green"
	}
	return body{
		"customer":           body{"name": name, "phone": l.phone, "locale": l.locale},
		"ship_to":            body{"name": name, "phone": l.phone, "address": address},
		"customer_reference": l.reference, "currency": "CNY", "lines": lines,
		"delivery": body{"method": "express", "fee": "12.00"},
		"terms":    body{"payment": "prepaid", "after_sales_days": days},
	}
}

// place creates the order. A visit that nobody can make is moved to the nearest time that is offered.
func (l *demoLife) place(days int, lines ...body) error {
	form := l.form(days, lines...)
	for {
		answer, err := l.client.Command(l.ctx, "clerk", "/orders", form)
		if err == nil {
			l.number = answer.Number
			l.seen = &client.Order{Number: answer.Number, Version: answer.Version, Stage: answer.Stage}
			return nil
		}
		var refusal *client.Refusal
		if !errors.As(err, &refusal) || refusal.Code != "slot_taken" || refusal.Nearest == nil {
			return err
		}
		for _, line := range lines {
			if line["appointment"] != nil {
				line["appointment"] = *refusal.Nearest
			}
		}
	}
}

// await reads the order as the warehouse sees it until it is as wanted.
func (l *demoLife) await(what string, is func(*client.Order) bool) error {
	ctx, cancel := context.WithTimeout(l.ctx, stepWithin)
	defer cancel()
	order, err := l.client.Await(ctx, "warehouse", l.number, 60*time.Millisecond, is)
	l.seen = order
	if err != nil {
		return fmt.Errorf("expected %s, found stage %s %s, parked %v, findings %v: %w",
			strings.TrimSpace(what), order.Stage, strings.Join(order.Flags, ","), order.Attention, order.Findings, err)
	}
	return nil
}

func (l *demoLife) stage(stage string) error {
	return l.await("stage "+stage, func(o *client.Order) bool { return o.Stage == stage })
}

func (l *demoLife) parked(reason string) error {
	return l.await("parked: "+reason, func(o *client.Order) bool { return o.Parked(reason) })
}

func (l *demoLife) found(code string) error {
	return l.await("finding "+code, func(o *client.Order) bool { return o.Found(code) })
}

// do sends a command with the version that was seen last.
func (l *demoLife) do(role, command string, fields body) (client.Answer, error) {
	sent := body{"expected_version": l.seen.Version}
	for name, value := range fields {
		sent[name] = value
	}
	answer, err := l.client.Command(l.ctx, role, "/orders/"+l.number+"/"+command, sent)
	if err == nil {
		l.seen.Version = answer.Version
	}
	return answer, err
}

// then is do for commands whose answer says nothing that is needed.
func (l *demoLife) then(role, command string, fields body) error {
	_, err := l.do(role, command, fields)
	return err
}

// inTurn does one step after the other until one goes wrong.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
