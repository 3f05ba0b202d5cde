package orders_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// shape is a small order that is looked at.
type shape struct {
	name   string
	lines  func() []orders.Line
	atOnce bool
	free   int64
	moves  [2]int // how many are looked at: with every answer as a move of its own, and with prompt tasks
}

var shapes = []shape{
	{"goods, authorised", func() []orders.Line { return []orders.Line{tea("L1", 2)} }, false, 100, [2]int{2, 3}},
	{"goods, captured at once, one short", func() []orders.Line { return []orders.Line{tea("L1", 2)} }, true, 1, [2]int{2, 3}},
	{"goods and service", func() []orders.Line { return []orders.Line{tea("L1", 2), install("L2")} }, false, 100, [2]int{2, 3}},
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
	{".", "perform A1", ".", "ship", ".", "hand over S1"},
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
// wherever it is there is a way to its end. Once with every answer of every task at any time as a move of its own, and once
// longer, with tasks that are done before anything else happens.
func TestNoShortSequenceOfCommandsBreaksAnOrderOrLeavesItWithoutAWayOut(t *testing.T) {
	t.Parallel()
	for _, shape := range shapes {
		for i, length := range shape.moves {
			prompt := i == 1
			t.Run(named("%s, prompt %v", shape.name, prompt), func(t *testing.T) {
				t.Parallel()
				shape.look(t, prompt, length)
			})
		}
	}
}

// look explores everything that can happen to an order of the shape in so many moves, from every stage.
func (s shape) look(t *testing.T, prompt bool, length int) {
	t.Helper()
	m := &model{t: t, atOnce: s.atOnce, seen: map[digest]bool{}, looked: map[digest]bool{}, ends: map[digest]bool{}}
	stages, began, from := map[orders.Stage]bool{}, time.Now(), []state(nil)
	for _, names := range beginnings {
		start, possible := m.begin(s.lines(), names)
		if !possible {
			continue
		}
		stages[start.order.Stage] = true
		from = append(from, start)
	}
	require.Len(t, stages, len(orders.Stages()), "every stage is looked at")
	m.free, m.prompt = s.free, prompt
	m.explore(from, length)
	t.Logf("%s, prompt %v: sequences of %d: %d states, %d moves, %d of them refused, in %s",
		s.name, prompt, length, len(m.seen), m.moves, m.refusals, time.Since(began).Round(time.Millisecond))
}

// begin leads a new order by the names of moves. Without a service there is nothing to perform.
func (m *model) begin(lines []orders.Line, names []string) (state, bool) {
	order, _ := orders.New("DD20261201-000001", draft(lines...), orders.DefaultPolicy(), clerk, "create-1", morning)
	s := state{order: order, now: morning}
	m.free, m.path = 100, nil
	s.start()
	for _, name := range names {
		if _, scheduled := s.possible(m, "perform A1"); name == "perform A1" && !scheduled {
			return s, false
		} else if name == "sign off" && scheduled {
			s = m.after(s, "perform A1")
		}
		m.path = append(slices.Clip(m.path), name)
		if name == "." {
			s = m.quiet(s)
		} else {
			s = m.after(s, name)
		}
	}
	s.path = m.path
	return s, true
}
