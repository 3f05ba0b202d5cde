package orders

// Stage is the main axis of an order's life.
type Stage string

// The stages, in the order of the story.
const (
	Created    Stage = "created"
	InReview   Stage = "in_review"
	SentBack   Stage = "sent_back"
	Fulfilling Stage = "fulfilling"
	SigningOff Stage = "signing_off"
	AfterSales Stage = "after_sales"
	Closed     Stage = "closed"
	Voiding    Stage = "voiding"
	Voided     Stage = "voided"
	Rejected   Stage = "rejected"
)

// Stages lists all stages.
func Stages() []Stage {
	return []Stage{Created, InReview, SentBack, Fulfilling, SigningOff, AfterSales, Closed, Voiding, Voided, Rejected}
}

// Finished tells whether nothing more is decided in this stage.
func (s Stage) Finished() bool { return s == Closed || s == Voided || s == Rejected }

// A transition leads from one stage to another when an event of the kind happens.
type transition struct {
	from  Stage
	event string
	to    Stage
}

// transitions is the whole table of stage changes; docs/states.md is generated from it. An event that is not listed
// for a stage leaves the stage as it is.
var transitions = []transition{
	{Created, EventReviewRequired, InReview},
	{Created, EventApproved, Fulfilling},
	{Created, EventRejected, Rejected},
	{InReview, EventApproved, Fulfilling},
	{InReview, EventSentBack, SentBack},
	{InReview, EventRejected, Rejected},
	{SentBack, EventResubmitted, Created},
	{SentBack, EventRejected, Rejected},
	{Fulfilling, EventFulfilled, SigningOff},
	{Fulfilling, EventRejected, Rejected},
	{SigningOff, EventSignedOff, AfterSales},
	{AfterSales, EventClosed, Closed},
	{Created, EventVoiding, Voiding},
	{InReview, EventVoiding, Voiding},
	{SentBack, EventVoiding, Voiding},
	{Fulfilling, EventVoiding, Voiding},
	{SigningOff, EventVoiding, Voiding},
	{AfterSales, EventVoiding, Voiding},
	{Voiding, EventVoided, Voided},
}

// next returns the stage after an event of the kind.
func (s Stage) next(event string) Stage {
	for _, t := range transitions {
		if t.from == s && t.event == event {
			return t.to
		}
	}
	return s
}

// stageCommands says to which stages a command belongs. Others are judged by other facts alone.
var stageCommands = []struct {
	name   string
	stages []Stage
}{
	{CmdApprove, []Stage{InReview}},
	{CmdSendBack, []Stage{InReview}},
	{CmdResubmit, []Stage{SentBack}},
	{CmdReject, []Stage{Created, InReview, SentBack, Fulfilling}},
	{CmdHold, []Stage{Created, InReview, SentBack, Fulfilling, SigningOff, AfterSales}},
	{CmdResume, []Stage{Created, InReview, SentBack, Fulfilling, SigningOff, AfterSales}},
	{CmdShip, []Stage{Fulfilling}},
	{CmdHandOver, []Stage{Fulfilling, Voiding}},
	{CmdPerform, []Stage{Fulfilling}},
	{CmdReschedule, []Stage{Fulfilling}},
	{CmdSignOff, []Stage{SigningOff}},
	{CmdRefuseDelivery, []Stage{Fulfilling, SigningOff, Voiding}},
	{CmdRequestPurchase, []Stage{Fulfilling}},
	{CmdIssueInvoice, []Stage{Fulfilling, SigningOff, AfterSales}},
	{CmdCarrierEvent, []Stage{Created, InReview, SentBack, Fulfilling, SigningOff, AfterSales, Voiding, Rejected}},
	{CmdStockAllotted, []Stage{Created, InReview, SentBack, Fulfilling}},
	{CmdMessageFailed, []Stage{Created, InReview, SentBack, Fulfilling, SigningOff, AfterSales, Voiding}},
}
