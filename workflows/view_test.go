package workflows_test

import (
	"slices"
	"sync"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	sdk "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/temporal"
)

// attributes follows the search attributes that the workflow sets.
type attributes struct {
	sync.Mutex
	now  map[string]any
	sets int
}

// watch notes every change of search attributes.
func (b *bench) watch() {
	b.seen.now = map[string]any{}
	b.env.OnUpsertTypedSearchAttributes(mock.MatchedBy(func(sa temporal.SearchAttributes) bool {
		b.seen.Lock()
		defer b.seen.Unlock()
		b.seen.sets++
		for key, value := range sa.GetUntypedValues() {
			b.seen.now[key.GetName()] = value
		}
		return true
	})).Return(nil).Maybe()
}

// attribute reads back one search attribute; nil when it is unset.
func (b *bench) attribute(name string) any {
	b.seen.Lock()
	defer b.seen.Unlock()
	return b.seen.now[name]
}

// details reads what the Web UI shows of where the order stands.
func (b *bench) details() string {
	b.Helper()
	answer, err := b.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(b, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(b, answer.Get(&metadata))
	return metadata.GetCurrentDetails()
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
