package client

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Order is what the API shows of an order, as far as its drivers look at it.
type Order struct {
	Number       string        `json:"number"`
	Version      int64         `json:"version"`
	Stage        string        `json:"stage"`
	UpdatedAt    time.Time     `json:"updated_at"`
	Flags        []string      `json:"flags"`
	Survivor     string        `json:"survivor"`
	Findings     []Finding     `json:"findings"`
	Payments     []Payment     `json:"payments"`
	Reservations []Reservation `json:"reservations"`
	Shipments    []Shipment    `json:"shipments"`
	Appointments []Appointment `json:"appointments"`
	Voids        []Void        `json:"voids"`
	Attention    []Attention   `json:"attention"`
	Allowed      []Allowed     `json:"allowed_actions"`
	Links        struct {
		Temporal string `json:"temporal"`
	} `json:"links"`
}

// Finding is something that a person should see.
type Finding struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Payment is one payment of the customer.
type Payment struct {
	Status string `json:"status"`
}

// Reservation is what a warehouse holds for a line.
type Reservation struct {
	Quantity int64 `json:"quantity"`
}

// Shipment is a parcel.
type Shipment struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Booking  string `json:"booking"`
	Label    string `json:"label"`
	Tracking string `json:"tracking_number"`
}

// Appointment is a service visit.
type Appointment struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// Attention is a task that is parked.
type Attention struct {
	Task   string `json:"task"`
	Reason string `json:"reason"`
}

// Allowed says whether the reader may do something now.
type Allowed struct {
	Action  string `json:"action"`
	Allowed bool   `json:"allowed"`
}

// May tells whether the reader may do the action now.
func (o *Order) May(action string) bool {
	return slices.Contains(o.Allowed, Allowed{action, true})
}

// Packable tells whether the order is paid and something is reserved for it.
func (o *Order) Packable() bool {
	unpaid := slices.ContainsFunc(o.Payments, func(p Payment) bool {
		return !slices.Contains([]string{"authorised", "partially_captured", "captured"}, p.Status)
	})
	return !unpaid && len(o.Payments) > 0 && len(o.Reservations) > 0
}

// Shipment returns the shipment with the ID, or an empty one.
func (o *Order) Shipment(id string) Shipment {
	for _, s := range o.Shipments {
		if s.ID == id {
			return s
		}
	}
	return Shipment{}
}

// Parked tells whether the order is parked for the reason.
func (o *Order) Parked(reason string) bool {
	return slices.ContainsFunc(o.Attention, func(a Attention) bool { return a.Reason == reason })
}

// Found tells whether the order has a finding of the code.
func (o *Order) Found(code string) bool {
	return slices.ContainsFunc(o.Findings, func(f Finding) bool { return f.Code == code })
}

// Void is what the API shows of a void, as far as its drivers look at it.
type Void struct {
	ID     string `json:"void_id"`
	Status string `json:"status"`
	Steps  []Step `json:"steps"` // not in the order's own list
}

// Step is one consequence of a void.
type Step struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	State   string `json:"state"`
	End     string `json:"end"`
	Outcome string `json:"outcome"`
}

// Step returns the last step of the kind, or an empty one.
func (v *Void) Step(kind string) Step {
	for _, s := range slices.Backward(v.Steps) {
		if s.Kind == kind {
			return s
		}
	}
	return Step{}
}

// Answer is the answer to a command.
type Answer struct {
	Status     string `json:"status"` // accepted or pending
	CommandID  string `json:"command_id"`
	Number     string `json:"number"`
	Version    int64  `json:"version"`
	Stage      string `json:"stage"`
	ShipmentID string `json:"shipment_id"`
	PurchaseID string `json:"purchase_id"`
	VoidID     string `json:"void_id"`
}

// Read returns the order as the role sees it.
func (c *Client) Read(ctx context.Context, role, number string) (*Order, error) {
	order := &Order{}
	return order, c.Get(ctx, role, "/orders/"+number, order)
}

// outcome is what the API knows of a command.
type outcome struct {
	Status  string   `json:"status"` // pending, accepted or refused
	Answer  *Answer  `json:"answer"`
	Problem *Refusal `json:"problem"`
}

// Command sends a command, and waits for its outcome where the first answer is that there is none yet. The error of a
// refusal is a *Refusal.
func (c *Client) Command(ctx context.Context, role, path string, body any) (Answer, error) {
	var answer Answer
	if err := c.Post(ctx, role, path, body, &answer); err != nil || answer.Status != "pending" {
		return answer, err
	}
	const first, longest = 100 * time.Millisecond, time.Second
	for wait := first; ; wait = min(2*wait, longest) {
		if err := pause(ctx, wait); err != nil {
			return answer, fmt.Errorf("wait for the outcome of POST %s: %w", path, err)
		}
		var now outcome
		err := c.Get(ctx, role, "/commands/"+answer.CommandID, &now)
		switch {
		case err != nil:
			return answer, err
		case now.Problem != nil:
			return answer, fmt.Errorf("POST %s: %w", path, now.Problem)
		case now.Answer != nil:
			return *now.Answer, nil
		}
	}
}

// Await reads the order every so often until it is as wanted. When the context ends it returns the order as it was last.
func (c *Client) Await(ctx context.Context, role, number string, every time.Duration, is func(*Order) bool) (*Order, error) {
	last := &Order{Number: number}
	for {
		order, err := c.Read(ctx, role, number)
		if err == nil {
			last = order
		}
		switch {
		case err == nil && is(order):
			return order, nil
		case err != nil && ctx.Err() == nil:
			return last, err
		}
		if err := pause(ctx, every); err != nil {
			return last, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
