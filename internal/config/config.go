// Package config reads the environment of the processes: every problem is reported at once.
package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"amends/money"
	"amends/orders"
)

// Read fills a struct from the environment by its env tags. The error lists every variable that is missing or wrong,
// one a line.
func Read(into any) error {
	err := env.Parse(into)
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	lines := make([]string, 0, len(all.Errors))
	for _, problem := range all.Errors {
		lines = append(lines, problem.Error())
	}
	return errors.New(strings.Join(lines, "\n"))
}

// Policy is the company's rules as the environment gives them. What is not set is as in orders.DefaultPolicy.
type Policy struct {
	LargeAmount      string        `env:"AMENDS_LARGE_AMOUNT"`    // CNY, such as 50000.00
	PriceDeviation   string        `env:"AMENDS_PRICE_DEVIATION"` // per cent, 0 to 100
	DuplicateWindow  time.Duration `env:"AMENDS_DUPLICATE_WINDOW"`
	ReviewDeadline   time.Duration `env:"AMENDS_REVIEW_DEADLINE"`
	FulfilDeadline   time.Duration `env:"AMENDS_FULFIL_DEADLINE"`
	SignOffReminder  time.Duration `env:"AMENDS_SIGN_OFF_REMINDER"`
	AutoSignOff      time.Duration `env:"AMENDS_AUTO_SIGN_OFF"`
	UnreachableRetry time.Duration `env:"AMENDS_UNREACHABLE_RETRY"`

	VoidApproval    bool          `env:"AMENDS_VOID_APPROVAL"` // every void needs a second person
	RefundFirst     bool          `env:"AMENDS_REFUND_FIRST"`  // do not wait for the goods
	CoolingOff      time.Duration `env:"AMENDS_COOLING_OFF"`
	ApprovalExpiry  time.Duration `env:"AMENDS_APPROVAL_EXPIRY"`
	PlanExpiry      time.Duration `env:"AMENDS_PLAN_EXPIRY"`
	StepDeadline    time.Duration `env:"AMENDS_STEP_DEADLINE"`
	UnverifiedLimit string        `env:"AMENDS_UNVERIFIED_LIMIT"` // CNY, what a raw signal may have given back
}

// Orders returns the policy that new orders start with, or every problem of it.
func (p Policy) Orders() (orders.Policy, error) {
	policy := orders.DefaultPolicy()
	policy.VoidApproval, policy.RefundFirst = p.VoidApproval, p.RefundFirst
	var problems []error
	for _, d := range []struct {
		name  string
		given time.Duration
		into  *time.Duration
	}{
		{"AMENDS_DUPLICATE_WINDOW", p.DuplicateWindow, &policy.DuplicateWindow},
		{"AMENDS_REVIEW_DEADLINE", p.ReviewDeadline, &policy.ReviewDeadline},
		{"AMENDS_FULFIL_DEADLINE", p.FulfilDeadline, &policy.FulfilDeadline},
		{"AMENDS_SIGN_OFF_REMINDER", p.SignOffReminder, &policy.SignOffReminder},
		{"AMENDS_AUTO_SIGN_OFF", p.AutoSignOff, &policy.AutoSignOff},
		{"AMENDS_UNREACHABLE_RETRY", p.UnreachableRetry, &policy.UnreachableRetry},
		{"AMENDS_COOLING_OFF", p.CoolingOff, &policy.CoolingOff},
		{"AMENDS_APPROVAL_EXPIRY", p.ApprovalExpiry, &policy.ApprovalExpiry},
		{"AMENDS_PLAN_EXPIRY", p.PlanExpiry, &policy.PlanExpiry},
		{"AMENDS_STEP_DEADLINE", p.StepDeadline, &policy.StepDeadline},
	} {
		switch {
		case d.given < 0:
			problems = append(problems, fmt.Errorf("%s is negative: %s", d.name, d.given))
		case d.given > 0:
			*d.into = d.given
		}
	}
	problems = append(problems, p.amounts(&policy)...)
	return policy, errors.Join(problems...)
}

func (p Policy) amounts(policy *orders.Policy) (problems []error) {
	for _, a := range []struct {
		name, given string
		into        *int64
	}{
		{"AMENDS_LARGE_AMOUNT", p.LargeAmount, &policy.LargeAmount},
		{"AMENDS_UNVERIFIED_LIMIT", p.UnverifiedLimit, &policy.UnverifiedLimit},
	} {
		if a.given == "" {
			continue
		}
		amount, err := money.Parse(a.given, "CNY")
		if err != nil || amount.IsNegative() {
			problems = append(problems, fmt.Errorf("%s is not an amount: %q", a.name, a.given))
		}
		*a.into = amount.Minor
	}
	if p.PriceDeviation != "" {
		percent, err := strconv.ParseInt(p.PriceDeviation, 10, 64)
		if err != nil || percent < 0 || percent > 100 {
			problems = append(problems, fmt.Errorf("AMENDS_PRICE_DEVIATION is not a percentage: %q", p.PriceDeviation))
		}
		policy.PriceDeviation = percent
	}
	return problems
}
