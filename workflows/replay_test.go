package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"amends/orders"
	"amends/workflows"
)

// TestHistoriesOfEarlierCodeReplay holds the code to the histories that ran on it before: golden ones are only ever added,
// by the end-to-end tests with -record. The same commands to Temporal are not enough: the events that follow from a
// history must be those that stand in Postgres, so their digest is compared too.
func TestHistoriesOfEarlierCodeReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "replay", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(file, ".json")
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			var order orders.Order
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.Watched(&order), workflow.RegisterOptions{Name: workflows.TypeOrder})
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
			chain, err := os.ReadFile(name + ".chain")
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(string(chain)), order.Chain)
		})
	}
}
