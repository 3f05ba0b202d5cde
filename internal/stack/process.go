package stack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopWithin is how long a process may take to end when asked to.
	stopWithin = 20 * time.Second
	// goneWithin is how long the children of a killed process may take to end.
	goneWithin = 5 * time.Second
	// tailBytes is how much of a log a report shows.
	tailBytes = 4 << 10
)

// errUnasked is how a process ended that nobody stopped.
var errUnasked = errors.New("ended by itself")

// Process is a program that can be started, stopped, killed and frozen, any
// number of times. Its output goes to a log file. Set the fields before Start;
// the methods are safe for use by several goroutines.
type Process struct {
	Name string
	Path string
	Args []string
	// Env is the whole environment. It may be changed between two runs.
	Env []string
	// Log is the file that output is appended to.
	Log string
	// StopSignal asks for a clean end; 0 means SIGTERM.
	StopSignal syscall.Signal
	// Credential is the user to run as; nil means the present one.
	Credential *syscall.Credential

	mu   sync.Mutex
	live *run
}

// run is one life of a process. done is closed when it has ended.
type run struct {
	pid    int
	done   chan struct{}
	asked  bool
	status error
}

// Start starts the program in a process group of its own, so that Ctrl-C in a
// terminal does not reach it. It does not wait until the program is ready.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return fmt.Errorf("start %s: already running", p.Name)
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env, cmd.Dir = p.Env, "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes(p.Credential, p.stopSignal())
	life := &run{done: make(chan struct{})}
	if err := life.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.live = life
	return nil
}

// start runs cmd from a thread that lives as long as the program: where the
// kernel signals children of a dead parent, it looks at the thread.
func (r *run) start(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		if err == nil {
			r.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			r.status = cmd.Wait()
			close(r.done)
		}
	}()
	return <-started
}

// Running says whether the program runs.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running()
}

func (p *Process) running() bool {
	if p.live == nil {
		return false
	}
	select {
	case <-p.live.done:
		return false
	default:
		return true
	}
}

// PID is the process ID, 0 before the first start.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil {
		return 0
	}
	return p.live.pid
}

// Done is closed when the present run ends; nil before the first start.
func (p *Process) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil {
		return nil
	}
	return p.live.done
}

// Unasked returns an error with the end of the log when the last run ended
// without Stop or Kill, and nil otherwise.
func (p *Process) Unasked() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil || p.running() || p.live.asked {
		return nil
	}
	return fmt.Errorf("%s %w (%s), its log %s ends with:\n%s", p.Name, errUnasked, describe(p.live.status), p.Log, Tail(p.Log))
}

// Stop asks the program to end and kills it when it does not in time. A
// frozen program is thawed first.
func (p *Process) Stop() error {
	life := p.ask()
	if life == nil {
		return nil
	}
	signal(life.pid, syscall.SIGCONT)
	_ = syscall.Kill(life.pid, p.stopSignal())
	select {
	case <-life.done:
		return nil
	case <-time.After(stopWithin):
	}
	signalAll(life.pid, syscall.SIGKILL)
	<-life.done
	return fmt.Errorf("stop %s: had to be killed after %s", p.Name, stopWithin)
}

// Kill ends the program and every process it started at once, as kill -9
// does, and returns when all of them are gone: Postgres does not start while a
// child of an earlier run still holds its memory.
func (p *Process) Kill() {
	life := p.ask()
	if life == nil {
		return
	}
	signal(life.pid, syscall.SIGSTOP) // a stopped program starts no more children
	children := descendants(life.pid)
	signalAll(life.pid, syscall.SIGKILL)
	<-life.done
	for deadline := time.Now().Add(goneWithin); slices.ContainsFunc(children, alive) && time.Now().Before(deadline); {
		<-time.After(pollEvery / 10)
	}
}

// Freeze stops the program's execution until Thaw; its connections stay open.
func (p *Process) Freeze() {
	if p.Running() {
		signalAll(p.PID(), syscall.SIGSTOP)
	}
}

// Thaw lets a frozen program go on.
func (p *Process) Thaw() {
	if p.Running() {
		signalAll(p.PID(), syscall.SIGCONT)
	}
}

// ask notes that the end of the present run is wanted and returns that run,
// nil when there is none.
func (p *Process) ask() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	p.live.asked = true
	return p.live
}

func (p *Process) stopSignal() syscall.Signal {
	if p.StopSignal == 0 {
		return syscall.SIGTERM
	}
	return p.StopSignal
}

// signalAll signals a process, its group and its descendants: those of
// Postgres make groups of their own.
func signalAll(pid int, s syscall.Signal) {
	children := descendants(pid)
	signal(pid, s)
	for _, child := range children {
		_ = syscall.Kill(child, s)
	}
}

func signal(pid int, s syscall.Signal) {
	if syscall.Kill(-pid, s) != nil {
		_ = syscall.Kill(pid, s)
	}
}

func describe(status error) string {
	if status == nil {
		return "exit status 0"
	}
	return status.Error()
}

// Tail returns the last lines of a log file.
func Tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = file.Seek(-tailBytes, io.SeekEnd)
	}
	text, _ := io.ReadAll(file)
	if len(text) == tailBytes {
		_, rest, _ := strings.Cut(string(text), "\n")
		return rest
	}
	return string(text)
}
