package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"amends/store"
)

// invariantsCommand checks the rules of the domain over the whole database.
func invariantsCommand() *cobra.Command {
	return &cobra.Command{
		Use:          "invariants",
		Short:        "Check the rules of the domain over the whole database (" + appDatabase + ")",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := databaseURL(appDatabase, ownerDatabase)
			if err != nil {
				return err
			}
			broken, err := checkDatabase(cmd.Context(), cmd.OutOrStdout(), url)
			if err != nil {
				return err
			}
			if broken > 0 {
				return fmt.Errorf("%d rules are broken", broken)
			}
			return nil
		},
	}
}

// checkDatabase prints every rule with its number of violations and returns how many rules are broken.
func checkDatabase(ctx context.Context, out io.Writer, url string) (broken int, err error) {
	db, err := store.Open(ctx, url)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	all, err := db.CheckInvariants(ctx)
	if err != nil {
		return 0, err
	}
	for _, v := range all {
		if _, err := fmt.Fprintf(out, "%6d  %s", v.Count, v.Name); err != nil {
			return 0, err
		}
		if v.Count > 0 {
			broken++
			_, _ = fmt.Fprintf(out, "  e.g. %v", v.Examples)
		}
		_, _ = fmt.Fprintln(out)
	}
	return broken, nil
}
