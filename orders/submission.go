package orders

import "errors"

// Submission is one command of a signed-in actor, resolved and ready to be recorded and delivered.
type Submission struct {
	Actor       Actor
	Key         string        // Idempotency-Key, unique per actor and route
	Route       string        // method and path pattern, as in "POST /orders/{number}/approve"
	Fingerprint string        // digest of method, path and body: the same key with another one is ErrKeyReused
	RequestID   string        //
	Order       string        // empty for create
	Command     Command       // nil for create; the header is filled in by package commands
	Draft       *Draft        // for create, and for resubmit with a new body
	Contact     *Contact      // with Draft: the new row of personal data
	NewCustomer *Customer     // with Draft, where the customer is not known yet
	NoteText    string        // free text that the command refers to by NoteID
	Slots       []SlotRequest // claimed with the command's row: create, resubmit, reschedule
}

// Receipt is what is known of a submission: its outcome, or that it is pending and will not be lost.
type Receipt struct {
	CommandID string
	Order     string
	Replayed  bool // the key was used before, with the same fingerprint
	Pending   bool // there is no outcome yet
	Outcome   Outcome
}

// ErrUnavailable says that Postgres or Temporal cannot be reached: nothing was decided, and asking again helps.
var ErrUnavailable = errors.New("a dependency cannot be reached")
