// Command starter runs the development stack and what operators and developers
// do by hand.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:           "starter",
		Short:         "Run and operate Amends",
		SilenceErrors: true,
	}
	root.AddCommand(
		upCommand(), downCommand(), cleanCommand(),
		migrateCommand(), seedCommand(), invariantsCommand(), orderCommand(), demoCommand(), benchCommand(),
	)
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
