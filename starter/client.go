package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	tlog "go.temporal.io/sdk/log"

	"amends/internal/client"
)

// clientFromEnv returns a client of the stack that the environment names, or else of the one whose data folder is here.
func clientFromEnv(atOnce int) (*client.Client, error) {
	known := variables()
	tokens, err := readTokens(known("AMENDS_TOKENS", filepath.Join(dataFolder(), "dev-tokens.json")))
	if err != nil {
		return nil, err
	}
	return client.New(
		known("AMENDS_PUBLIC_URL", "http://127.0.0.1:8080"), known("AMENDS_SANDBOX_URL", "http://127.0.0.1:8090"), tokens, atOnce,
	), nil
}

// temporalFromEnv returns a client of the same stack's Temporal. It connects when it is used.
func temporalFromEnv() (temporal.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("read Temporal's variables: %w", err)
	}
	if options.HostPort == "" {
		options.HostPort = variables()("TEMPORAL_ADDRESS", temporal.DefaultHostPort)
	}
	options.Logger = tlog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return temporal.NewLazyClient(options)
}

func dataFolder() string { return cmp.Or(os.Getenv("AMENDS_DATA_DIR"), ".amends") }

// variables looks a name up in the environment, and else in what the stack has kept.
func variables() func(name, fallback string) string {
	kept := readVariables(filepath.Join(dataFolder(), "env"))
	return func(name, fallback string) string { return cmp.Or(os.Getenv(name), kept[name], fallback) }
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
