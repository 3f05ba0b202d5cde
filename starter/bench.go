package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"amends/internal/bench"
)

// benchCommand measures on a stack of its own.
func benchCommand() *cobra.Command {
	var levels []int
	var rate int
	var only string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure whole lives of orders, and voids, on a stack of its own; at most 10 minutes",
		Long: `Measure whole lives of orders on a stack of its own, on free ports and in a temporary folder that is removed
afterwards, beside them two bare workflows as the limit, and voids at a fixed rate. docs/benchmarks.md says what the
figures mean. A missed target is no error.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, restore := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer restore()
			options := bench.Default(cmd.OutOrStdout())
			if len(levels) > 0 {
				options.Levels = levels
			}
			if rate > 0 {
				options.Voids.PerSecond = rate
			}
			switch only {
			case "":
			case "lives":
				options.Voids = bench.Voids{}
			case "voids":
				options.Levels = nil
			default:
				return fmt.Errorf("--only %s: it is lives or voids", only)
			}
			return bench.Run(ctx, options)
		},
	}
	cmd.Flags().IntSliceVar(&levels, "levels", nil, "lives in flight, such as 16,64")
	cmd.Flags().IntVar(&rate, "voids", 0, "voids begun per second, instead of 20")
	cmd.Flags().StringVar(&only, "only", "", "measure nothing but lives, or nothing but voids")
	return cmd
}
