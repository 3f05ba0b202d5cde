package orders_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// state is an order with the stock book and the tasks that are under way: all that decides what can happen next.
type state struct {
	order   orders.Order
	book    stockbook
	running []job
	now     time.Time
	path    []string // of the moves that led here, for whoever reads a failure
	id      digest
}

// digest tells states apart.
type digest [16]byte

// job is a task under way, with what it asks of the stock book.
type job struct {
	task    orders.Task
	request orders.StockRequest
	lines   []orders.ShipmentLine
}

// move is something that may happen: a command, and what it does to the stock book.
type move struct {
	name    string
	command orders.Command
	book    *stockbook
	done    string // the task that it answers
	wake    time.Time
}

// model explores what can happen to orders.
type model struct {
	t        require.TestingT
	atOnce   bool
	prompt   bool            // all tasks are answered before anything else happens
	free     int64           // in the house
	seen     map[digest]bool // states that a sequence of moves has led to
	looked   map[digest]bool // states that were checked
	ends     map[digest]bool // states from which the order is known to reach its end
	path     []string        // of what is being looked at
	moves    int
	refusals int
}

// Errorf says what led to a failure.
func (m *model) Errorf(format string, args ...any) {
	m.t.Errorf("after %q\n"+format, append([]any{m.path}, args...)...)
}

// FailNow ends the test.
func (m *model) FailNow() { m.t.FailNow() }

// key names what a state is, without numbers that only count.
func (s state) key(t require.TestingT) digest {
	o := s.order
	o.Seq, o.Version, o.Chain, o.Processed = 0, 0, "", nil
	names := []string{}
	for _, j := range s.running {
		names = append(names, j.task.Name+" "+j.task.Key)
	}
	sum := sha256.Sum256([]byte(text(t, []any{o, names, s.book.held, s.book.waiting, s.book.round, s.now})))
	return digest(sum[:16])
}

// take makes a move, and lets messages go out that follow from it.
func (m *model) take(from state, mv move) (state, bool) {
	m.moves++
	decision, err := orders.Decide(from.order, mv.command, later(from.now, mv.wake))
	if err != nil {
		require.NotEqual(m, orders.CodeInternal, orders.AsProblem(err).Code, "%v", err)
		require.Empty(m, mv.done, "the answer of a task is taken: %v", err)
		m.refusals++
		return from, false
	}
	to := m.tell(m.became(from, mv, decision))
	if m.prompt {
		m.prompt, to = false, m.quiet(to)
		m.prompt = true
	}
	return to, true
}

// became is the state after a move, held against the rules when it is seen for the first time.
func (m *model) became(from state, mv move, decision orders.Decision) state {
	to := from
	to.now, to.order = later(from.now, mv.wake), decision.Order
	if mv.book != nil {
		to.book = *mv.book
	}
	to.running = slices.DeleteFunc(slices.Clone(to.running), func(j job) bool { return j.task.Name == mv.done })
	to.start()
	if to.id = to.key(m); !m.looked[to.id] {
		m.looked[to.id] = true
		m.folds(from.order, decision)
		sound(m, to.order)
		m.wayOut(to)
	}
	return to
}

// folds checks that the events alone lead to the same order.
func (m *model) folds(o orders.Order, d orders.Decision) {
	for _, event := range d.Events {
		after, err := orders.Apply(o, event)
		require.NoError(m, err)
		o = after
	}
	require.Equal(m, text(m, d.Order), text(m, o), "the events alone lead to the same state")
}

// start begins every task that is called for and not under way, as the workflow does: one at a time of those that move
// stock. Messages are told at once: nothing depends on when.
func (s *state) start() {
	for _, task := range s.order.Tasks() {
		if slices.ContainsFunc(s.running, func(j job) bool {
			return j.task.Name == task.Name || j.task.Stock() && task.Stock()
		}) {
			continue
		}
		j := job{task: task, request: request(s.order, task)}
		if task.Kind == orders.TaskMoveStock {
			j.lines = s.order.Shipment(task.Subject).Lines
		}
		s.running = append(slices.Clip(s.running), j)
	}
}

// wayOut checks that something can happen: a task, a deadline, or a command of somebody other than stopping or voiding.
func (m *model) wayOut(s state) {
	if s.order.AtRest() || len(s.running) > 0 {
		return
	}
	if _, any := s.order.NextWake(); any {
		return
	}
	for _, role := range orders.Roles() {
		for _, action := range orders.AllowedActions(s.order, orders.Actor{ID: "someone", Role: role, Verified: true}) {
			if action.Allowed && action.Action != orders.CmdHold && action.Action != orders.CmdVoid {
				return
			}
		}
	}
	require.Fail(m, "there is no way out", "%s", text(m, s.order))
}

// tell lets all messages be sent.
func (m *model) tell(s state) state {
	for {
		i := slices.IndexFunc(s.running, func(j job) bool {
			return slices.Contains([]string{orders.StepTell, orders.StepTellDepts, orders.StepTellMoney}, j.task.Kind)
		})
		if i < 0 {
			return s
		}
		told := m.success(s, s.running[i])
		decision, err := orders.Decide(s.order, told.command, s.now)
		require.NoError(m, err)
		s = m.became(s, told, decision)
	}
}

// success is a task's answer when all goes well.
func (m *model) success(s state, j job) move {
	done := &orders.TaskDone{Task: j.task, Outcome: orders.EffectOutcome{Done: true, Reference: "SF-" + j.task.Subject, AtOnce: m.atOnce}}
	book := s.book
	switch {
	case j.task.Kind == orders.TaskReserve || j.task.Kind == orders.StepRelease && j.task.Step != "":
		done.Added = book.ask(j.request, m.free-sumOf(book.held, "L1", "")-shippedOf(s.order), "north")
		done.Returned = book.less(j.request.Holding)
	case j.task.Kind == orders.StepPutBack:
		if done.Left = book.stop(j.task.Subject, j.request); !done.Left {
			done.Added, done.Returned = book.beyond(j.request.Holding), book.less(j.request.Holding)
		}
	case j.task.Kind == orders.TaskMoveStock:
		require.True(m, book.ship(j.task.Key, j.task.Subject, j.lines), "what left the house was held: %s", text(m, s.order))
	case j.task.Kind == orders.TaskReleaseAll:
		book = stockbook{ended: true}
	case j.task.Kind == orders.TaskFreeSlots:
		done.Slots = s.order.FreeSlots
	}
	return move{name: j.task.Name + " done", command: systems(done), book: &book, done: j.task.Name}
}

func shippedOf(o orders.Order) int64 {
	var sum int64
	for _, l := range o.Lines {
		sum += l.Shipped
	}
	return sum
}

func systems(c orders.Command) orders.Command {
	c.Head().Actor = orders.SystemActor
	return c
}

// answers lists how the tasks under way may end.
func (m *model) answers(s state) []move {
	var moves []move
	for _, j := range s.running {
		moves = append(moves, m.success(s, j))
		codes := []string{orders.ReasonUnreachable, orders.RefusedRefused}
		switch {
		case j.task.Kind == orders.TaskCheck:
			doubts := &orders.TaskDone{Task: j.task, Facts: orders.ReviewFacts{SoftDuplicates: []string{"DD-9"}}}
			moves = append(moves, move{name: "check doubts", command: systems(doubts), done: j.task.Name})
			codes = nil
		case j.task.Kind == orders.StepIntercept:
			pending := &orders.TaskDone{Task: j.task, Outcome: orders.EffectOutcome{Done: true, Pending: true}}
			moves = append(moves, move{name: "carrier will answer", command: systems(pending), done: j.task.Name})
		case j.task.Ours():
			codes = []string{orders.ReasonInvalid}
		}
		for _, code := range codes {
			failed := &orders.TaskFailed{Task: j.task, Code: code}
			moves = append(moves, move{name: j.task.Name + " " + code, command: systems(failed), done: j.task.Name})
		}
	}
	return moves
}

// possible finds a move by its name.
func (s state) possible(m *model, name string) (move, bool) {
	for _, mv := range m.all(s) {
		if mv.name == name {
			return mv, true
		}
	}
	return move{}, false
}

// after follows the names of moves from a state.
func (m *model) after(s state, names ...string) state {
	for _, name := range names {
		mv, found := s.possible(m, name)
		require.True(m, found, "%s is possible in %s", name, s.order.Stage)
		s, found = m.take(s, mv)
		require.True(m, found, "%s is accepted in %s", name, s.order.Stage)
	}
	return s
}

// quiet answers every task with success until none is under way.
func (m *model) quiet(s state) state {
	for range 100 {
		if len(s.running) == 0 {
			return s
		}
		s, _ = m.take(s, m.success(s, s.running[0]))
	}
	require.Fail(m, "the tasks never end")
	return s
}

// explore takes every sequence of so many moves from the states, those that lead to the same state once.
func (m *model) explore(from []state, length int) {
	for range length {
		var next []state
		for _, s := range from {
			m.path = s.path
			m.reachesItsEnd(s)
			next = append(next, m.onward(s)...)
		}
		from = next
	}
}

// onward lists the states that one more move leads to and that nothing has led to before.
func (m *model) onward(s state) []state {
	var fresh []state
	for _, mv := range m.all(s) {
		m.path = append(slices.Clip(s.path), mv.name)
		next, ok := m.take(s, mv)
		if !ok {
			continue
		}
		if !m.seen[next.id] {
			m.seen[next.id] = true
			next.path = m.path
			fresh = append(fresh, next)
		}
	}
	return fresh
}

// reachesItsEnd lets people and the outside do what is right until the order is at rest.
func (m *model) reachesItsEnd(s state) {
	var seen []digest
	for range 300 {
		seen = append(seen, s.id)
		if s.order.AtRest() && len(s.running) == 0 || m.ends[s.id] {
			for _, key := range seen {
				m.ends[key] = true
			}
			return
		}
		mv := m.right(s)
		m.path = append(slices.Clip(m.path), mv.name)
		next, ok := m.take(s, mv)
		require.True(m, ok, "it is refused: %s", text(m, s.order))
		s = next
	}
	require.Fail(m, "the order is stuck", "%s", text(m, s.order))
}

func named(format string, args ...any) string { return fmt.Sprintf(format, args...) }
