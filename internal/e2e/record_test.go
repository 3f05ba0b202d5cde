package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"amends/internal/stack"
	"amends/orders"
	"amends/workflows"
)

var recording = flag.Bool("record", false, "add the histories of the scenarios to the golden ones; none is ever replaced")

// record keeps the history of an order that has come to its end when its scenario is over, where there is none of the
// scenario's name: that of the last such order that was placed.
func record(o *order) {
	if !*recording {
		return
	}
	o.Cleanup(func() {
		root, err := stack.Root()
		require.NoError(o, err)
		path := filepath.Join(root, "workflows", "testdata", "replay", strings.ReplaceAll(o.Name(), "/", "_")+".json")
		if _, err := os.Stat(path); err == nil || o.Failed() || o.workflowStatus() != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			return
		}
		require.NoError(o, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(o, os.WriteFile(path, golden(o), 0o644))
		chain := []byte(chainOf(o) + "\n")
		require.NoError(o, os.WriteFile(strings.TrimSuffix(path, ".json")+".chain", chain, 0o644))
	})
}

// golden is a history as JSON, without the names of the machine and the processes that made it.
func golden(o *order) []byte {
	h := &history.History{}
	events := running.temporal.GetWorkflowHistory(context.Background(), workflows.WorkflowID(o.number), "", false,
		enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(o, err)
		h.Events = append(h.Events, event)
	}
	text, err := protojson.Marshal(h)
	require.NoError(o, err)
	var tree any
	require.NoError(o, json.Unmarshal(text, &tree))
	host, err := os.Hostname()
	require.NoError(o, err)
	anonymise(tree, host)
	text, err = json.MarshalIndent(tree, "", " ")
	require.NoError(o, err)
	return append(text, '\n')
}

// chainOf is the digest over the order's events as the workflow knows it; the end of the run compares it with Postgres.
func chainOf(o *order) string {
	answer, err := running.temporal.QueryWorkflow(context.Background(), workflows.WorkflowID(o.number), "", workflows.QueryOrder)
	require.NoError(o, err)
	var state orders.Order
	require.NoError(o, answer.Get(&state))
	return state.Chain
}

func anonymise(tree any, host string) {
	switch node := tree.(type) {
	case []any:
		for _, child := range node {
			anonymise(child, host)
		}
	case map[string]any:
		for key, value := range node {
			text, isText := value.(string)
			switch {
			case key == "identity":
				node[key] = "somebody"
			case isText && strings.HasPrefix(text, host+":"): // a worker's own queue
				node[key] = "host" + strings.TrimPrefix(text, host)
			default:
				anonymise(value, host)
			}
		}
	}
}
