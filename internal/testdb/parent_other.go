//go:build unix && !linux

package testdb

import "syscall"

// dieWithParent has no parent-death signal to ask for here: a killed test process leaves its server behind.
func dieWithParent(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true}
}
