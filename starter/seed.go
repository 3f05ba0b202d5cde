package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"amends/store"
)

// devStaff is one staff member per role; limits are in fen.
var devStaff = []store.SeedStaff{
	{ID: "staff-clerk", Name: "李娜", Role: "clerk", RefundLimit: 500_00},
	{ID: "staff-reviewer", Name: "吴磊", Role: "reviewer"},
	{ID: "staff-buyer", Name: "孙丽", Role: "buyer"},
	{ID: "staff-warehouse", Name: "黄强", Role: "warehouse"},
	{ID: "staff-finance", Name: "郑洁", Role: "finance", RefundLimit: 5_000_00},
	{ID: "staff-manager", Name: "马超", Role: "manager", RefundLimit: 10_000_00},
	{ID: "staff-admin", Name: "何静", Role: "admin"},
	{ID: "staff-auditor", Name: "罗敏", Role: "auditor"},
	{ID: "staff-viewer", Name: "高原", Role: "viewer"},
}

// seedCommand fills a development database and writes the tokens of its staff into a file.
func seedCommand() *cobra.Command {
	var dev bool
	var tokens string
	cmd := &cobra.Command{
		Use:   "seed --dev --tokens FILE",
		Short: "Fill a development database (" + ownerDatabase + ")",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !dev {
				return errors.New("seeding is for development only: say --dev")
			}
			url, err := databaseURL(ownerDatabase)
			if err != nil {
				return err
			}
			byRole, err := ensureTokens(tokens)
			if err != nil {
				return err
			}
			return store.Seed(cmd.Context(), url, withHashes(byRole))
		},
	}
	cmd.Flags().BoolVar(&dev, "dev", false, "this is a development database")
	cmd.Flags().StringVar(&tokens, "tokens", filepath.Join(".amends", "dev-tokens.json"), "file that keeps the staff's tokens")
	return cmd
}

func withHashes(byRole map[string]string) []store.SeedStaff {
	var staff []store.SeedStaff
	for _, member := range devStaff {
		sum := sha256.Sum256([]byte(byRole[member.Role]))
		member.TokenHash = sum[:]
		staff = append(staff, member)
	}
	return staff
}

// ensureTokens reads the tokens of an earlier seeding, adds those of roles that have none, and writes the file before
// the database learns of them: a seeding that breaks off in between is finished by the next one.
func ensureTokens(path string) (map[string]string, error) {
	byRole := map[string]string{}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read tokens: %w", err)
	default:
		if err := json.Unmarshal(data, &byRole); err != nil {
			return nil, fmt.Errorf("read tokens of %s: %w", path, err)
		}
	}
	added := false
	for _, member := range devStaff {
		if byRole[member.Role] == "" {
			byRole[member.Role], added = newToken(), true
		}
	}
	if !added {
		return byRole, nil
	}
	return byRole, writeTokens(path, byRole)
}

func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// writeTokens replaces the file as a whole. It belongs to whoever runs the command and only they may read it.
func writeTokens(path string, byRole map[string]string) error {
	data, err := json.MarshalIndent(byRole, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".dev-tokens-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	_, err = file.Write(append(data, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write tokens: %w", err), os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	return nil
}
