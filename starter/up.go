package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"amends/internal/stack"
)

// upCommand starts everything on this machine and stays in the foreground.
func upCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Start Postgres, Temporal, the sandbox, a mail catcher, the worker and the API",
		Long: `Start everything on this machine, and stop it with Ctrl-C. The next start goes on
with all data. Ports, the data folder, an external Postgres and an external
Temporal are chosen by the variables that make help lists.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return up(cmd)
		},
	}
}

func up(cmd *cobra.Command) error {
	ctx, restore := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	options, err := stack.FromEnv()
	if err != nil {
		return err
	}
	options.Progress = cmd.OutOrStdout()
	s, err := stack.New(options)
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted before everything was up; what had started is stopped")
		}
		return err
	}
	announce(cmd, s)
	ended := s.Wait(ctx)
	// A second Ctrl-C ends this process at once; its children follow it.
	restore()
	cmd.Println("stopping")
	return errors.Join(ended, s.Stop())
}

// announce prints where everything is.
func announce(cmd *cobra.Command, s *stack.Stack) {
	out := cmd.OutOrStdout()
	for _, line := range []struct{ what, where string }{
		{"API", s.APIURL()},
		{"Temporal Web UI", s.TemporalUIURL()},
		{"Temporal", s.TemporalAddress()},
		{"Sandbox", s.SandboxURL()},
		{"Mail catcher", s.MailURL() + " (SMTP " + s.SMTPAddress() + ")"},
		{"Postgres", s.DatabaseURL()},
		{"Tokens", s.TokensFile()},
		{"Logs", s.Dir() + "/log"},
	} {
		_, _ = fmt.Fprintf(out, "  %-16s %s\n", line.what, line.where)
	}
	_, _ = fmt.Fprintln(out, "Ctrl-C stops everything and keeps the data.")
}

// downCommand stops what an up on the same data folder started.
func downCommand() *cobra.Command {
	return &cobra.Command{
		Use:          "down",
		Short:        "Stop the running stack, keep its data",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := stack.FromEnv()
			if err != nil {
				return err
			}
			err = stack.Down(options.Dir)
			if errors.Is(err, stack.ErrNotRunning) {
				cmd.Println(err)
				return nil
			}
			return err
		},
	}
}

// cleanCommand removes the data folder, and the cluster's where that is
// elsewhere.
func cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:          "clean",
		Short:        "Remove all data of the stopped stack",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			options, err := stack.FromEnv()
			if err != nil {
				return err
			}
			return stack.Clean(options.Dir)
		},
	}
}
