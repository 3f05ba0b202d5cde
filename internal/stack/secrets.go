package stack

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// secrets are made at the first start and kept in the data folder, readable by
// its owner only.
type secrets struct {
	// Database is the password of the database roles.
	Database string `json:"database"`
	// Webhook is the key that webhooks are signed with.
	Webhook string `json:"webhook"`
	// Command is the key with which the API and the relay seal commands.
	Command string `json:"command"`
}

func loadSecrets(dir string) (secrets, error) {
	path := filepath.Join(dir, "secrets.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return makeSecrets(path)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("read the secrets: %w", err)
	}
	var s secrets
	if err := json.Unmarshal(text, &s); err != nil {
		return secrets{}, fmt.Errorf("read the secrets in %s: %w", path, err)
	}
	if s.Command == "" { // the folder is older than this key
		s.Command = randomHex()
		return keepSecrets(path, s)
	}
	return s, nil
}

func makeSecrets(path string) (secrets, error) {
	return keepSecrets(path, secrets{Database: randomHex(), Webhook: randomHex(), Command: randomHex()})
}

func keepSecrets(path string, s secrets) (secrets, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return secrets{}, fmt.Errorf("make the secrets: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return secrets{}, fmt.Errorf("keep the secrets: %w", err)
	}
	return s, nil
}

func randomHex() string {
	var b [24]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
