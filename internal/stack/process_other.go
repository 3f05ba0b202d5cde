//go:build !linux

package stack

import "syscall"

// attributes puts a process in a group of its own.
func attributes(user *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user}
}

// descendants are not looked for here; the process group is signalled.
func descendants(int) []int { return nil }

// alive says whether there is such a process.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
