package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"amends/internal/client"
)

// readers are the roles that take turns at reading, so that nobody comes near the rate limit of one person.
var readers = []string{"viewer", "auditor", "buyer", "finance", "reviewer"}

// lives drives orders through their whole lives over HTTP.
type lives struct {
	http      *client.Client
	answers   latencies
	serial    atomic.Int64
	mu        sync.Mutex
	paces     map[int]*paces // by lives in flight
	completed []string
}

// paces are those of the three steps of a life that are waited for.
type paces struct{ packable, labelled, closed pace }

func newLives(api, sandbox string, tokens map[string]string) *lives {
	return &lives{
		http:    client.New(api, sandbox, tokens, 256),
		answers: latencies{all: map[latencyKey][]time.Duration{}},
		paces:   map[int]*paces{},
	}
}

func (l *lives) pace(inFlight int) *paces {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paces[inFlight] == nil {
		l.paces[inFlight] = &paces{}
	}
	return l.paces[inFlight]
}

// stockUp brings in more than all lives can take.
func (l *lives) stockUp(ctx context.Context) error {
	return l.http.Post(ctx, "warehouse", "/stock/receipts", map[string]any{
		"sku": "TEA-001", "warehouse": "SZ", "quantity": 1_000_000, "reference": "bench",
	}, nil)
}

// live lives one order: created, passed by rule, paid, packed, handed over, delivered with proof, closed.
func (l *lives) live(ctx context.Context, inFlight int) error {
	serial := l.serial.Add(1)
	creator := []string{"clerk", "manager"}[serial%2]
	var placed client.Answer
	err := l.answers.time("create", inFlight, func() (err error) {
		placed, err = l.http.Command(ctx, creator, "/orders", form(serial))
		return err
	})
	if err != nil {
		return during("create", err)
	}
	order := &life{lives: l, number: placed.Number, version: placed.Version, serial: serial}
	if err := order.pass(ctx, inFlight); err != nil {
		return during(placed.Number, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.completed = append(l.completed, placed.Number)
	return nil
}

// form is an order of a customer nobody knows, so that it resembles no other.
func form(serial int64) map[string]any {
	phone := fmt.Sprintf("139%08d", serial)
	address := map[string]any{
		"province": "广东省", "city": "深圳市", "district": "南山区", "street": "粤海街道", "detail": fmt.Sprintf("科技园路 %d 号", serial),
	}
	return map[string]any{
		"customer":           map[string]any{"name": "李雷", "phone": phone},
		"ship_to":            map[string]any{"name": "李雷", "phone": phone, "address": address},
		"customer_reference": fmt.Sprintf("BENCH-%d", serial), "currency": "CNY",
		"lines":    []any{map[string]any{"sku": "TEA-001", "quantity": 1 + serial%5, "unit_price": "128.00"}},
		"delivery": map[string]any{"method": "express", "fee": "12.00"},
		"terms":    map[string]any{"payment": "prepaid", "after_sales_days": 0},
	}
}

// life is one order on its way.
type life struct {
	lives   *lives
	number  string
	version int64
	serial  int64
	order   *client.Order
}

func (o *life) pass(ctx context.Context, inFlight int) error {
	l, wait := o.lives, o.lives.pace(inFlight)
	if err := wait.packable.await(ctx, o.is(ctx, (*client.Order).Packable)); err != nil {
		return during("wait until it may be packed", err)
	}
	packed, err := o.do(ctx, inFlight, "ship", "/shipments", map[string]any{"carrier": "SF"})
	if err != nil {
		return err
	}
	id := packed.ShipmentID
	labelled := func(order *client.Order) bool { return order.Shipment(id).Label != "" }
	if err := wait.labelled.await(ctx, o.is(ctx, labelled)); err != nil {
		return during("wait for the label", err)
	}
	tracking := o.order.Shipment(id).Label
	_, err = o.do(ctx, inFlight, "hand-over", "/shipments/"+id+"/hand-over", map[string]any{
		"tracking_number": tracking, "handed_over_at": time.Now().UTC(),
	})
	if err != nil {
		return err
	}
	event := map[string]any{"status": "delivered", "proof": map[string]any{"signed_by": "本人"}}
	if err := l.http.Control(ctx, "/carrier/"+tracking+"/events", event); err != nil {
		return during("deliver", err)
	}
	closed := func(order *client.Order) bool { return order.Stage == "closed" }
	return during("wait for the end", wait.closed.await(ctx, o.is(ctx, closed)))
}

// do sends a command of the warehouse and keeps how long its answer took.
func (o *life) do(ctx context.Context, inFlight int, kind, path string, body map[string]any) (answer client.Answer, err error) {
	body["expected_version"] = o.version
	err = o.lives.answers.time(kind, inFlight, func() (err error) {
		answer, err = o.lives.http.Command(ctx, "warehouse", "/orders/"+o.number+path, body)
		return err
	})
	o.version = answer.Version
	return answer, during(kind, err)
}

func (o *life) is(ctx context.Context, wanted func(*client.Order) bool) func() (bool, error) {
	return func() (yes bool, err error) {
		reader := readers[int(o.serial)%len(readers)]
		o.order, err = o.lives.http.Read(ctx, reader, o.number)
		return err == nil && wanted(o.order), err
	}
}

func (l *lives) samples() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.completed)
}

// since returns an even sample of the orders completed after the first n.
func (l *lives) since(n int) []string {
	const most = 40
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := l.completed[n:]
	var sample []string
	for i := 0; i < len(fresh); i += max(1, len(fresh)/most) {
		sample = append(sample, fresh[i])
	}
	return sample
}
