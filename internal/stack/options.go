package stack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Part names one process of the stack.
type Part string

// The parts, in the order they start.
const (
	Postgres Part = "postgres"
	Temporal Part = "temporal"
	Mail     Part = "mail"
	Sandbox  Part = "sandbox"
	Worker   Part = "worker"
	API      Part = "api"
)

// AllParts returns every part in the order they start.
func AllParts() []Part { return []Part{Postgres, Temporal, Mail, Sandbox, Worker, API} }

// Options says what to run and where. The zero value of a field means what its
// comment says; Ports has no such default.
type Options struct {
	// Dir is the data folder, made where it is missing.
	Dir string
	// Bin holds the binaries: devstack, mailpit, sandbox, worker, api, starter.
	Bin string
	// Ports are TCP ports on 127.0.0.1.
	Ports Ports
	// Parts are the parts to start; nil means all of them.
	Parts []Part
	// Env adds variables, NAME=value, to the environment of a part.
	Env map[Part][]string
	// Disposable trades the safety of data against power loss for speed. Data
	// still survives kill -9 of Postgres.
	Disposable bool
	// PostgresURL is an existing server, with the rights to create roles and
	// databases. Then there is no private cluster.
	PostgresURL string
	// TemporalAddress is an existing server. Then none is embedded.
	TemporalAddress string
	// TemporalUIURL is the Web UI that links lead to; "" means the embedded one.
	TemporalUIURL string
	// Progress gets a line for each step; nil means nobody reads them.
	Progress io.Writer
}

// Ports holds the port of everything that listens.
type Ports struct {
	API, Temporal, TemporalUI, Sandbox, SMTP, Mail, Postgres int
}

// portVariables says which environment variable moves which port.
var portVariables = []struct {
	Part     Part
	What     string
	Variable string
	Default  int
	Of       func(*Ports) *int
}{
	{API, "the API", "AMENDS_API_PORT", 8080, func(p *Ports) *int { return &p.API }},
	{Temporal, "Temporal", "AMENDS_TEMPORAL_PORT", 7233, func(p *Ports) *int { return &p.Temporal }},
	{Temporal, "Temporal's Web UI", "AMENDS_TEMPORAL_UI_PORT", 8233, func(p *Ports) *int { return &p.TemporalUI }},
	{Sandbox, "the sandbox", "AMENDS_SANDBOX_PORT", 8090, func(p *Ports) *int { return &p.Sandbox }},
	{Mail, "the mail catcher's SMTP", "AMENDS_SMTP_PORT", 1025, func(p *Ports) *int { return &p.SMTP }},
	{Mail, "the mail catcher's page", "AMENDS_MAIL_PORT", 8025, func(p *Ports) *int { return &p.Mail }},
	{Postgres, "Postgres", "AMENDS_POSTGRES_PORT", 54320, func(p *Ports) *int { return &p.Postgres }},
}

// FromEnv returns the options that the environment asks for, as `starter up`
// uses them, and every problem at once.
func FromEnv() (Options, error) {
	o := Options{
		Dir:             lookup("AMENDS_DATA_DIR", ".amends"),
		Bin:             lookup("AMENDS_BIN", "bin"),
		PostgresURL:     os.Getenv("AMENDS_POSTGRES_URL"),
		TemporalAddress: os.Getenv("TEMPORAL_ADDRESS"),
		TemporalUIURL:   os.Getenv("AMENDS_TEMPORAL_UI_URL"),
	}
	var problems []error
	for _, v := range portVariables {
		port, err := strconv.Atoi(lookup(v.Variable, strconv.Itoa(v.Default)))
		if err != nil || port < 1 || port > 65535 {
			problems = append(problems, fmt.Errorf("%s is not a port: %q", v.Variable, os.Getenv(v.Variable)))
		}
		*v.Of(&o.Ports) = port
	}
	return o, errors.Join(problems...)
}

// ForTests returns options for a throw-away stack in dir: free ports, and the
// binaries of AMENDS_BIN or of the checkout's bin folder.
func ForTests(dir string) (Options, error) {
	ports, err := RandomPorts()
	if err != nil {
		return Options{}, err
	}
	bin := os.Getenv("AMENDS_BIN")
	if bin == "" {
		root, err := Root()
		if err != nil {
			return Options{}, err
		}
		bin = filepath.Join(root, "bin")
	}
	return Options{Dir: dir, Bin: bin, Ports: ports, Disposable: true}, nil
}

// Root is the checkout's folder: the nearest one above the working folder that
// holds a Makefile beside a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, "go.mod")) && exists(filepath.Join(dir, "Makefile")) {
			return dir, nil
		}
	}
	return "", errors.New("find the checkout: no Makefile beside a go.mod above the working folder")
}

// normalise makes paths absolute and leaves out the parts that are elsewhere.
func (o *Options) normalise() error {
	for _, path := range []*string{&o.Dir, &o.Bin} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find %s: %w", *path, err)
		}
		*path = absolute
	}
	if o.Parts == nil {
		o.Parts = AllParts()
	}
	external := map[Part]bool{Postgres: o.PostgresURL != "", Temporal: o.TemporalAddress != ""}
	o.Parts = slices.DeleteFunc(slices.Clone(o.Parts), func(p Part) bool { return external[p] })
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return nil
}

func (o *Options) runs(part Part) bool { return slices.Contains(o.Parts, part) }

func lookup(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
