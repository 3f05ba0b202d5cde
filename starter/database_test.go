package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"amends/internal/testdb"
	"amends/store"
)

func TestMain(m *testing.M) { testdb.Main(m) }

func run(t *testing.T, cmd *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSeedingAgainKeepsTheTokens(t *testing.T) {
	url := testdb.New(t)
	t.Setenv(ownerDatabase, url)
	t.Setenv(appDatabase, url)
	if _, err := run(t, migrateCommand()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "new", "dev-tokens.json")
	if _, err := run(t, seedCommand(), "--dev", "--tokens", path); err != nil {
		t.Fatal(err)
	}
	first := tokens(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	delete(first, "viewer")
	if err := writeTokens(path, first); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, seedCommand(), "--dev", "--tokens", path); err != nil {
		t.Fatal(err)
	}
	again := tokens(t, path)
	if len(again) != len(devStaff) || again["clerk"] != first["clerk"] || again["viewer"] == "" {
		t.Errorf("tokens of %d roles, the clerk's changed: %v", len(again), again["clerk"] != first["clerk"])
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	signIn(t, url, again)

	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out strings.Builder
	broken, err := checkDatabase(t.Context(), &out, db)
	if err != nil || broken > 0 || !strings.Contains(out.String(), "0  ledger: every transaction balances") {
		t.Errorf("%d broken, %v: %s", broken, err, out.String())
	}
}

func tokens(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byRole := map[string]string{}
	if err := json.Unmarshal(data, &byRole); err != nil {
		t.Fatal(err)
	}
	return byRole
}

func signIn(t *testing.T, url string, byRole map[string]string) {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for role, token := range byRole {
		sum := sha256.Sum256([]byte(token))
		if staff, err := db.StaffByToken(t.Context(), sum[:]); err != nil || staff.Role != role {
			t.Errorf("the %s signs in as %q: %v", role, staff.Role, err)
		}
	}
}

func TestSeedingIsForDevelopmentOnly(t *testing.T) {
	if _, err := run(t, seedCommand()); err == nil {
		t.Error("seeded without --dev")
	}
}
