package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"amends/internal/client"
	"amends/workflows"
)

const (
	// demoWithin bounds the whole demo.
	demoWithin = 170 * time.Second
	// demoAtOnce is how many orders live side by side.
	demoAtOnce = 8
)

// demoCommand drives orders through every kind of life there is so far.
func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Drive 35 mixed orders on the running stack and show where they stand",
		Long: `Drive 35 mixed orders on the running stack, over HTTP and once by a signal to Temporal, and show where they stand:
the API is at AMENDS_PUBLIC_URL, the sandbox at AMENDS_SANDBOX_URL, Temporal at TEMPORAL_ADDRESS, the tokens are in the
file AMENDS_TOKENS; what is not set is read from the data folder of make up. It may be repeated, also while another one
runs, and exits 1 when an order is not where it should be. All tea tables (TBL-001) are reserved by orders that wait for
more of them.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, restore := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer restore()
			c, err := clientFromEnv(demoAtOnce)
			if err != nil {
				return err
			}
			temporal, err := temporalFromEnv()
			if err != nil {
				return err
			}
			defer temporal.Close()
			return demo(ctx, cmd.OutOrStdout(), c, func(ctx context.Context, number, name string, input any) error {
				return temporal.SignalWorkflow(ctx, workflows.WorkflowID(number), "", name, input)
			})
		},
	}
}

// demo runs all lives, a few at a time, and prints where each has ended.
func demo(ctx context.Context, out io.Writer, c *client.Client, signal signaller) error {
	ctx, cancel := context.WithTimeout(ctx, demoWithin)
	defer cancel()
	if err := c.Get(ctx, "clerk", "/stock?sku=TEA-001", nil); err != nil {
		return err
	}
	started := time.Now()
	lives := demoLives()
	lived := make([][]demoResult, len(lives))
	var wait sync.WaitGroup
	room := make(chan struct{}, demoAtOnce)
	for i, scenario := range lives {
		wait.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			lived[i] = scenario.live(ctx, c, signal)
		})
	}
	wait.Wait()
	results := slices.Concat(lived...)
	missed := printDemo(out, results)
	_, _ = fmt.Fprintf(out, "%d orders, %d missed, %.0f s\n", len(results), missed, time.Since(started).Seconds())
	if missed > 0 {
		return errors.New("the demo missed")
	}
	return nil
}

// printDemo prints the table and what went wrong, and returns how many orders missed.
func printDemo(out io.Writer, results []demoResult) (missed int) {
	rows := [][]string{{"number", "scenario", "", "stage", "flags", "Web UI"}}
	var complaints []string
	for _, r := range results {
		order := r.order
		rows = append(rows, []string{
			order.Number, r.scenario.zh, r.scenario.en, order.Stage, strings.Join(order.Flags, ","), order.Links.Temporal,
		})
		if r.err != nil {
			missed++
			complaints = append(complaints, fmt.Sprintf("missed: %s %s: %v", order.Number, r.scenario.en, r.err))
		}
	}
	printTable(out, rows)
	for _, complaint := range complaints {
		_, _ = fmt.Fprintln(out, complaint)
	}
	return missed
}

// printTable aligns columns; a Chinese character is two wide.
func printTable(out io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-columns(cell)+2))
		}
		_, _ = fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
}

func columns(text string) (n int) {
	for _, r := range text {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}
