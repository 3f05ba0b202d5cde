package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"amends/internal/failpoint"
	"amends/internal/stack"
)

// house is the stack that all scenarios share, with what looks into it from outside.
type house struct {
	*stack.Stack
	temporal client.Client
	db       *pgxpool.Pool // with the owner's rights
	tokens   map[string]string
	hasty    *stack.Process // a second API: the clocks of orders that are placed there run fast
	hastyURL string
	points   string // the file that arms failpoints
}

// running is set before any test starts.
var running *house

func TestMain(m *testing.M) {
	flag.Parse()
	// Scenarios mostly wait.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "amends-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	running, err = open(ctx, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if code == 0 {
		if err := running.inspect(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "after all scenarios:", err)
			code = 1
		}
	}
	if code != 0 {
		running.showLogs()
	}
	if err := running.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

func open(ctx context.Context, dir string) (*house, error) {
	options, err := options(dir)
	if err != nil {
		return nil, err
	}
	h := &house{points: filepath.Join(dir, "failpoints")}
	armed := []string{failpoint.Variable + "=" + h.points}
	options.Env = map[stack.Part][]string{stack.Worker: append(armed, "AMENDS_CENSUS_EVERY=1s"), stack.API: armed}
	if h.Stack, err = stack.New(options); err != nil {
		return nil, err
	}
	if err := h.Start(ctx); err != nil {
		return nil, errors.Join(err, stack.Clean(dir))
	}
	if err := h.enter(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// options are those of any test, with the binaries that can be stopped at named points.
func options(dir string) (stack.Options, error) {
	o, err := stack.ForTests(dir)
	if err != nil || os.Getenv("AMENDS_BIN") != "" {
		return o, err
	}
	o.Bin = filepath.Join(o.Bin, "race")
	return o, nil
}

func (h *house) enter(ctx context.Context) error {
	var err error
	if h.tokens, err = h.Tokens(); err != nil {
		return err
	}
	if h.db, err = pgxpool.New(ctx, h.OwnerURL()); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	h.temporal, err = client.NewLazyClient(client.Options{
		HostPort: h.TemporalAddress(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("set up Temporal's client: %w", err)
	}
	return h.startHasty()
}

// startHasty starts an API that gives customers a second to be reminded and three to sign. A void has three seconds to be
// approved, and cools off for eight; its plan holds for ten.
func (h *house) startHasty() error {
	ports, err := stack.FreePorts(1)
	if err != nil {
		return err
	}
	at := "127.0.0.1:" + strconv.Itoa(ports[0])
	h.hastyURL = "http://" + at
	h.hasty = &stack.Process{
		Name: "hasty api", Path: h.Binary("api"), Log: filepath.Join(h.Dir(), "log", "hasty.log"),
		Env: append(h.Env(stack.API), "AMENDS_HTTP_ADDR="+at, "AMENDS_SIGN_OFF_REMINDER=1s", "AMENDS_AUTO_SIGN_OFF=3s",
			"AMENDS_APPROVAL_EXPIRY=3s", "AMENDS_COOLING_OFF=8s", "AMENDS_PLAN_EXPIRY=10s"),
	}
	return h.hasty.Start()
}

func (h *house) close() error {
	var errs []error
	if h.hasty != nil {
		errs = append(errs, h.hasty.Stop())
	}
	if h.temporal != nil {
		h.temporal.Close()
	}
	if h.db != nil {
		h.db.Close()
	}
	return errors.Join(append(errs, h.Stop(), stack.Clean(h.Dir()))...)
}

// showLogs prints the end of what worker and API said: the folder is about to go.
func (h *house) showLogs() {
	for _, part := range []stack.Part{stack.Worker, stack.API} {
		fmt.Fprintf(os.Stderr, "--- the end of %s\n%s\n", h.LogFile(part), stack.Tail(h.LogFile(part)))
	}
}
