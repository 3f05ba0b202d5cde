package orders

import (
	"errors"
	"slices"
	"strings"
)

// Action is something a person might do now, and why not where that is so.
type Action struct {
	Action  string
	Allowed bool
	Reason  *Problem
}

// peoplesCommands are those that people give; the others are facts from outside.
func peoplesCommands() []string {
	return slices.DeleteFunc(CommandNames(), IsReport)
}

// AllowedActions lists every command of people with the same judgement that deciding it starts with.
func AllowedActions(o Order, actor Actor) []Action {
	var actions []Action
	for _, name := range peoplesCommands() {
		action := Action{Action: name, Allowed: true}
		err := judge(&o, EmptyCommand(name))
		switch {
		case !May(actor.Role, name):
			err = ErrForbidden
		case name == CmdApprove && err == nil:
			err = o.fourEyes(actor)
		case name == CmdApprovePlan && err == nil && o.waitingPlan().Request.Actor.ID == actor.ID:
			err = refuse(&o, &ApprovePlan{}, CodeOwnRequest)
		}
		if err != nil {
			problem := AsProblem(err)
			action.Allowed, action.Reason = false, &problem
		}
		actions = append(actions, action)
	}
	return actions
}

// judge asks a command's guard. A command of another stage is told what is possible instead.
func judge(o *Order, c Command) error {
	err := c.guard(o)
	var refusal *TransitionError
	if errors.As(err, &refusal) && refusal.Code == CodeWrongStage {
		refusal.Params = []string{c.Name(), string(o.Stage), strings.Join(possible(o), ",")}
	}
	return err
}

// possible lists the commands of people that the order would take now.
func possible(o *Order) []string {
	return slices.DeleteFunc(peoplesCommands(), func(name string) bool { return EmptyCommand(name).guard(o) != nil })
}
