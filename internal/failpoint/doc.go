// Package failpoint names the places at which tests stop a process: before and after everything that another process
// could see half done. In ordinary builds Hit does nothing. Built with the tag failpoints it asks a file.
package failpoint

// Variable names the environment variable with the path of the file that arms points. Every line of the file is a mode
// (kill or freeze), a point, and how the key begins for which it is meant: "freeze record.after DD20261122-000001".
// Whoever stops notes it in a file of the same name with .hit at its end.
const Variable = "AMENDS_FAILPOINTS"

// Modes. Both act on the whole process, as kill -9 and a machine that stands still do.
const (
	Kill   = "kill"
	Freeze = "freeze"
)

// Points. The key is the effect's, the stock move's or the posting's, the order's number, or the order's number and the
// command's name.
const (
	BeforeClaim     = "effect.before_claim"
	AfterClaim      = "effect.after_claim"
	AfterCall       = "effect.after_call"
	AfterSettle     = "effect.after_settle"
	BeforeReserve   = "stock.before_reserve"
	AfterReserve    = "stock.after_reserve"
	BeforeRelease   = "stock.before_release"
	AfterRelease    = "stock.after_release"
	BeforeShip      = "stock.before_ship"
	AfterShip       = "stock.after_ship"
	BeforeStop      = "stock.before_stop"
	AfterStop       = "stock.after_stop"
	BeforeReturn    = "stock.before_return"
	AfterReturn     = "stock.after_return"
	BeforeFreeSlots = "calendar.before_free"
	AfterFreeSlots  = "calendar.after_free"
	BeforePost      = "ledger.before_post"
	AfterPost       = "ledger.after_post"
	BeforeRecord    = "record.before"
	AfterRecord     = "record.after"
	CommandAccepted = "command.accepted"  // written down, not delivered
	CommandAnswered = "command.delivered" // delivered, its outcome not written down
)
