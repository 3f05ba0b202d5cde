package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"amends/internal/stack"
)

// processor is the processor time, in milliseconds, that each part of the stack and the bench itself have used. On a
// shared machine it says more than rates, for neighbours do not count.
type processor map[string]float64

// self is the name of the bench's own process, in which the bare workflows' worker runs.
const self = "bench"

// tick is how many milliseconds the kernel's unit of processor time has; it is the same on all that Go runs on.
const tick = 10

// processorUsed reads /proc. Where there is none it knows nothing.
func processorUsed(s *stack.Stack) processor {
	names := map[int]string{os.Getpid(): self}
	for _, part := range stack.AllParts() {
		if p := s.Process(part); p != nil {
			names[p.PID()] = string(part)
		}
	}
	used := processor{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		pid, parent, spent := readStat(file)
		if name := names[pid]; name != "" {
			used[name] += spent
		} else if names[parent] == string(stack.Postgres) { // a backend
			used[names[parent]] += spent
		}
	}
	return used
}

// readStat returns who a process is, who started it, and its time together with that of children that have ended.
func readStat(file string) (pid, parent int, spent float64) {
	text, _ := os.ReadFile(file)
	_, after, ok := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if !ok || len(fields) < 15 {
		return 0, 0, 0
	}
	pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
	parent, _ = strconv.Atoi(fields[1])
	for _, field := range fields[11:15] {
		ticks, _ := strconv.Atoi(field)
		spent += float64(ticks * tick)
	}
	return pid, parent, spent
}

// add takes in what was used between two readings.
func (p processor) add(before, after processor) {
	for name, spent := range after {
		p[name] += spent - before[name]
	}
}

func (p processor) total() (sum float64) {
	for _, spent := range p {
		sum += spent
	}
	return sum
}

// per says how much each part took for one of n.
func (p processor) per(n int) string {
	var parts []string
	for _, name := range append(partNames(), self) {
		parts = append(parts, fmt.Sprintf("%s %.1f", name, p[name]/float64(max(n, 1))))
	}
	return fmt.Sprintf("%.1f ms: %s", p.total()/float64(max(n, 1)), strings.Join(parts, ", "))
}

func partNames() (names []string) {
	for _, part := range stack.AllParts() {
		names = append(names, string(part))
	}
	return names
}
