package testdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startTries = 3
	startWait  = 30 * time.Second
)

// settings trade every safety a test does not need for speed.
var settings = []string{
	"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "shared_buffers=64MB",
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "log_min_messages=fatal",
}

// cluster is a throw-away PostgreSQL cluster in a temporary folder, reachable by TCP on the loopback only.
type cluster struct {
	dir     string
	url     string
	process *os.Process
	exited  chan struct{}
}

func startCluster() (*cluster, error) {
	initdb, postgres, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	c := &cluster{}
	if c.dir, err = dataFolder(owner); err != nil {
		return nil, err
	}
	if err := initialise(initdb, c.dir, owner); err != nil {
		c.stop()
		return nil, err
	}
	for range startTries {
		if err = c.start(postgres, owner); err == nil {
			return c, nil
		}
	}
	c.stop()
	return nil, err
}

// binaries looks in PATH, then in Debian's folders, the newest version first.
func binaries() (initdb, postgres string, err error) {
	initdb, err1 := exec.LookPath("initdb")
	postgres, err2 := exec.LookPath("postgres")
	if err1 == nil && err2 == nil {
		return initdb, postgres, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.Sort(found)
	if len(found) == 0 {
		return "", "", fmt.Errorf("no PostgreSQL binaries: install postgresql-15 or set %s", ServerVariable)
	}
	initdb = found[len(found)-1]
	return initdb, filepath.Join(filepath.Dir(initdb), "postgres"), nil
}

// unprivileged returns the user to run the server as, nil for the present one: PostgreSQL refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("run by root, and there is no user postgres or nobody to run PostgreSQL as")
}

func dataFolder(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if owner != nil {
		parent = "/var/tmp" // a root's TMPDIR may be closed to others
	}
	dir, err := os.MkdirTemp(parent, "amends-test-")
	if err != nil || owner == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(owner.Uid), int(owner.Gid))
}

func initialise(initdb, dir string, owner *syscall.Credential) error {
	cmd := exec.Command(initdb, "-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (c *cluster) start(postgres string, owner *syscall.Credential) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	args := []string{"-D", c.dir, "-p", strconv.Itoa(port)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(postgres, args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = dieWithParent(owner)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := c.run(cmd); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := c.await(); err != nil {
		c.end()
		return fmt.Errorf("start postgres: %w: %s", err, bytes.TrimSpace(output.Bytes()))
	}
	return nil
}

// run starts the server from a thread that lives as long as the server, because the parent-death signal follows the
// thread and not the process.
func (c *cluster) run(cmd *exec.Cmd) error {
	started := make(chan error)
	c.exited = make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(c.exited)
	}()
	err := <-started
	c.process = cmd.Process
	return err
}

// await asks until the server answers from this cluster's own folder: another server may have taken the port.
func (c *cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	for {
		if c.answers(ctx) {
			return nil
		}
		select {
		case <-c.exited:
			return errors.New("the server ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *cluster) answers(ctx context.Context) bool {
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	var dir string
	err = conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir)
	return err == nil && dir == c.dir
}

// end asks for an immediate shutdown; there is nothing worth keeping.
func (c *cluster) end() {
	if c.process == nil {
		return
	}
	_ = c.process.Signal(syscall.SIGQUIT)
	select {
	case <-c.exited:
	case <-time.After(10 * time.Second):
		_ = c.process.Kill()
		<-c.exited
	}
	c.process = nil
}

func (c *cluster) stop() {
	c.end()
	_ = os.RemoveAll(c.dir)
}

// freePort looks below the range that the kernel gives to outgoing connections, which could take the port meanwhile.
func freePort() (port int, err error) {
	for range 100 {
		var listener net.Listener
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))); err == nil {
			port = listener.Addr().(*net.TCPAddr).Port
			return port, listener.Close()
		}
	}
	return 0, err
}
