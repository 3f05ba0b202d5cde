// Command testsum reads the output of `go test -json`, shows what a person
// wants to see of it and ends with one line: N passed, N failed. It exits 1
// when a test failed or none ran. With -logs it shows what passing tests
// logged, too.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// event is a line of `go test -json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// summary counts tests, subtests included. A package that fails without a
// failing test, such as one that does not compile, counts as one failure.
type summary struct {
	passed, failed, skipped int
	// output holds what a test printed until it is known to have passed.
	output map[string][]string
	// failing notes the packages with a failed test.
	failing map[string]bool
	// names lists what failed, for the end.
	names []string
	// logs asks for what passing tests logged.
	logs bool
	to   io.Writer
}

// logged is a line of t.Log.
var logged = regexp.MustCompile(`^\s+\w+\.go:\d+: `)

func main() {
	s := &summary{output: map[string][]string{}, failing: map[string]bool{}, to: os.Stdout}
	flag.BoolVar(&s.logs, "logs", false, "show what passing tests logged")
	flag.Parse()
	s.read(os.Stdin)
	s.close()
	if s.failed > 0 || s.passed == 0 {
		os.Exit(1)
	}
}

func (s *summary) read(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case json.Unmarshal([]byte(line), &e) == nil && e.Action != "":
			s.take(e)
		case line != "":
			_, _ = fmt.Fprint(s.to, line)
		}
		if err != nil {
			return
		}
	}
}

func (s *summary) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		s.output[key] = append(s.output[key], e.Output)
	case "build-output":
		_, _ = fmt.Fprint(s.to, e.Output)
	case "pass", "skip", "fail":
		s.end(e, key)
	}
}

func (s *summary) end(e event, key string) {
	if e.Test == "" {
		s.endPackage(e, key)
		return
	}
	switch e.Action {
	case "pass":
		s.passed++
		s.showLogs(e, key)
	case "skip":
		s.skipped++
	case "fail":
		s.failed++
		s.failing[e.Package] = true
		s.names = append(s.names, e.Package+"."+e.Test)
		s.show(key)
	}
	delete(s.output, key)
}

func (s *summary) endPackage(e event, key string) {
	switch {
	case e.Action == "skip":
	case e.Action == "pass":
		_, _ = fmt.Fprintf(s.to, "ok    %6.1f s  %s\n", e.Elapsed, e.Package)
	default:
		_, _ = fmt.Fprintf(s.to, "FAIL  %6.1f s  %s\n", e.Elapsed, e.Package)
		if !s.failing[e.Package] {
			s.failed++
			s.names = append(s.names, e.Package)
			s.showAll(e.Package)
			s.show(key)
		}
	}
	delete(s.output, key)
}

// showAll prints the tests that had not ended when their package did, as in a
// panic or a timeout.
func (s *summary) showAll(pkg string) {
	for key := range s.output {
		if strings.HasPrefix(key, pkg+" ") && key != pkg+" " {
			s.show(key)
		}
	}
}

func (s *summary) show(key string) {
	for _, line := range s.output[key] {
		_, _ = fmt.Fprint(s.to, line)
	}
}

func (s *summary) showLogs(e event, key string) {
	if !s.logs {
		return
	}
	_, _ = fmt.Fprintf(s.to, "ok    %6.1f s  %s\n", e.Elapsed, e.Test)
	for _, line := range s.output[key] {
		if at := logged.FindString(line); at != "" {
			_, _ = fmt.Fprintf(s.to, "      %s", line[len(at):])
		}
	}
}

func (s *summary) close() {
	for _, name := range s.names {
		_, _ = fmt.Fprintln(s.to, "failed:", name)
	}
	if s.skipped > 0 {
		_, _ = fmt.Fprintf(s.to, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
		return
	}
	_, _ = fmt.Fprintf(s.to, "%d passed, %d failed\n", s.passed, s.failed)
}
