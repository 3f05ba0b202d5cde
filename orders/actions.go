package orders

import "slices"

// Action is something a person might do now, and why not where that is so.
type Action struct {
	Action  string
	Allowed bool
	Reason  *Problem
}

// peoplesCommands are those that people give; the others are facts from outside.
func peoplesCommands() []string {
	return slices.DeleteFunc(CommandNames(), func(name string) bool {
		return name == CmdCarrierEvent || name == CmdStockAllotted
	})
}

// AllowedActions lists every command of people with the same judgement that deciding it starts with.
func AllowedActions(o Order, role string) []Action {
	var actions []Action
	for _, name := range peoplesCommands() {
		action := Action{Action: name, Allowed: true}
		err := EmptyCommand(name).guard(&o)
		if !May(role, name) {
			err = ErrForbidden
		}
		if err != nil {
			problem := AsProblem(err)
			action.Allowed, action.Reason = false, &problem
		}
		actions = append(actions, action)
	}
	return actions
}

// possible lists the commands of people that may be useful now, for the sentence that refuses one that is not.
func possible(o *Order) []string {
	var names []string
	for _, row := range stageCommands {
		switch {
		case !slices.Contains(row.stages, o.Stage) || !slices.Contains(peoplesCommands(), row.name):
		case row.name == CmdResume && o.Hold == nil, row.name == CmdHold && o.Hold != nil:
		default:
			names = append(names, row.name)
		}
	}
	return names
}
