package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"amends/internal/client"
)

// clientFromEnv returns a client of the stack that the environment names, or else of the one whose data folder is here.
func clientFromEnv(atOnce int) (*client.Client, error) {
	data := cmp.Or(os.Getenv("AMENDS_DATA_DIR"), ".amends")
	known := readVariables(filepath.Join(data, "env"))
	variable := func(name, fallback string) string { return cmp.Or(os.Getenv(name), known[name], fallback) }
	tokens, err := readTokens(variable("AMENDS_TOKENS", filepath.Join(data, "dev-tokens.json")))
	if err != nil {
		return nil, err
	}
	return client.New(
		variable("AMENDS_PUBLIC_URL", "http://127.0.0.1:8080"), variable("AMENDS_SANDBOX_URL", "http://127.0.0.1:8090"), tokens, atOnce,
	), nil
}

func readTokens(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("find the tokens (is the stack up? else set AMENDS_TOKENS): %w", err)
	}
	byRole := map[string]string{}
	if err := json.Unmarshal(text, &byRole); err != nil {
		return nil, fmt.Errorf("read the tokens in %s: %w", path, err)
	}
	return byRole, nil
}

// readVariables reads the lines NAME='value' that a stack keeps in its data folder. Without such a file there are none.
func readVariables(path string) map[string]string {
	variables := map[string]string{}
	file, err := os.Open(path)
	if err != nil {
		return variables
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			variables[name] = strings.Trim(value, "'")
		}
	}
	return variables
}
