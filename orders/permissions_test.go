package orders_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

// matrix reads the file anew, so that the reader is tested too.
func matrix(t *testing.T) (roles []string, rows map[string][]string) {
	t.Helper()
	data, err := os.ReadFile("permissions.csv")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	rows = map[string][]string{}
	for _, line := range lines[1:] {
		cells := strings.Split(line, ",")
		require.NotContains(t, rows, cells[0], "a command has one row")
		rows[cells[0]] = cells[1:]
	}
	return strings.Split(lines[0], ",")[1:], rows
}

func TestEveryCommandHasARowAndEveryCellIsYesOrNo(t *testing.T) {
	t.Parallel()
	roles, rows := matrix(t)
	require.Equal(t, roles, orders.Roles())
	for _, command := range append(orders.CommandNames(), orders.CmdCreate, orders.DoPaymentEvent, orders.DoNote,
		orders.DoContact, orders.DoStockReceipt, orders.DoReadOrder, orders.DoReadStock, orders.DoReadAudit,
		orders.DoReadWebhooks) {
		require.Contains(t, rows, command)
	}
	for command, cells := range rows {
		require.Len(t, cells, len(roles), command)
		for i, cell := range cells {
			require.Contains(t, []string{"yes", "no"}, cell, command)
			require.Equal(t, cell == "yes", orders.May(roles[i], command), "%s %s", roles[i], command)
		}
	}
}

func TestPrinciplesOfTheMatrixHold(t *testing.T) {
	t.Parallel()
	_, rows := matrix(t)
	for command := range rows {
		require.False(t, orders.May("admin", command), "an administrator has no business rights: %s", command)
		if !strings.HasPrefix(command, "read-") {
			require.False(t, orders.May("auditor", command), "an auditor writes nothing: %s", command)
			require.False(t, orders.May("viewer", command), "a viewer writes nothing: %s", command)
		}
		require.False(t, orders.May("stranger", command))
	}
	require.False(t, orders.May("clerk", "no-such-command"))
	for _, forbidden := range []string{orders.CmdApprove, orders.CmdReceivePayment, orders.DoPaymentEvent, orders.CmdCreate} {
		require.False(t, orders.May("operator", forbidden), "a raw signal never approves and never moves money: %s", forbidden)
	}
	require.False(t, slices.Contains(orders.Roles(), ""))
}
