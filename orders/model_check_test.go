package orders_test

import (
	"slices"
	"testing"
	"time"

	"amends/orders"
)

const modelLength = 2

// shapes are the small orders that are looked at.
var shapes = []struct {
	name   string
	lines  func() []orders.Line
	atOnce bool
	free   int64
}{
	{"goods, authorised", func() []orders.Line { return []orders.Line{tea("L1", 2)} }, false, 100},
	{"goods, captured at once, one short", func() []orders.Line { return []orders.Line{tea("L1", 2)} }, true, 1},
	{"goods and service", func() []orders.Line { return []orders.Line{tea("L1", 2), install("L2")} }, false, 100},
}

// beginnings lead to a state in every stage, by the names of moves. A dot lets all tasks be answered.
var beginnings = [][]string{
	{},
	{"check doubts"},
	{"check doubts", "send back"},
	{"check done"},
	{"."},
	{".", "ship"},
	{".", "ship one", ".", "hand over S1", "."},
	{".", "ship", ".", "hand over S1"},
	{".", "ship", ".", "hand over S1", ".", "delivered S1", "sign off"},
	{".", "ship", ".", "hand over S1", ".", "delivered S1", "sign off", "."},
	{".", "void by signal"},
	{".", "ship", ".", "void"},
	{".", "ship", ".", "hand over S1", ".", "void", "yes"},
	{".", "ship", ".", "hand over S1", ".", "delivered S1", "sign off", ".", "void", "yes", "."},
	{".", "ship", ".", "void one", "."},
	{".", "void", "."},
	{".", "reject"},
	{".", "ship", ".", "hand over S1", ".", "delivered S1", "sign off", ".", "time passes"},
}

// Everything that can happen in a few moves, from every stage: no decision panics, every order stays sound, and from
// wherever it is there is a way to its end.
func TestNoShortSequenceOfCommandsBreaksAnOrderOrLeavesItWithoutAWayOut(t *testing.T) {
	t.Parallel()
	length := modelLength
	for _, shape := range shapes {
		m := &model{t: t, atOnce: shape.atOnce, seen: map[string]bool{}, looked: map[string]bool{}, ends: map[string]bool{}}
		stages := map[orders.Stage]bool{}
		began := time.Now()
		var from []state
		for _, names := range beginnings {
			s := m.begin(shape.lines(), names)
			stages[s.order.Stage] = true
			from = append(from, s)
		}
		m.free = shape.free
		m.explore(from, length)
		t.Logf("%s: %d states, %d moves, of these %d refused, from %d stages, in %s",
			shape.name, len(m.seen), m.moves, m.refusals, len(stages), time.Since(began).Round(time.Millisecond))
	}
}

// begin leads a new order by the names of moves.
func (m *model) begin(lines []orders.Line, names []string) state {
	order, _ := orders.New("DD20261201-000001", draft(lines...), orders.DefaultPolicy(), clerk, "create-1", morning)
	s := state{order: order, now: morning}
	m.free = 100
	s.start()
	for _, name := range names {
		m.path = append(slices.Clip(m.path), name)
		if name == "." {
			s = m.quiet(s)
		} else {
			s = m.after(s, name)
		}
	}
	s.path = names
	return s
}
