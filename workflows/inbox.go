package workflows

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// QueryOrder answers the order's whole state.
const QueryOrder = "order"

// TypeRefused is the type of the error with which an update is refused; its details are an orders.Problem.
const TypeRefused = "refused"

// Both doors, updates and signals, have the same names and the same JSON, and lead to the same decision.
var descriptions = map[string]string{
	orders.CmdApprove:         "Ends the review with a yes.",
	orders.CmdSendBack:        "Returns the order to its creator.",
	orders.CmdResubmit:        "Starts the review again.",
	orders.CmdReject:          "Kicks the order out: {\"reason_code\", \"survivor\"}.",
	orders.CmdHold:            "Stops work and clocks.",
	orders.CmdResume:          "Ends a hold.",
	orders.CmdRetry:           "Repeats what parked the order.",
	orders.CmdShip:            "Picks and packs: {\"lines\": [{\"line_id\", \"quantity\"}], \"carrier\"}; no lines mean all that is reserved.",
	orders.CmdHandOver:        "The parcel left the house: {\"shipment_id\", \"tracking_number\", \"handed_over_at\"}.",
	orders.CmdPerform:         "The service was rendered: {\"appointment_id\", \"performed_at\"}.",
	orders.CmdReschedule:      "Moves an appointment to a slot that was claimed.",
	orders.CmdSignOff:         "The customer confirmed receipt: {\"at\"}.",
	orders.CmdRefuseDelivery:  "The customer refused the parcel: {\"shipment_id\"}.",
	orders.CmdReceivePayment:  "Money came in outside a provider: {\"payment_id\", \"amount\", \"reference\"}.",
	orders.CmdCarrierEvent:    "The carrier reports on a parcel: {\"tracking_number\", \"status\", \"occurred_at\"}.",
	orders.CmdStockAllotted:   "Goods came in for waiting lines.",
	orders.CmdRequestPurchase: "Asks the supplier for what a line is short of: {\"line_id\", \"quantity\"}.",
	orders.CmdIssueInvoice:    "Finance has issued the invoice: {\"number\", \"paper\"}.",
	orders.CmdVoid: "Voids the order or some lines: {\"reason_code\", \"lines\": [{\"line_id\", \"quantity\"}], \"refund\": {\"mode\"}, " +
		"\"reason\"}; money waits for a second person.",
	orders.CmdApprovePlan:   "A second person's yes to a void: {\"id\"}. Not by signal.",
	orders.CmdDeclinePlan:   "The no to a void: {\"id\"}.",
	orders.CmdRevoke:        "Takes a void back while it cools off: {\"id\"}.",
	orders.CmdRetryStep:     "Repeats blocked steps: {\"id\", \"step_id\"} or {\"kind\"} or {} for all.",
	orders.CmdCompleteStep:  "A step was done by hand: {\"id\", \"step_id\"} or {\"kind\"}, {\"evidence\", \"outcome\"}.",
	orders.CmdCarriedOver:   "Our books report that the order placed again took over the money.",
	orders.CmdWaiveStep:     "Asks to go without a step: {\"id\", \"step_id\"} or {\"kind\"}, {\"reason\"}.",
	orders.CmdMessageFailed: "A message to the customer cannot be delivered: {\"template\", \"code\"}.",
}

// listen opens both doors before anything else happens.
func (l *life) listen(ctx workflow.Context) error {
	for _, name := range orders.CommandNames() {
		channel := workflow.GetSignalChannelWithOptions(ctx, name, workflow.SignalChannelOptions{Description: descriptions[name]})
		l.doors = append(l.doors, door{name, channel})
		options := workflow.UpdateHandlerOptions{Description: descriptions[name]}
		options.Validator = func(ctx workflow.Context, input converter.RawValue, seal string) error {
			return l.validate(ctx, name, input, seal)
		}
		handler := func(ctx workflow.Context, input converter.RawValue, _ string) (orders.Answer, error) {
			return l.update(ctx, name, input)
		}
		if err := workflow.SetUpdateHandlerWithOptions(ctx, name, handler, options); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return workflow.SetQueryHandlerWithOptions(ctx, QueryOrder, func() (orders.Order, error) { return l.order, nil },
		workflow.QueryHandlerOptions{Description: "The order's whole state."})
}

// validate refuses what can be refused without a trace in the history. It does not run in replay.
func (l *life) validate(ctx workflow.Context, name string, input converter.RawValue, seal string) error {
	c, err := orders.DecodeCommand(name, text(input))
	if err != nil {
		return asUpdateError(orders.Problem{Code: orders.CodeUnreadable})
	}
	raw := disown(ctx, c)
	if raw && !plain(text(input)) {
		return asUpdateError(orders.Problem{Code: orders.CodeUnreadable})
	}
	if !raw && !l.genuine(c, text(input), seal) {
		return asUpdateError(orders.Problem{Code: orders.CodeForbidden})
	}
	if l.recorder.stopped {
		return asUpdateError(orders.AsProblem(errStopped))
	}
	if !orders.May(c.Head().Actor.Role, name) {
		return asUpdateError(orders.AsProblem(orders.ErrForbidden))
	}
	if l.knocked() {
		return nil // an earlier signal may change the answer: the handler decides after it
	}
	if _, err := judge(l.order, c, workflow.Now(ctx)); err != nil {
		return asUpdateError(orders.AsProblem(err))
	}
	return nil
}

// genuine tells whether an update that says it was written down really was: it carries the seal of the API or the relay.
func (l *life) genuine(c orders.Command, body []byte, seal string) bool {
	return len(l.key) == 0 || hmac.Equal([]byte(seal), []byte(orders.Seal(l.key, c.Head().CommandID, c.Name(), body)))
}

// update decides a command after all earlier signals, and answers once it is recorded: whoever reads next sees it.
func (l *life) update(ctx workflow.Context, name string, input converter.RawValue) (orders.Answer, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	l.drain(ctx)
	c, err := orders.DecodeCommand(name, text(input))
	if err != nil {
		return orders.Answer{}, asUpdateError(orders.Problem{Code: orders.CodeUnreadable})
	}
	raw := disown(ctx, c)
	answer, err := l.decide(ctx, c)
	if raw {
		l.audit(ctx, name, c.Head().CommandID, c.Head().Actor, err)
	}
	if err != nil {
		return answer, asUpdateError(orders.AsProblem(err))
	}
	return answer, l.recorder.wait(ctx, l.order.Seq)
}

// disown takes a raw update, which nobody has written down and whose update ID is therefore not its command ID, for what
// a signal is: an operator's word, unverified and audited by the recorder.
func disown(ctx workflow.Context, c orders.Command) (raw bool) {
	head := c.Head()
	id := workflow.GetCurrentUpdateInfo(ctx).ID
	if head.CommandID == id {
		return false
	}
	head.CommandID, head.Actor = id, claimed(c.Name(), head.Actor)
	return true
}

// door is where signals of one name arrive.
type door struct {
	name    string
	channel workflow.ReceiveChannel
}

// knocked tells whether a signal of a known name has arrived that nobody has taken.
func (l *life) knocked() bool {
	return slices.ContainsFunc(l.doors, func(d door) bool { return d.channel.Len() > 0 })
}

// signalled is knocked for all names, those that no command has too.
func (l *life) signalled(ctx workflow.Context) bool { return l.knocked() || len(l.strangers(ctx)) > 0 }

// strangers are signals of names that no command has.
func (l *life) strangers(ctx workflow.Context) []door {
	var doors []door
	names := workflow.GetUnhandledSignalNames(ctx)
	slices.Sort(names) // they come out of a map
	for _, name := range names {
		if channel := workflow.GetSignalChannel(ctx, name); orders.EmptyCommand(name) == nil && channel.Len() > 0 {
			doors = append(doors, door{name, channel})
		}
	}
	return doors
}

// drain takes every signal that has arrived, before an update is decided and whenever the main loop looks.
func (l *life) drain(ctx workflow.Context) {
	for _, d := range slices.Concat(l.doors, l.strangers(ctx)) {
		var input converter.RawValue
		for d.channel.ReceiveAsync(&input) {
			l.signal(ctx, d.name, text(input))
			input = converter.RawValue{}
		}
	}
}

// signal decides a command that came as a signal. Its outcome, a refusal too, goes to the audit log.
func (l *life) signal(ctx workflow.Context, name string, body []byte) {
	if name == orders.CmdRetry {
		l.recorder.stopped = false
	}
	c, actor, err := l.readSignal(ctx, name, body)
	if err == nil {
		_, err = l.decide(ctx, c)
	}
	var id string
	if c != nil {
		id = c.Head().CommandID
	} else {
		id = l.nextSignalID(name)
	}
	l.noteIncident(ctx, err)
	l.audit(ctx, name, id, actor, err)
	l.changed = true
}

// audit has the recorder write down the answer to what nobody has written down before.
func (l *life) audit(ctx workflow.Context, name, id string, actor orders.Actor, err error) {
	outcome := orders.SignalOutcome{Command: id, Name: name, Actor: actor, At: workflow.Now(ctx).UTC()}
	if err != nil {
		outcome.Refused = orders.AsProblem(err).Code
	}
	l.recorder.addSignal(outcome)
}

// noteIncident flags the order where a signal could not be read at all.
func (l *life) noteIncident(ctx workflow.Context, err error) {
	var odd *signalError
	if !errors.As(err, &odd) {
		return
	}
	incident := &orders.Incidental{Header: orders.Header{Actor: orders.OperatorActor}, Code: odd.code}
	if _, err := l.decide(ctx, incident); err != nil {
		l.log.Error("an incident could not be recorded", "error", err)
	}
}

// signalError refuses a signal because of its form.
type signalError struct{ code string }

func (e *signalError) Error() string { return "signal: " + e.code }

// Unwrap makes AsProblem find the code.
func (e *signalError) Unwrap() error { return &orders.TransitionError{Code: e.code} }

// personal are the fields that may not stand in a history: a signal with one of them is refused.
var personal = []string{"customer", "contact", "ship_to", "name", "phone", "email", "address", "note", "text", "by", "order", "draft"}

// readSignal decodes a signal. Its actor is what it claims to be, so it is never verified; facts from the relay keep
// their role, everything else is an operator's.
func (l *life) readSignal(ctx workflow.Context, name string, body []byte) (orders.Command, orders.Actor, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || unheardOf(ctx, name) || !plain(body) {
		return nil, orders.OperatorActor, &signalError{orders.CodeUnreadable}
	}
	if namesSomebody(fields) {
		return nil, orders.OperatorActor, &signalError{orders.CodePersonalData}
	}
	c, err := orders.DecodeCommand(name, body)
	if err != nil {
		return nil, orders.OperatorActor, &signalError{orders.CodeUnreadable}
	}
	head := c.Head()
	head.Actor = claimed(name, head.Actor)
	if head.CommandID == "" {
		head.CommandID = l.nextSignalID(name)
	}
	return c, head.Actor, nil
}

// unheardOf tells whether no command has the name, or had it when the signal was first read: histories of earlier code
// took it for a stranger.
func unheardOf(ctx workflow.Context, name string) bool {
	if orders.EmptyCommand(name) == nil {
		return true
	}
	later := []string{
		orders.CmdRequestPurchase, orders.CmdIssueInvoice, orders.CmdVoid, orders.CmdApprovePlan, orders.CmdDeclinePlan,
		orders.CmdRevoke, orders.CmdRetryStep, orders.CmdCompleteStep, orders.CmdWaiveStep, orders.CmdCarriedOver,
	}
	return slices.Contains(later, name) &&
		workflow.GetVersion(ctx, "signals-of-voids", workflow.DefaultVersion, 1) == workflow.DefaultVersion
}

// Bounds, in bytes, of what a raw signal or update may say. Nobody has checked it, and Postgres must be able to keep it:
// an index takes 2.7 KB. A carrier's event ID has up to 200 characters, and the relay's signals pass here too.
const (
	maxRaw       = 64 << 10
	maxRawString = 1000
)

// plain tells whether every string is short and without control characters.
func plain(body []byte) bool {
	if len(body) > maxRaw {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if s, ok := token.(string); ok && (len(s) > maxRawString || strings.ContainsFunc(s, unicode.IsControl)) {
			return false
		}
	}
}

// namesSomebody looks for personal fields in any case, as decoding takes them. In which order it looks changes nothing.
//
//workflowcheck:ignore
func namesSomebody(fields map[string]json.RawMessage) bool {
	for field := range fields {
		if slices.Contains(personal, strings.ToLower(field)) {
			return true
		}
	}
	return false
}

func claimed(name string, actor orders.Actor) orders.Actor {
	if orders.IsReport(name) && (actor.Role == orders.CarrierActor.Role || actor.Role == orders.SystemActor.Role) {
		return orders.Actor{ID: actor.ID, Role: actor.Role}
	}
	if actor.ID == "" {
		actor.ID = orders.OperatorActor.ID
	}
	return orders.Actor{ID: actor.ID, Role: orders.OperatorActor.Role}
}

// nextSignalID names a signal that brought no command ID: the n-th of its name on this order.
func (l *life) nextSignalID(name string) string {
	l.nameless[name]++
	return fmt.Sprintf("signal/%s/%d", name, l.nameless[name])
}

// judge asks the domain and turns a panic there into a refusal: a panic in a handler would block the order for good.
func judge(o orders.Order, c orders.Command, now time.Time) (decision orders.Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			decision, err = orders.Decision{Order: o}, &orders.TransitionError{Command: c.Name(), Stage: o.Stage, Code: orders.CodeInternal}
		}
	}()
	return orders.Decide(o, c, now)
}

// text returns the JSON of an input, {} for none at all. Other encodings give text that no decoder accepts.
func text(input converter.RawValue) []byte {
	payload := input.Payload()
	if payload == nil {
		return []byte("{}")
	}
	switch string(payload.GetMetadata()[converter.MetadataEncoding]) {
	case converter.MetadataEncodingNil:
		return []byte("{}")
	case converter.MetadataEncodingJSON:
		return payload.GetData()
	}
	return nil
}

func asUpdateError(problem orders.Problem) error {
	return temporal.NewApplicationErrorWithOptions(problem.Code, TypeRefused, temporal.ApplicationErrorOptions{Details: []any{problem}})
}
