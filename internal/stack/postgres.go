package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// admin is the superuser of a private cluster. Its password is never asked
// for: the cluster trusts whoever can connect from this machine.
const admin = "postgres"

// cluster is a private Postgres cluster in a folder of its own.
type cluster struct {
	bin    string
	folder string
	port   int
	// disposable leaves out what protects data against power loss.
	disposable bool
}

// data is the cluster's data folder. It is moved into place when initdb is
// done, so a half-made one is never taken for a cluster.
func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

func (c *cluster) initialised() bool { return exists(filepath.Join(c.data(), "PG_VERSION")) }

// initialise makes the cluster where it is missing.
func (c *cluster) initialise(ctx context.Context, as *account) error {
	if c.initialised() {
		return nil
	}
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove a half-made cluster: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), "--pgdata", fresh, "--username", admin,
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions", "--no-sync")
	cmd.Dir = "/"
	cmd.SysProcAttr = attributes(as.credential(), 0)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a Postgres cluster in %s: %w\n%s", fresh, err, output)
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("make a Postgres cluster: %w", err)
	}
	return nil
}

// args keep the server on TCP at 127.0.0.1 and leave no socket files.
func (c *cluster) args() []string {
	settings := []string{
		"listen_addresses=" + host, "port=" + strconv.Itoa(c.port), "unix_socket_directories=",
		"max_connections=300", "timezone=UTC", "log_timezone=UTC", "jit=off", "cluster_name=amends",
	}
	if c.disposable {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	args := []string{"-D", c.data()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// check asks whether the server on the port is this cluster's: another one may
// have taken the port.
func (c *cluster) check(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable&connect_timeout=2", admin, address(c.port)))
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var dir string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir); err != nil {
		return fmt.Errorf("ask Postgres for its folder: %w", err)
	}
	if !sameFile(dir, c.data()) {
		return fmt.Errorf("the server on port %d is another one, of %s", c.port, dir)
	}
	return nil
}

func sameFile(a, b string) bool {
	left, err1 := os.Stat(a)
	right, err2 := os.Stat(b)
	return errors.Join(err1, err2) == nil && os.SameFile(left, right)
}

// findPostgres returns the folder with initdb and postgres: AMENDS_PG_BIN, then
// PATH, then Debian's folders from the newest version on. An existing cluster
// wants binaries of the version that made it.
func findPostgres(version string) (string, error) {
	candidates := postgresFolders()
	if len(candidates) == 0 {
		return "", errors.New("no PostgreSQL binaries found: install them (apt-get install postgresql-15) or set AMENDS_PG_BIN to the folder with initdb and postgres")
	}
	if version == "" {
		return candidates[0], nil
	}
	for _, folder := range candidates {
		if majorVersion(folder) == version {
			return folder, nil
		}
	}
	return "", fmt.Errorf("the data folder was made by PostgreSQL %s, whose binaries are gone: install them or set AMENDS_PG_BIN to their folder", version)
}

func postgresFolders() []string {
	if chosen := os.Getenv("AMENDS_PG_BIN"); chosen != "" {
		return slices.DeleteFunc([]string{chosen}, func(f string) bool { return !complete(f) })
	}
	var folders []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if complete(folder) {
			folders = append(folders, folder)
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	debian = slices.DeleteFunc(debian, func(f string) bool { return !complete(f) })
	slices.SortFunc(debian, func(a, b string) int { return debianVersion(b) - debianVersion(a) })
	return append(folders, debian...)
}

func complete(folder string) bool {
	return exists(filepath.Join(folder, "initdb")) && exists(filepath.Join(folder, "postgres"))
}

func debianVersion(folder string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return version
}

// majorVersion reads "postgres (PostgreSQL) 15.18 (Debian …)".
func majorVersion(folder string) string {
	output, _ := exec.Command(filepath.Join(folder, "postgres"), "--version").Output()
	fields := strings.Fields(string(output))
	if len(fields) < 3 {
		return ""
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major
}
