package orders

import (
	_ "embed"
	"strings"
)

// What roles may do besides the commands of an order.
const (
	DoPaymentEvent = "payment-event"
	DoNote         = "note"
	DoContact      = "contact"
	DoStockReceipt = "stock-receipt"
	DoReadOrder    = "read-order"
	DoReadStock    = "read-stock"
	DoReadAudit    = "read-audit"
	DoReadWebhooks = "read-webhooks"
)

// permissionsFile is the matrix of roles and commands: the one place that says who may do what.
//
//go:embed permissions.csv
var permissionsFile string

type grant struct{ role, command string }

var roles, grants = readPermissions(permissionsFile)

// Roles lists the roles of the permissions file, those of staff first.
func Roles() []string { return append([]string(nil), roles...) }

// May tells whether the role has the right to the command, whatever the order's state. It asks the permissions file;
// a role or command that is not in it has no right.
func May(role, command string) bool { return grants[grant{role, command}] }

func readPermissions(file string) ([]string, map[grant]bool) {
	rows := strings.Fields(file)
	names := strings.Split(rows[0], ",")[1:]
	granted := map[grant]bool{}
	for _, row := range rows[1:] {
		cells := strings.Split(row, ",")
		for i, cell := range cells[1:] {
			if cell == "yes" {
				granted[grant{names[i], cells[0]}] = true
			}
		}
	}
	return names, granted
}
