//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Hit stops the process where the file says so for this point and key.
func Hit(point, key string) {
	path := os.Getenv(Variable)
	if path == "" {
		return
	}
	armed, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(armed)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[1] == point && strings.HasPrefix(key, fields[2]) {
			stop(path, fields[0], point, key)
		}
	}
}

// takesEffect is how long a signal may be on its way to all threads: until then this one must not go on.
const takesEffect = 250 * time.Millisecond

func stop(path, mode, point, key string) {
	note(path+".hit", fmt.Sprintf("%s %s %s\n", mode, point, key))
	switch mode {
	case Kill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case Freeze:
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-time.After(takesEffect)
	}
}

func note(path, line string) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err) // a test that cannot be told waits in vain
	}
	_, err = file.WriteString(line)
	if err := file.Close(); err != nil {
		panic(err)
	}
	if err != nil {
		panic(err)
	}
}
