package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
)

// Search attributes of an order, as engineers filter by them in the Web UI. None holds personal data: they are not encrypted.
var (
	attrStage     = temporal.NewSearchAttributeKeyKeyword("OrderStage")
	attrCustomer  = temporal.NewSearchAttributeKeyKeyword("OrderCustomer")
	attrStep      = temporal.NewSearchAttributeKeyKeyword("BlockedStep")
	attrReason    = temporal.NewSearchAttributeKeyKeyword("BlockedReason")
	attrAssigned  = temporal.NewSearchAttributeKeyKeyword("AssignedTo")
	attrFlags     = temporal.NewSearchAttributeKeyKeywordList("OrderFlag")
	attrAttention = temporal.NewSearchAttributeKeyBool("NeedsAttention")
	attrDeadline  = temporal.NewSearchAttributeKeyTime("StageDeadline")
	attrSince     = temporal.NewSearchAttributeKeyTime("BlockedSince")
	attrAmount    = temporal.NewSearchAttributeKeyInt64("OrderAmount")
)

// StartAttributes are the search attributes that an order's workflow starts with.
func StartAttributes(o orders.Order) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(seen(o, "").updates(seenNothing)...)
}

// Summary is the workflow's one line in lists: number, customer reference, amount.
func Summary(o orders.Order) string {
	parts := []string{o.Number, o.CustomerRef, o.Total().String()}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

// sight is what the search attributes show.
type sight struct {
	stage, customer, flags string
	attention              bool
	step, reason, assigned string // assigned is the role that can act
	since, deadline        time.Time
	amount                 int64
}

var seenNothing = sight{amount: -1}

func seen(o orders.Order, diverged string) sight {
	s := sight{
		stage: string(o.Stage), customer: o.CustomerID, flags: strings.Join(o.Flags(), ","), amount: o.Total().Minor,
		attention: len(o.Attention) > 0 || len(o.Incidents) > 0,
	}
	if len(o.Deadlines) > 0 {
		s.deadline = o.Deadlines[0].DueAt
	}
	switch {
	case diverged != "":
		s.attention, s.step, s.reason, s.assigned = true, "record", diverged, "engineer"
	case len(o.Attention) > 0:
		a := o.Attention[0]
		s.step, s.reason, s.assigned, s.since = o.StepKind(a.Task), a.Reason, a.Role, a.Since
	case len(o.Incidents) > 0:
		s.reason, s.assigned, s.since = o.Incidents[0].Code, "manager", o.Incidents[0].At
	case o.AwaitsApproval():
		s.assigned = "manager"
	case o.Stage == orders.InReview:
		s.assigned = "reviewer"
	case o.Stage == orders.SentBack:
		s.assigned = "clerk"
	}
	return s
}

// updates lists what changed since before.
func (s sight) updates(before sight) []temporal.SearchAttributeUpdate {
	var u []temporal.SearchAttributeUpdate
	if s.stage != before.stage {
		u = append(u, attrStage.ValueSet(s.stage))
	}
	if s.customer != before.customer {
		u = append(u, attrCustomer.ValueSet(s.customer))
	}
	if s.flags != before.flags {
		u = append(u, attrFlags.ValueSet(strings.FieldsFunc(s.flags, func(r rune) bool { return r == ',' })))
	}
	if s.attention != before.attention || before.stage == "" {
		u = append(u, attrAttention.ValueSet(s.attention))
	}
	if s.amount != before.amount {
		u = append(u, attrAmount.ValueSet(s.amount))
	}
	u = appendKeyword(u, attrStep, s.step, before.step)
	u = appendKeyword(u, attrReason, s.reason, before.reason)
	u = appendKeyword(u, attrAssigned, s.assigned, before.assigned)
	u = appendTime(u, attrDeadline, s.deadline, before.deadline)
	return appendTime(u, attrSince, s.since, before.since)
}

func appendKeyword(u []temporal.SearchAttributeUpdate, key temporal.SearchAttributeKeyKeyword, now, before string) []temporal.SearchAttributeUpdate {
	switch now {
	case before:
		return u
	case "":
		return append(u, key.ValueUnset())
	}
	return append(u, key.ValueSet(now))
}

func appendTime(u []temporal.SearchAttributeUpdate, key temporal.SearchAttributeKeyTime, now, before time.Time) []temporal.SearchAttributeUpdate {
	switch {
	case now.Equal(before):
		return u
	case now.IsZero():
		return append(u, key.ValueUnset())
	}
	return append(u, key.ValueSet(now))
}

// shown is what the Web UI has been told.
type shown struct {
	sight    sight
	diverged string
}

// show keeps the Web UI true: search attributes when they change, all together; the current details always, for they
// cost no event.
func (l *life) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, details(l.order, l.shown.diverged))
	now := seen(l.order, l.shown.diverged)
	if !now.differs(l.shown.sight) {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, now.updates(l.shown.sight)...); err != nil {
		l.log.Error("search attributes could not be set", "error", err)
	}
	l.shown.sight = now
}

func (s sight) differs(before sight) bool { return len(s.updates(before)) > 0 }

func showUnreadable(ctx workflow.Context) {
	err := workflow.UpsertTypedSearchAttributes(ctx, attrAttention.ValueSet(true), attrReason.ValueSet("unreadable_input"))
	if err != nil {
		workflow.GetLogger(ctx).Error("search attributes could not be set", "error", err)
	}
}

// chinese has the words of the glossary that details use.
var chinese = map[string]string{
	string(orders.Created): "已创建", string(orders.InReview): "待审核", string(orders.SentBack): "已驳回待修改",
	string(orders.Fulfilling): "履约中", string(orders.SigningOff): "待签收", string(orders.AfterSales): "售后期",
	string(orders.Closed): "已完成", string(orders.Voiding): "作废中", string(orders.Voided): "已作废", string(orders.Rejected): "已拒绝",
	"needs_attention": "待人工处理", "on_hold": "挂起", "overdue": "超期",
}

// both writes a word in English and Chinese.
func both(word string) string { return strings.TrimSpace(word + " " + chinese[word]) }

// details says in markdown where the order stands, what it waits for, since when, and who can act.
func details(o orders.Order, diverged string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** since %s", both(string(o.Stage)), o.StageSince.Format(time.RFC3339))
	for _, flag := range o.Flags() {
		fmt.Fprintf(&b, " · %s", both(flag))
	}
	b.WriteString("\n")
	if diverged != "" {
		fmt.Fprintf(&b, "\n- **stopped 已停止: %s.** Can act 可处理: engineer, see the runbook.", diverged)
	}
	for _, a := range o.Attention {
		since := a.Since.Format(time.RFC3339)
		verbs := "`retry`"
		if o.StepKind(a.Task) != a.Task {
			verbs = "`retry-step`, `complete-step`, `waive-step`"
		}
		fmt.Fprintf(&b, "\n- **%s** is blocked 受阻: %s, since %s. Can act 可处理: %s (%s)", a.Task, a.Reason, since, a.Role, verbs)
	}
	for _, i := range o.Incidents {
		fmt.Fprintf(&b, "\n- **%s** at %s. Can act 可处理: manager (`retry` takes note of it)", i.Code, i.At.Format(time.RFC3339))
	}
	b.WriteString(findings(o))
	b.WriteString(amendments(o))
	for _, t := range o.Tasks() {
		fmt.Fprintf(&b, "\n- under way 进行中: %s", t.Name)
	}
	for _, d := range o.Deadlines {
		fmt.Fprintf(&b, "\n- %s due 期限 %s", d.Kind, d.DueAt.Format(time.RFC3339))
	}
	return b.String()
}

// findings lists what a reviewer has to judge, and what came up later.
func findings(o orders.Order) string {
	var b strings.Builder
	if o.Stage == orders.InReview {
		b.WriteString("\n- waits for a review 等待审核. Can act 可处理: reviewer (`approve`, `send-back`, `reject`)")
		for _, f := range o.Review.Findings {
			fmt.Fprintf(&b, "\n- finding 审核发现: %s", strings.Join(strings.Fields(f.Code+" "+f.LineID+" "+f.Detail), " "))
		}
	}
	for _, f := range o.Findings {
		fmt.Fprintf(&b, "\n- finding 发现: %s %s", f.Code, f.Detail)
	}
	return b.String()
}

// amendments lists the voids that are not over, and where their steps stand.
func amendments(o orders.Order) string {
	var b strings.Builder
	for _, a := range o.Amendments {
		if !a.Status.Open() {
			continue
		}
		fmt.Fprintf(&b, "\n- void 作废 **%s** %s (%s)", a.ID, a.Status, a.Request.ReasonCode)
		if len(a.Approvals) > 0 && a.Status == orders.AwaitingApproval {
			fmt.Fprintf(&b, ": needs a second person 需双人复核 (%s), until %s", strings.Join(a.Approvals, ", "), a.DueAt.Format(time.RFC3339))
		}
		for _, s := range a.Steps {
			state := o.StepState(a, s)
			fmt.Fprintf(&b, "\n  - %s %s %s: %s", s.ID, s.Kind, s.Subject, state)
			if state == orders.StepWaiting || state == orders.StepBlocked {
				fmt.Fprintf(&b, " → %s", s.Role)
			}
		}
	}
	return b.String()
}
