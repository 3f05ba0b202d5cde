package world

import (
	"slices"
	"time"
)

// Modes of misbehaviour. Of the first group one call shows at most one, those of the second come on top of it.
const (
	modeErrorBefore  = "error_before"  // 500, nothing done
	modeErrorAfter   = "error_after"   // done, then 500
	modeTimeoutAfter = "timeout_after" // done, and no answer until the caller gives up
	modeWithhold     = "withhold"      // done, and answered only when released
	modeDecline      = "decline"       // the payment provider says no
	modeRefuse       = "refuse"        // any provider says no
	modeAlreadyDone  = "already_done"  // done, and answered as if it had been done before
	modeLose         = "lose"          // done, and the answer (of an event: the webhook, of an SMS: the message) is lost

	modeForgetKey = "forget_key"        // the idempotency key is not recognised
	modeSlow      = "slow"              // takes its time first
	modeImmediate = "immediate"         // an authorisation is captured, an interception answered, at once
	modeDuplicate = "duplicate_webhook" // each webhook is sent twice
	modeLate      = "late_webhook"      // webhooks come late
	modeShuffled  = "shuffled_webhooks" // webhooks come in the reverse order
)

var outcomes = []string{
	modeErrorBefore, modeErrorAfter, modeTimeoutAfter, modeWithhold, modeDecline, modeRefuse, modeAlreadyDone, modeLose,
}

var modifiers = []string{modeForgetKey, modeSlow, modeImmediate, modeDuplicate, modeLate, modeShuffled}

// calls lists what each provider can be asked.
var calls = map[string][]string{
	payments: {"authorise", "capture", "release", "refund", "find"},
	carrier:  {"book", "intercept", "redirect", "cancel", "event", "find"},
	supplier: {"request", "cancel", "find"},
	sms:      {"send", "find"},
}

// chances is what may happen to a call at random: nothing that changes the business outcome.
func chances(r request) []string {
	list := []string{modeSlow, modeDuplicate, modeLate}
	if r.call == "event" {
		return list
	}
	list = append(list, modeErrorBefore, modeErrorAfter, modeAlreadyDone, modeForgetKey)
	if r.provider == sms {
		return list
	}
	return append(list, modeLose)
}

// delays are the defaults of delay_ms.
var delays = map[string]time.Duration{
	modeTimeoutAfter: 30 * time.Second,
	modeSlow:         2 * time.Second,
	modeLate:         3 * time.Second,
	modeShuffled:     300 * time.Millisecond, // per event still to come
}

// checkMode tells what is wrong with a wished misbehaviour.
func checkMode(provider, call, mode string) error {
	known, ok := calls[provider]
	switch {
	case !ok:
		return invalid("the provider must be payments, carrier, supplier or sms")
	case call != "" && !slices.Contains(known, call):
		return invalid("%s knows the calls %v", provider, known)
	case !slices.Contains(outcomes, mode) && !slices.Contains(modifiers, mode):
		return invalid("the mode must be one of %v or %v", outcomes, modifiers)
	case mode == modeDecline && provider != payments:
		return invalid("only payments can be declined; the others refuse")
	case mode == modeImmediate && provider+"."+call != "payments.authorise" && provider+"."+call != "carrier.intercept":
		return invalid("only an authorisation and an interception can be immediate")
	}
	return nil
}

// plan is how one call will be treated.
type plan struct {
	outcome   string
	wait      time.Duration // of timeout_after
	slow      time.Duration
	forget    bool
	immediate bool
	copies    int // of each webhook
	late      time.Duration
}

func (p *plan) add(mode string, delay time.Duration, left int) {
	if delay == 0 {
		delay = delays[mode]
	}
	switch mode {
	case modeForgetKey:
		p.forget = true
	case modeSlow:
		p.slow = delay
	case modeImmediate:
		p.immediate = true
	case modeDuplicate:
		p.copies = 2
	case modeLate:
		p.late += delay
	case modeShuffled:
		p.late += delay * time.Duration(left)
	default:
		p.outcome, p.wait = mode, delay
	}
}
