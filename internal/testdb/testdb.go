// Package testdb gives tests fresh PostgreSQL databases on a real server.
//
// A package that needs one calls Main from its TestMain and New from its tests. The server is the one named by
// AMENDS_TEST_POSTGRES_URL (an administrator's URL), or a throw-away cluster that is started with the first call of New
// and removed when the tests end.
package testdb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ServerVariable names the environment variable with the administrator's URL of a server to share between packages.
const ServerVariable = "AMENDS_TEST_POSTGRES_URL"

var server struct {
	sync.Mutex
	ready   bool // Main runs
	admin   string
	cluster *cluster
	err     error
}

// Main runs the tests of a package and ends the cluster they started. It does not return.
func Main(m *testing.M) {
	os.Exit(Run(m))
}

// Run is Main for a TestMain with more to tear down: it returns the exit code.
func Run(m *testing.M) int {
	server.Lock()
	server.ready = true
	server.Unlock()
	defer stop()
	return m.Run()
}

// New creates an empty database (UTF-8, C.UTF-8) for one test and returns its URL. The database is dropped with the test.
func New(t testing.TB) string {
	t.Helper()
	admin, err := adminURL()
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := "t_" + randomName()
	create := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
	if err := execute(admin, create); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop test database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

// adminURL returns the URL of the server, which it starts when nothing was given.
func adminURL() (string, error) {
	server.Lock()
	defer server.Unlock()
	if !server.ready {
		return "", fmt.Errorf("the package's TestMain does not call testdb.Main")
	}
	if server.admin != "" || server.err != nil {
		return server.admin, server.err
	}
	if given := os.Getenv(ServerVariable); given != "" {
		server.admin = given
		return server.admin, nil
	}
	server.cluster, server.err = startCluster()
	if server.err == nil {
		server.admin = server.cluster.url
	}
	return server.admin, server.err
}

func stop() {
	server.Lock()
	defer server.Unlock()
	server.ready = false
	if server.cluster != nil {
		server.cluster.stop()
	}
}

func execute(admin, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return admin
	}
	u.Path = "/" + name
	return u.String()
}

func randomName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
