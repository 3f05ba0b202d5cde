package orders

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const statesFile = "../docs/states.md"

var update = flag.Bool("update", false, "write "+statesFile+" anew")

func TestStatesDocument(t *testing.T) {
	t.Parallel()
	want := statesDocument()
	if *update {
		require.NoError(t, os.WriteFile(statesFile, []byte(want), 0o644))
	}
	have, err := os.ReadFile(statesFile)
	require.NoError(t, err)
	require.Equal(t, want, string(have),
		"docs/states.md does not show the tables in stages.go: go test ./orders -run TestStatesDocument -update")
}

func TestTheTableOfTransitionsIsWhole(t *testing.T) {
	t.Parallel()
	seen, reached := []transition{}, []Stage{Created}
	for _, row := range transitions {
		require.NotNil(t, newEvent(row.event), row.event)
		require.False(t, slices.ContainsFunc(seen, func(s transition) bool { return s.from == row.from && s.event == row.event }),
			"%s leads from %s to one stage only", row.event, row.from)
		require.False(t, row.from.Finished(), "nothing leads out of %s", row.from)
		require.Contains(t, reached, row.from, "the stages are listed in the order of the story")
		seen, reached = append(seen, row), append(reached, row.to)
	}
	for _, stage := range Stages() {
		leads := slices.ContainsFunc(transitions, func(row transition) bool { return row.from == stage })
		require.Equal(t, stage.Finished(), !leads, "%s has a way out", stage)
		require.Contains(t, reached, stage)
	}
}

func TestTheTableOfCommandsIsWhole(t *testing.T) {
	t.Parallel()
	listed := []string{}
	for _, row := range stageCommands {
		require.NotContains(t, listed, row.name)
		listed = append(listed, row.name)
	}
	elsewhere := []string{
		CmdRetry, CmdReceivePayment, CmdVoid, CmdApprovePlan, CmdDeclinePlan, CmdRevoke, CmdRetryStep, CmdCompleteStep, CmdWaiveStep,
		CmdCarriedOver,
	}
	require.ElementsMatch(t, CommandNames(), append(listed, elsewhere...))
}

// statesDocument writes the tables of stages.go for people.
func statesDocument() string {
	var doc strings.Builder
	doc.WriteString(`# The stages of an order

The stage is the main axis of an order's life. Money, fulfilment and flags (on hold, needs attention, overdue) are axes of
their own and stand beside it. This page is generated from the two tables in ` + "`orders/stages.go`" + `; a test compares it
with them, and ` + "`go test ./orders -run TestStatesDocument -update`" + ` writes it anew.

## Which event leads where

An event that is not shown leaves the stage as it is.

` + "```mermaid\nstateDiagram-v2\n    [*] --> created\n")
	for _, row := range transitions {
		fmt.Fprintf(&doc, "    %s --> %s: %s\n", row.from, row.to, row.event)
	}
	for _, stage := range Stages() {
		if stage.Finished() {
			fmt.Fprintf(&doc, "    %s --> [*]\n", stage)
		}
	}
	doc.WriteString("```\n\n## Which command belongs to which stage\n\n")
	doc.WriteString("A command outside its stages is refused as `" + CodeWrongStage + "`, with the stage and what is possible in it. " +
		"Inside them the\norder's lines, parcels, payments and appointments decide. On hold only resume, reject and facts pass. Retry and\n" +
		"receive-payment are judged by other facts alone: retry needs something parked, and prepaid orders take no receipts. So are\n" +
		"voids: any open order that has something left takes one, approve-plan, decline-plan and revoke need a plan that waits for\n" +
		"them, and retry-step, complete-step and waive-step a step that is blocked or waits for a person.\n\n")
	writeMatrix(&doc)
	return doc.String()
}

func writeMatrix(doc *strings.Builder) {
	fmt.Fprint(doc, "| command |")
	for _, stage := range Stages() {
		fmt.Fprintf(doc, " %s |", stage)
	}
	fmt.Fprint(doc, "\n|---|", strings.Repeat(":-:|", len(Stages())), "\n")
	for _, row := range stageCommands {
		fmt.Fprintf(doc, "| %s |", row.name)
		for _, stage := range Stages() {
			cell := ""
			if slices.Contains(row.stages, stage) {
				cell = "●"
			}
			fmt.Fprintf(doc, " %s |", cell)
		}
		fmt.Fprintln(doc)
	}
}
