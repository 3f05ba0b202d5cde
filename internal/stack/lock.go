package stack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockName is the file that a running stack holds locked. It also marks a
// folder as a data folder.
const lockName = "up.lock"

// ErrNotRunning is returned by Down when no stack runs on the data folder.
var ErrNotRunning = errors.New("no stack is running here")

// hold locks the data folder for this process. The lock ends with the process,
// however that ends, so a stale one cannot be left behind.
func hold(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := pidIn(file)
		_ = file.Close()
		return nil, fmt.Errorf("a stack is already running on %s (process %d): stop it with make down", dir, holder)
	}
	_ = file.Truncate(0)
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return file, nil
}

// Down stops the stack that another process runs on the data folder and
// returns when it has ended.
func Down(dir string) error {
	file, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, os.ErrNotExist) {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("look for a running stack: %w", err)
	}
	defer func() { _ = file.Close() }()
	if free(file) {
		return ErrNotRunning
	}
	pid := pidIn(file)
	if pid == 0 {
		return errors.New("look for a running stack: its lock names no process")
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	for deadline := time.Now().Add(3 * stopWithin); time.Now().Before(deadline); time.Sleep(pollEvery) {
		if free(file) {
			return nil
		}
	}
	return fmt.Errorf("stop process %d: it is still running", pid)
}

// Clean removes the data folder and what was kept outside it.
func Clean(dir string) error {
	if !exists(dir) {
		return nil
	}
	file, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return fmt.Errorf("%s does not look like a data folder of Amends: %w", dir, err)
	}
	defer func() { _ = file.Close() }()
	if !free(file) {
		return fmt.Errorf("a stack is running on %s: stop it with make down", dir)
	}
	if away := recordedFolder(dir); away != "" {
		if err := os.RemoveAll(away); err != nil {
			return fmt.Errorf("remove %s: %w", away, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

// free says whether nobody holds the lock, without keeping it.
func free(file *os.File) bool {
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return false
	}
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
	return true
}

func pidIn(file *os.File) int {
	text, _ := io.ReadAll(io.NewSectionReader(file, 0, 32))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}
