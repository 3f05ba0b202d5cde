package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"amends/commands"
	"amends/store"
)

// invariantsCommand checks the rules of the domain over the whole database.
func invariantsCommand() *cobra.Command {
	return &cobra.Command{
		Use:          "invariants",
		Short:        "Check the rules of the domain over the whole database, and that open orders run (" + appDatabase + ", TEMPORAL_*)",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := databaseURL(appDatabase, ownerDatabase)
			if err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer db.Close()
			broken, err := checkDatabase(cmd.Context(), cmd.OutOrStdout(), db)
			if err != nil {
				return err
			}
			astray, err := checkWorkflows(cmd.Context(), cmd.OutOrStdout(), db)
			if err != nil {
				return err
			}
			broken += astray
			if broken > 0 {
				return fmt.Errorf("%d rules are broken", broken)
			}
			return nil
		},
	}
}

// checkDatabase prints every rule with its number of violations and returns how many rules are broken.
func checkDatabase(ctx context.Context, out io.Writer, db *store.Store) (broken int, err error) {
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

// checkWorkflows asks Temporal whether every open order runs and no finished one does. What looks wrong is asked again:
// orders come to their end while the census is taken.
func checkWorkflows(ctx context.Context, out io.Writer, db *store.Store) (broken int, err error) {
	temporal, err := client.DialContext(ctx, envconfig.MustLoadDefaultClientOptions())
	if err != nil {
		return 0, fmt.Errorf("reach Temporal: %w", err)
	}
	defer temporal.Close()
	service := commands.New(db, temporal, commands.Settings{})
	for _, rule := range []struct {
		name    string
		list    commands.Numbers
		running bool
	}{
		{"an open order has a running workflow", db.OpenOrders, true},
		{"a finished order has no running workflow", db.FinishedOrders, false},
	} {
		astray, err := service.Census(ctx, rule.list, rule.running)
		if err == nil && len(astray) > 0 {
			astray, err = twice(ctx, service, rule.list, rule.running, astray)
		}
		if err != nil {
			return broken, err
		}
		_, _ = fmt.Fprintf(out, "%6d  %s %v\n", len(astray), rule.name, astray[:min(len(astray), 5)])
		if len(astray) > 0 {
			broken++
		}
	}
	return broken, nil
}

// twice keeps what a second census finds astray too.
func twice(ctx context.Context, service *commands.Service, list commands.Numbers, running bool, first []string) ([]string, error) {
	second, err := service.Census(ctx, list, running)
	return slices.DeleteFunc(second, func(number string) bool { return !slices.Contains(first, number) }), err
}
