package stack

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// attributes puts a process in a group of its own and asks the kernel to
// signal it when this process dies, however it dies.
func attributes(user *syscall.Credential, stop syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user, Pdeathsig: stop}
}

// descendants lists the processes below pid, nearest first.
func descendants(pid int) []int {
	parents := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if child, err := strconv.Atoi(entry.Name()); err == nil {
			parent := parentOf(child)
			parents[parent] = append(parents[parent], child)
		}
	}
	found := parents[pid]
	for i := 0; i < len(found); i++ {
		found = append(found, parents[found[i]]...)
	}
	return found
}

// alive says whether a process still holds anything: a zombie does not.
func alive(pid int) bool {
	state, _ := stat(pid)
	return state != "" && state != "Z" && state != "X"
}

func parentOf(pid int) int {
	_, parent := stat(pid)
	return parent
}

// stat reads the third and fourth field of /proc/PID/stat. The second, the
// name in brackets, may hold spaces.
func stat(pid int) (state string, parent int) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}
