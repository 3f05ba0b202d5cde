package rest

import (
	"context"

	"amends/api/intake"
	"amends/orders"
)

// Commands takes in what people ask for and brings it to the orders.
type Commands interface {
	// Submit records and delivers a command. It returns orders.ErrNotFound for an unknown order, orders.ErrKeyReused,
	// *orders.SlotTakenError and orders.ErrUnavailable. A refusal by the order is no error but an outcome.
	Submit(ctx context.Context, s orders.Submission) (orders.Receipt, error)
	// Replay returns what is known of an earlier submission with the same actor, route and key, or orders.ErrNotFound.
	// It returns orders.ErrKeyReused where the fingerprint is another one.
	Replay(ctx context.Context, s orders.Submission) (orders.Receipt, error)
	// Command returns what is known of a command that the actor may see, or orders.ErrNotFound.
	Command(ctx context.Context, id string, actor orders.Actor) (orders.Receipt, error)
	// Healthy returns nil when Temporal answers and a worker polls the task queue of orders.
	Healthy(ctx context.Context) error
}

// OrderReads answers questions about orders. Unknown orders are orders.ErrNotFound.
type OrderReads interface {
	Order(ctx context.Context, number string) (orders.OrderView, error)
	Orders(ctx context.Context, query orders.OrderQuery) (orders.OrderPage, error)
	Timeline(ctx context.Context, number string, before int64, limit int) ([]orders.TimelineEntry, error)
	// TrackingInUse tells whether a parcel of another order has the tracking number.
	TrackingInUse(ctx context.Context, tracking, order string) (bool, error)
}

// Records keeps what staff write down beside an order's commands.
type Records interface {
	AddNote(ctx context.Context, number string, note orders.NoteView) error
	AddContact(ctx context.Context, number string, contact orders.ContactView) error
	// Audit writes a row that names a command once, however often it is called.
	Audit(ctx context.Context, row orders.AuditRow) error
}

// Stock is the book of stock.
type Stock interface {
	StockLevels(ctx context.Context, sku string) ([]orders.StockLevel, error)
	// ReceiveStock returns false for a key that was booked before.
	ReceiveStock(ctx context.Context, receipt orders.GoodsReceipt) (isNew bool, err error)
}

// Outside is where events of providers are stored before anything else happens to them, and where callers are known
// by the digest of their token.
type Outside interface {
	// StoreWebhook returns false for an event that was stored before.
	StoreWebhook(ctx context.Context, webhook orders.Webhook) (isNew bool, err error)
	// UnmatchedWebhooks lists the events that belong to no order yet, the newest first.
	UnmatchedWebhooks(ctx context.Context, cursor string, limit int) (orders.WebhookPage, error)
	StaffByToken(ctx context.Context, sha256 []byte) (orders.Staff, error)
	// Ready returns nil when the database is migrated and seeded.
	Ready(ctx context.Context) error
}

// Database is everything the API reads and writes by itself.
type Database interface {
	OrderReads
	Records
	Stock
	Outside
	intake.Catalogue
}
