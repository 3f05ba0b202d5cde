package workflows_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"amends/orders"
	"amends/store"
)

var errAway = errors.New("the database is away")

// database is the real one with a door that can be shut, and with a note of everything that the recorder wrote.
type database struct {
	*store.Store
	now    func() time.Time
	until  atomic.Pointer[time.Time] // when it comes back; nil: it is there
	before func()                    // happens before stock is reserved
	checks func()                    // happens before the review asks
	posts  func()                    // happens before something is posted
	stops  func()                    // happens after a parcel was stopped
	// recording happens before something is recorded
	recording func(t orders.Transitions)

	sync.Mutex
	recordings []orders.Transitions // successful ones
	asked      []orders.StockRequest
	failures   int
}

// rawJSON is an input that is JSON already.
type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// leave lets the database be away for a while from now on.
func (d *database) leave(outage time.Duration) time.Time {
	until := d.now().Add(outage)
	d.until.CompareAndSwap(nil, &until)
	return until
}

func (d *database) shut() error {
	if until := d.until.Load(); until == nil || !d.now().Before(*until) {
		return nil
	}
	d.Lock()
	defer d.Unlock()
	d.failures++
	return errAway
}

func (d *database) RecordTransitions(ctx context.Context, t orders.Transitions) error {
	if err := d.shut(); err != nil {
		return err
	}
	if d.recording != nil {
		d.recording(t)
	}
	if err := d.Store.RecordTransitions(ctx, t); err != nil {
		return err
	}
	d.Lock()
	defer d.Unlock()
	d.recordings = append(d.recordings, t)
	return nil
}

func (d *database) ReviewFacts(ctx context.Context, q orders.ReviewQuestion) (orders.ReviewFacts, error) {
	if err := d.shut(); err != nil {
		return orders.ReviewFacts{}, err
	}
	if d.checks != nil {
		d.checks()
	}
	return d.Store.ReviewFacts(ctx, q)
}

func (d *database) ReserveStock(ctx context.Context, r orders.StockRequest) (orders.StockAnswer, error) {
	if err := d.shut(); err != nil {
		return orders.StockAnswer{}, err
	}
	if d.before != nil {
		d.before()
	}
	d.asks(r)
	return d.Store.ReserveStock(ctx, r)
}

// asks notes a request of stock.
func (d *database) asks(r orders.StockRequest) {
	d.Lock()
	defer d.Unlock()
	d.asked = append(d.asked, r)
}

func (d *database) ReleaseStock(ctx context.Context, m orders.StockMove) error {
	if err := d.shut(); err != nil {
		return err
	}
	return d.Store.ReleaseStock(ctx, m)
}

func (d *database) ShipStock(ctx context.Context, m orders.StockMove) error {
	if err := d.shut(); err != nil {
		return err
	}
	return d.Store.ShipStock(ctx, m)
}

func (d *database) StopParcel(ctx context.Context, p orders.ParcelStop) (orders.StockAnswer, error) {
	if err := d.shut(); err != nil {
		return orders.StockAnswer{}, err
	}
	d.asks(p.Stock)
	answer, err := d.Store.StopParcel(ctx, p)
	if d.stops != nil {
		d.stops()
	}
	return answer, err
}

func (d *database) Post(ctx context.Context, p orders.Posting) error {
	if err := d.shut(); err != nil {
		return err
	}
	if d.posts != nil {
		d.posts()
	}
	return d.Store.Post(ctx, p)
}

func (d *database) ClaimEffect(ctx context.Context, e orders.Effect) (orders.EffectClaim, error) {
	if err := d.shut(); err != nil {
		return orders.EffectClaim{}, err
	}
	return d.Store.ClaimEffect(ctx, e)
}

func (d *database) SettleEffect(ctx context.Context, key string, outcome orders.EffectOutcome) error {
	if err := d.shut(); err != nil {
		return err
	}
	return d.Store.SettleEffect(ctx, key, outcome)
}

// written lists what the recorder wrote so far.
func (d *database) written() []orders.Transitions {
	d.Lock()
	defer d.Unlock()
	return append([]orders.Transitions(nil), d.recordings...)
}
