package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// orderCommand places an order through the API.
func orderCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "order FILE.json",
		Short: "Place an order through the API",
		Long: `Place an order through the API (AMENDS_PUBLIC_URL) as the clerk of the development tokens, or with the token in
AMENDS_TOKEN. The Idempotency-Key is made from the file's content, so the same file never orders twice; --key says otherwise.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			body, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the order: %w", err)
			}
			token, err := clerkToken()
			if err != nil {
				return err
			}
			return placeOrder(cmd.Context(), cmd.OutOrStdout(), token, cmp.Or(key, contentKey(body)), body)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "Idempotency-Key of 16 to 255 characters, to place the same order once more")
	return cmd
}

func contentKey(body []byte) string {
	digest := sha256.Sum256(body)
	return "order-file-" + hex.EncodeToString(digest[:])
}

// clerkToken returns AMENDS_TOKEN, or the clerk's token of the file that the development seed writes.
func clerkToken() (string, error) {
	if token := os.Getenv("AMENDS_TOKEN"); token != "" {
		return token, nil
	}
	path := cmp.Or(os.Getenv("AMENDS_TOKENS"), filepath.Join(cmp.Or(os.Getenv("AMENDS_DATA_DIR"), ".amends"), "dev-tokens.json"))
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("find a token (is the stack up? else set AMENDS_TOKEN): %w", err)
	}
	byRole := map[string]string{}
	if err := json.Unmarshal(text, &byRole); err != nil {
		return "", fmt.Errorf("read the tokens in %s: %w", path, err)
	}
	if byRole["clerk"] == "" {
		return "", fmt.Errorf("%s has no token of a clerk", path)
	}
	return byRole["clerk"], nil
}

// placed is what the API says of an order, or of why there is none.
type placed struct {
	Status string `json:"status"`
	Number string `json:"number"`
	Stage  string `json:"stage"`
	Links  struct {
		Self     string `json:"self"`
		Temporal string `json:"temporal"`
	} `json:"links"`
}

type refusal struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

func placeOrder(ctx context.Context, out io.Writer, token, key string, body []byte) error {
	url := strings.TrimRight(cmp.Or(os.Getenv("AMENDS_PUBLIC_URL"), "http://127.0.0.1:8080"), "/") + "/api/v1/orders"
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("AMENDS_PUBLIC_URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Idempotency-Key", key)
	request.Header.Set("Accept-Language", acceptLanguage(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LANG"))))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reach the API (is the stack up? else set AMENDS_PUBLIC_URL): %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return refusedOrder(response.StatusCode, answer)
	}
	return report(out, response, answer)
}

func acceptLanguage(locale string) string {
	if strings.HasPrefix(locale, "zh") {
		return "zh-CN"
	}
	return "en"
}

func refusedOrder(status int, answer []byte) error {
	var r refusal
	if err := json.Unmarshal(answer, &r); err != nil || r.Code == "" {
		return fmt.Errorf("the API answered %d and no problem that can be read", status)
	}
	lines := []string{fmt.Sprintf("the order was refused (%d %s): %s", status, r.Code, r.Detail)}
	for _, e := range r.Errors {
		lines = append(lines, fmt.Sprintf("  %s: %s", e.Field, e.Message))
	}
	return errors.New(strings.Join(lines, "\n"))
}

func report(out io.Writer, response *http.Response, answer []byte) error {
	var p placed
	if err := json.Unmarshal(answer, &p); err != nil || p.Number == "" {
		return fmt.Errorf("the API answered %d without an order's number", response.StatusCode)
	}
	state := p.Stage
	switch {
	case response.StatusCode == http.StatusAccepted:
		state = "accepted, not confirmed yet"
	case response.Header.Get("Idempotency-Replayed") == "true":
		state += " (placed before; its stage then)"
	}
	_, err := fmt.Fprintf(out, "%s  %s\norder     %s\nworkflow  %s\n", p.Number, state, p.Links.Self, p.Links.Temporal)
	return err
}
