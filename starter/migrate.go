package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"amends/store"
)

// Variables that name the database: for its owner, who migrates and seeds, and for the role of API and worker.
const (
	ownerDatabase = "AMENDS_OWNER_DATABASE_URL"
	appDatabase   = "AMENDS_DATABASE_URL"
)

// migrateCommand brings the schema up to date.
func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date (" + ownerDatabase + ")",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := databaseURL(ownerDatabase)
			if err != nil {
				return err
			}
			version, err := store.Migrate(cmd.Context(), url)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "database at version %d\n", version)
			return err
		},
	}
}

// databaseURL reads the first of the variables that is set.
func databaseURL(variables ...string) (string, error) {
	for _, variable := range variables {
		if url := os.Getenv(variable); url != "" {
			return url, nil
		}
	}
	return "", fmt.Errorf("set %s to the URL of the database", variables[0])
}
