// Package activities holds the side effects of orders: everything an order's workflow does to the world, one struct per
// collaborator. Each is safe to run again with the same arguments.
package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"amends/internal/failpoint"
	"amends/orders"
)

// Types of application errors. Business refusals have their code as their type instead.
const (
	TypeUnreachable = orders.ReasonUnreachable // retried
	TypeDiverged    = "diverged"               // the database and the history disagree: not retried
	TypeFenced      = "fenced"                 // a later workflow task has recorded: not retried
	TypeInvalid     = orders.ReasonInvalid     // the database refuses the value: not retried
)

// translate is the one place that decides which errors Temporal must not retry. Its messages carry codes only: they
// stand in histories for years, and texts from outside may name people.
func translate(err error) error {
	var refused *orders.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return temporal.NewNonRetryableApplicationError("refused", refused.Code, nil)
	case errors.Is(err, orders.ErrDiverged):
		return temporal.NewNonRetryableApplicationError(orders.ErrDiverged.Error(), TypeDiverged, nil)
	case errors.Is(err, orders.ErrFenced):
		return temporal.NewNonRetryableApplicationError(orders.ErrFenced.Error(), TypeFenced, nil)
	case errors.Is(err, orders.ErrImpossible):
		return temporal.NewNonRetryableApplicationError(orders.ErrImpossible.Error(), TypeInvalid, nil)
	}
	return temporal.NewApplicationError("no answer", TypeUnreachable)
}

// Recorder is what Records needs of the database.
type Recorder interface {
	RecordTransitions(ctx context.Context, t orders.Transitions) error
	ReviewFacts(ctx context.Context, q orders.ReviewQuestion) (orders.ReviewFacts, error)
}

// Records writes the history of orders into the database and reads what a review must know.
type Records struct{ db Recorder }

// NewRecords returns the activities over a database.
func NewRecords(db Recorder) *Records { return &Records{db} }

// RecordTransitions makes the database's account of an order equal to the workflow's.
func (r *Records) RecordTransitions(ctx context.Context, t orders.Transitions) error {
	failpoint.Hit(failpoint.BeforeRecord, t.Order.Number)
	err := r.db.RecordTransitions(ctx, t)
	failpoint.Hit(failpoint.AfterRecord, t.Order.Number)
	return translate(err)
}

// ReviewFacts answers what the checks of a review ask.
func (r *Records) ReviewFacts(ctx context.Context, q orders.ReviewQuestion) (orders.ReviewFacts, error) {
	facts, err := r.db.ReviewFacts(ctx, q)
	return facts, translate(err)
}

// StockBook is what Stock needs of the database.
type StockBook interface {
	ReserveStock(ctx context.Context, r orders.StockRequest) (orders.StockAnswer, error)
	ReleaseStock(ctx context.Context, m orders.StockMove) error
	ShipStock(ctx context.Context, m orders.StockMove) error
	StopParcel(ctx context.Context, p orders.ParcelStop) (orders.StockAnswer, error)
	ReturnStock(ctx context.Context, r orders.StockReturn) error
}

// Stock moves quantities in the stock book.
type Stock struct{ book StockBook }

// NewStock returns the activities over a stock book.
func NewStock(book StockBook) *Stock { return &Stock{book} }

// ReserveStock holds what the lines want as far as there is any, and queues for the rest.
func (s *Stock) ReserveStock(ctx context.Context, r orders.StockRequest) (orders.StockAnswer, error) {
	failpoint.Hit(failpoint.BeforeReserve, r.Key)
	answer, err := s.book.ReserveStock(ctx, r)
	failpoint.Hit(failpoint.AfterReserve, r.Key)
	return answer, translate(err)
}

// ReleaseStock ends all that the order holds or waits for.
func (s *Stock) ReleaseStock(ctx context.Context, m orders.StockMove) error {
	failpoint.Hit(failpoint.BeforeRelease, m.Key)
	err := s.book.ReleaseStock(ctx, m)
	failpoint.Hit(failpoint.AfterRelease, m.Key)
	return translate(err)
}

// ShipStock takes a shipment's goods out of the book.
func (s *Stock) ShipStock(ctx context.Context, m orders.StockMove) error {
	failpoint.Hit(failpoint.BeforeShip, m.Key)
	err := s.book.ShipStock(ctx, m)
	failpoint.Hit(failpoint.AfterShip, m.Key)
	return translate(err)
}

// StopParcel keeps a packed parcel in the house, or answers that it has left.
func (s *Stock) StopParcel(ctx context.Context, p orders.ParcelStop) (orders.StockAnswer, error) {
	failpoint.Hit(failpoint.BeforeStop, p.Stock.Key)
	answer, err := s.book.StopParcel(ctx, p)
	failpoint.Hit(failpoint.AfterStop, p.Stock.Key)
	return answer, translate(err)
}

// ReturnStock books goods that came back.
func (s *Stock) ReturnStock(ctx context.Context, r orders.StockReturn) error {
	failpoint.Hit(failpoint.BeforeReturn, r.Key)
	err := s.book.ReturnStock(ctx, r)
	failpoint.Hit(failpoint.AfterReturn, r.Key)
	return translate(err)
}

// Diary is what Calendar needs of the database.
type Diary interface {
	FreeSlots(ctx context.Context, order string, slots []string) error
}

// Calendar gives up technicians' time.
type Calendar struct{ diary Diary }

// NewCalendar returns the activities over a calendar.
func NewCalendar(diary Diary) *Calendar { return &Calendar{diary} }

// FreeSlots gives back time that an order had claimed.
func (c *Calendar) FreeSlots(ctx context.Context, order string, slots []string) error {
	failpoint.Hit(failpoint.BeforeFreeSlots, order)
	err := c.diary.FreeSlots(ctx, order, slots)
	failpoint.Hit(failpoint.AfterFreeSlots, order)
	return translate(err)
}

// Journal is what Ledger needs of the database.
type Journal interface {
	Post(ctx context.Context, p orders.Posting) error
}

// Ledger posts to the double-entry ledger.
type Ledger struct{ journal Journal }

// NewLedger returns the activities over a ledger.
func NewLedger(journal Journal) *Ledger { return &Ledger{journal} }

// Post moves an amount between two accounts, once per key.
func (l *Ledger) Post(ctx context.Context, p orders.Posting) error {
	failpoint.Hit(failpoint.BeforePost, p.Key)
	err := l.journal.Post(ctx, p)
	failpoint.Hit(failpoint.AfterPost, p.Key)
	return translate(err)
}
