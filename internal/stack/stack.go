package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Stack is one running Amends with everything around it.
type Stack struct {
	options   Options
	secrets   secrets
	lock      *os.File
	cluster   *cluster
	processes map[Part]*Process
}

// New checks what can be checked before anything starts: that no other stack
// uses the data folder, that binaries are there and that ports are free. It
// makes the data folder and holds it until Stop.
func New(o Options) (*Stack, error) {
	if err := o.normalise(); err != nil {
		return nil, err
	}
	s := &Stack{options: o, processes: map[Part]*Process{}}
	known := exists(o.Dir)
	if err := s.prepare(); err != nil {
		s.release()
		if !known {
			_ = os.RemoveAll(o.Dir)
		}
		return nil, err
	}
	return s, nil
}

func (s *Stack) prepare() error {
	dir := s.options.Dir
	// Postgres, under another user, must be able to pass through.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	var err error
	if s.lock, err = hold(dir); err != nil {
		return err
	}
	if err := errors.Join(s.checkBinaries(), checkPorts(&s.options)); err != nil {
		return err
	}
	for _, folder := range []string{"log", "mail"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
	}
	if s.secrets, err = loadSecrets(dir); err != nil {
		return err
	}
	return errors.Join(s.writeVariables(), s.define())
}

// binaries of each part. Postgres brings its own.
var binaries = map[Part]string{Temporal: "devstack", Mail: "mailpit", Sandbox: "sandbox", Worker: "worker", API: "api"}

func (s *Stack) checkBinaries() error {
	var missing []string
	for _, part := range s.options.Parts {
		if name := binaries[part]; name != "" && !exists(s.Binary(name)) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no %s in %s: run make build", strings.Join(missing, ", "), s.options.Bin)
	}
	return nil
}

// Binary is the path of a program that make build made.
func (s *Stack) Binary(name string) string { return filepath.Join(s.options.Bin, name) }

// define describes the processes without starting them.
func (s *Stack) define() error {
	for _, part := range s.options.Parts {
		if part == Postgres {
			if err := s.definePostgres(); err != nil {
				return err
			}
			continue
		}
		s.processes[part] = &Process{
			Name: string(part), Path: s.Binary(binaries[part]), Args: s.args(part), Env: s.Env(part), Log: s.LogFile(part),
		}
	}
	return nil
}

func (s *Stack) args(part Part) []string {
	if part != Mail {
		return nil
	}
	return []string{
		"--listen", address(s.options.Ports.Mail), "--smtp", s.SMTPAddress(), "--smtp-disable-rdns",
		"--database", filepath.Join(s.options.Dir, "mail", "mail.db"),
	}
}

func (s *Stack) definePostgres() error {
	as, err := unprivileged()
	if err != nil {
		return err
	}
	folder, err := postgresFolder(s.options.Dir, as)
	if err != nil {
		return err
	}
	s.cluster = &cluster{folder: folder, port: s.options.Ports.Postgres, disposable: s.options.Disposable}
	version, _ := os.ReadFile(filepath.Join(s.cluster.data(), "PG_VERSION"))
	if s.cluster.bin, err = findPostgres(strings.TrimSpace(string(version))); err != nil {
		return err
	}
	if recordedFolder(s.options.Dir) != "" {
		s.say("Postgres keeps its data in %s, because its user cannot enter %s", folder, s.options.Dir)
	}
	s.processes[Postgres] = &Process{
		Name: string(Postgres), Path: filepath.Join(s.cluster.bin, "postgres"), Args: s.cluster.args(),
		Env: s.Env(Postgres), Log: s.LogFile(Postgres),
		// SIGINT ends sessions; SIGTERM would wait for them.
		StopSignal: syscall.SIGINT, Credential: as.credential(),
	}
	return nil
}

// Start starts all parts in the order they need each other, side by side
// where they do not, and returns when the API says it is ready. When a part
// fails, those already running are stopped again.
func (s *Stack) Start(ctx context.Context) error {
	s.rotateLogs()
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

func (s *Stack) start(ctx context.Context) error {
	err := together(ctx,
		func(ctx context.Context) error { return s.startStep(ctx, Mail) },
		func(ctx context.Context) error { return s.startPostgres(ctx) },
	)
	if err != nil {
		return err
	}
	err = together(ctx,
		func(ctx context.Context) error { return s.startStep(ctx, Temporal) },
		func(ctx context.Context) error { return s.startStep(ctx, Sandbox) },
		func(ctx context.Context) error { return s.migrate(ctx) },
	)
	if err != nil {
		return err
	}
	// The API's own check covers the worker, so the worker comes first.
	if err := s.startStep(ctx, Worker); err != nil {
		return err
	}
	return s.startStep(ctx, API)
}

func (s *Stack) startStep(ctx context.Context, part Part) error {
	if s.processes[part] == nil {
		return nil
	}
	if err := s.StartPart(ctx, part); err != nil {
		return err
	}
	s.say("%s is up", part)
	return nil
}

func (s *Stack) startPostgres(ctx context.Context) error {
	if s.cluster != nil {
		as, err := unprivileged()
		if err != nil {
			return err
		}
		if !s.cluster.initialised() {
			s.say("making a Postgres cluster in %s", s.cluster.folder)
		}
		if err := s.cluster.initialise(ctx, as); err != nil {
			return err
		}
		if err := s.startStep(ctx, Postgres); err != nil {
			return err
		}
	}
	if s.cluster == nil && s.options.PostgresURL == "" {
		return nil
	}
	return prepareDatabases(ctx, s.AdminURL(), s.secrets.Database)
}

// migrate brings the business database up to date and seeds it, when there is
// a part that uses it.
func (s *Stack) migrate(ctx context.Context) error {
	if !s.options.runs(API) && !s.options.runs(Worker) {
		return nil
	}
	if _, err := s.Starter(ctx, "migrate"); err != nil {
		return err
	}
	if _, err := s.Starter(ctx, "seed", "--dev", "--tokens", s.TokensFile()); err != nil {
		return err
	}
	s.say("the database is migrated and seeded")
	return nil
}

// Starter runs a command of the starter in the stack's environment, with the
// owner's rights on the database, and returns its output.
func (s *Stack) Starter(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.Binary("starter"), args...)
	cmd.Env = append(s.Env(API), "AMENDS_OWNER_DATABASE_URL="+s.OwnerURL(), "AMENDS_DATA_DIR="+s.options.Dir)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("run starter %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

// Stop ends all parts in reverse order and gives the data folder back. It does
// not take a context: what was started must not stay behind.
func (s *Stack) Stop() error {
	err := errors.Join(
		s.stopAll(API, Worker),
		s.stopAll(Sandbox, Mail, Temporal),
		s.stopAll(Postgres),
	)
	s.release()
	return err
}

func (s *Stack) stopAll(parts ...Part) error {
	var stops []func(context.Context) error
	for _, part := range parts {
		if p := s.processes[part]; p != nil {
			stops = append(stops, func(context.Context) error { return p.Stop() })
		}
	}
	return together(context.Background(), stops...)
}

func (s *Stack) release() {
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
}

// Tokens are the seeded access tokens by role.
func (s *Stack) Tokens() (map[string]string, error) {
	text, err := os.ReadFile(s.TokensFile())
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	var tokens map[string]string
	if err := json.Unmarshal(text, &tokens); err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	return tokens, nil
}

// TokensFile is where the seed puts the access tokens.
func (s *Stack) TokensFile() string { return filepath.Join(s.options.Dir, "dev-tokens.json") }

// Dir is the data folder.
func (s *Stack) Dir() string { return s.options.Dir }

// LogFile is where a part's output goes.
func (s *Stack) LogFile(part Part) string {
	return filepath.Join(s.options.Dir, "log", string(part)+".log")
}

// rotateLogs keeps the logs of the last start and of the one before.
func (s *Stack) rotateLogs() {
	for _, part := range s.options.Parts {
		_ = os.Rename(s.LogFile(part), s.LogFile(part)+".1")
	}
}

func (s *Stack) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.options.Progress, format+"\n", args...)
}
