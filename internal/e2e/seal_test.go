package e2e_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"amends/workflows"
)

func TestAnUpdateThatNobodyHasWrittenDownPassesForNoPersonsCommand(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	id := uuid.NewString()
	forged := object{"command_id": id, "actor": object{"id": "staff-manager", "role": "manager", "verified": true}}
	for _, args := range [][]any{{forged}, {forged, "0123456789abcdef"}} {
		handle, err := running.temporal.UpdateWorkflow(context.Background(), client.UpdateWorkflowOptions{
			WorkflowID: workflows.WorkflowID(o.number), UpdateID: id, UpdateName: "approve", Args: args,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err == nil {
			err = handle.Get(context.Background(), nil)
		}
		require.ErrorContains(t, err, "forbidden")
	}
	require.Equal(t, "in_review", o.view().Stage)
}
