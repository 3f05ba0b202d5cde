package stack

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Env returns the whole environment that a part runs in: this process's own,
// what the stack decides, and Options.Env, each before what it may override.
func (s *Stack) Env(part Part) []string {
	env := os.Environ()
	if s.options.TemporalAddress == "" {
		// Settings for another server must not reach the embedded one.
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "TEMPORAL_") })
	}
	env = append(env, s.variables(part)...)
	return append(env, s.options.Env[part]...)
}

func (s *Stack) variables(part Part) []string {
	switch part {
	case Temporal:
		return s.temporalVariables()
	case Sandbox:
		return []string{
			"AMENDS_SANDBOX_ADDR=" + address(s.options.Ports.Sandbox),
			"AMENDS_SANDBOX_DATABASE_URL=" + databaseURL(s.AdminURL(), roleSandbox, s.secrets.Database, "sandbox"),
			"AMENDS_SANDBOX_SEED=1",
			"AMENDS_WEBHOOK_URL=" + s.APIURL() + "/api/v1/webhooks",
			"AMENDS_WEBHOOK_SECRET=" + s.secrets.Webhook,
		}
	case Worker, API:
		return s.productVariables()
	default:
		return nil
	}
}

// productVariables are those of worker, API and starter.
func (s *Stack) productVariables() []string {
	env := []string{
		"AMENDS_DATABASE_URL=" + s.DatabaseURL(),
		"AMENDS_HTTP_ADDR=" + address(s.options.Ports.API),
		"AMENDS_PUBLIC_URL=" + s.APIURL(),
		"AMENDS_TEMPORAL_UI_URL=" + s.TemporalUIURL(),
		"AMENDS_PAYMENTS_URL=" + s.SandboxURL() + "/payments",
		"AMENDS_CARRIER_URL=" + s.SandboxURL() + "/carrier",
		"AMENDS_SUPPLIER_URL=" + s.SandboxURL() + "/supplier",
		"AMENDS_SMS_URL=" + s.SandboxURL() + "/sms",
		"AMENDS_SMTP_ADDR=" + s.SMTPAddress(),
		"AMENDS_WEBHOOK_SECRET=" + s.secrets.Webhook,
		"AMENDS_COMMAND_KEY=" + s.secrets.Command,
	}
	if s.options.TemporalAddress == "" {
		env = append(env, "TEMPORAL_ADDRESS="+s.TemporalAddress(), "TEMPORAL_NAMESPACE=default")
	}
	return env
}

// writeVariables keeps what commands beside the stack need, as lines that a
// shell can read.
func (s *Stack) writeVariables() error {
	lines := append(s.productVariables(), "AMENDS_SANDBOX_URL="+s.SandboxURL(), "AMENDS_MAIL_URL="+s.MailURL(), "AMENDS_TOKENS="+s.TokensFile())
	var text strings.Builder
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		fmt.Fprintf(&text, "%s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	if err := os.WriteFile(filepath.Join(s.options.Dir, "env"), []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("keep the stack's variables: %w", err)
	}
	return nil
}

func (s *Stack) temporalVariables() []string {
	u, err := url.Parse(databaseURL(s.AdminURL(), roleTemporal, s.secrets.Database, "temporal"))
	if err != nil {
		return nil
	}
	password, _ := u.User.Password()
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	return []string{
		"DEVSTACK_POSTGRES_HOST=" + u.Hostname(),
		"DEVSTACK_POSTGRES_PORT=" + port,
		"DEVSTACK_POSTGRES_USER=" + u.User.Username(),
		"DEVSTACK_POSTGRES_PASSWORD=" + password,
		"DEVSTACK_FRONTEND_PORT=" + strconv.Itoa(s.options.Ports.Temporal),
		"DEVSTACK_UI_PORT=" + strconv.Itoa(s.options.Ports.TemporalUI),
	}
}

// APIURL is where the API and the console answer.
func (s *Stack) APIURL() string { return "http://" + address(s.options.Ports.API) }

// SandboxURL is where the outside world answers.
func (s *Stack) SandboxURL() string { return "http://" + address(s.options.Ports.Sandbox) }

// MailURL is the mail catcher's page and API.
func (s *Stack) MailURL() string { return "http://" + address(s.options.Ports.Mail) }

// SMTPAddress is the mail catcher's host and port for SMTP.
func (s *Stack) SMTPAddress() string { return address(s.options.Ports.SMTP) }

// TemporalAddress is the host and port of Temporal's frontend.
func (s *Stack) TemporalAddress() string {
	if s.options.TemporalAddress != "" {
		return s.options.TemporalAddress
	}
	return address(s.options.Ports.Temporal)
}

// TemporalUIURL is where Temporal's Web UI answers.
func (s *Stack) TemporalUIURL() string {
	if s.options.TemporalUIURL != "" {
		return s.options.TemporalUIURL
	}
	return "http://" + address(s.options.Ports.TemporalUI)
}

// AdminURL reaches Postgres with the right to create roles and databases.
func (s *Stack) AdminURL() string {
	if s.options.PostgresURL != "" {
		return s.options.PostgresURL
	}
	return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", admin, address(s.options.Ports.Postgres))
}

// OwnerURL reaches the business database as the role that migrates it.
func (s *Stack) OwnerURL() string {
	return databaseURL(s.AdminURL(), roleOwner, s.secrets.Database, "amends")
}

// DatabaseURL reaches the business database as the product does.
func (s *Stack) DatabaseURL() string {
	return databaseURL(s.AdminURL(), roleApp, s.secrets.Database, "amends")
}

// WebhookSecret is the key that webhooks to the API are signed with.
func (s *Stack) WebhookSecret() string { return s.secrets.Webhook }
