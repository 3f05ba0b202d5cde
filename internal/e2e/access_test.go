package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// whoMay says by hand, for some commands, which roles have the right to them: all others are refused.
var whoMay = []struct {
	action, path string // the path follows the order's, or stands for itself
	roles        []string
}{
	{"create", "/orders", []string{"clerk", "manager"}},
	{"approve", "approve", []string{"reviewer", "manager"}},
	{"reject", "reject", []string{"reviewer", "manager"}},
	{"resubmit", "resubmit", []string{"clerk", "manager"}},
	{"hold", "hold", []string{"clerk", "reviewer", "buyer", "warehouse", "finance", "manager"}},
	{"ship", "shipments", []string{"warehouse", "manager"}},
	{"hand-over", "shipments/S1/hand-over", []string{"warehouse", "manager"}},
	{"sign-off", "sign-off", []string{"clerk", "warehouse", "manager"}},
	{"receive-payment", "receipts", []string{"finance", "manager"}},
	{"note", "notes", []string{"clerk", "reviewer", "buyer", "warehouse", "finance", "manager"}},
	{"stock-receipt", "/stock/receipts", []string{"warehouse", "manager"}},
	{"void", "void-plans", []string{"clerk", "finance", "manager"}},
	{"void", "voids", []string{"clerk", "finance", "manager"}},
	{"approve-plan", noVoid + "approve", []string{"finance", "manager"}},
	{"decline-plan", noVoid + "decline", []string{"clerk", "finance", "manager"}},
	{"revoke", noVoid + "revoke", []string{"clerk", "finance", "manager"}},
	{"retry-step", noVoid + "steps/1/retry", []string{"clerk", "buyer", "warehouse", "finance", "manager"}},
	{"complete-step", noVoid + "steps/1/complete", []string{"clerk", "buyer", "warehouse", "finance", "manager"}},
	{"waive-step", noVoid + "steps/1/waive", []string{"clerk", "warehouse", "finance", "manager"}},
}

// noVoid is where a void would be that there is not.
const noVoid = "/voids/ZF20200101-000001001/"

var allRoles = []string{"clerk", "reviewer", "buyer", "warehouse", "finance", "manager", "admin", "auditor", "viewer"}

func TestEveryRoleMayDoWhatItsRightsSayAndNothingElse(t *testing.T) {
	t.Parallel()
	o := inReview(t)
	before := o.view().Version
	for _, row := range whoMay {
		path := row.path
		if path[0] != '/' {
			path = "/orders/" + o.number + "/" + path
		}
		allowed := map[string]bool{}
		for _, role := range row.roles {
			allowed[role] = true
		}
		for _, role := range allRoles {
			a := send(t, request{role: role, path: path, body: object{}}) // nobody's empty body is accepted
			if allowed[role] {
				require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusNotFound}, a.status, "%s by %s: %s", row.action, role, a)
				continue
			}
			a.refused(http.StatusForbidden, "forbidden")
			require.Equal(t, 1, scalar[int](t, `
				SELECT count(*)
				FROM audit
				WHERE actor_id = $1 AND action = $2 AND outcome = 'refused' AND code = 'forbidden' AND request_id = $3`,
				"staff-"+role, row.action, a.header.Get("X-Request-Id")), "%s by %s is not in the audit log", row.action, role)
		}
	}
	for _, role := range []string{"admin"} {
		send(t, request{role: role, method: http.MethodGet, path: "/orders/" + o.number}).refused(http.StatusForbidden, "forbidden")
	}
	send(t, request{role: "auditor", method: http.MethodGet, path: "/orders/" + o.number}).want(http.StatusOK)
	require.Equal(t, before, o.view().Version)
}

func TestWhoIsNotKnownIsNotServed(t *testing.T) {
	t.Parallel()
	send(t, request{path: "/orders", body: object{}}).refused(http.StatusUnauthorized, "unauthenticated")
	send(t, request{path: "/orders", body: object{}, header: http.Header{"Authorization": {"Bearer nobody"}}}).
		refused(http.StatusUnauthorized, "unauthenticated")
	send(t, request{method: http.MethodGet, path: "/orders"}).refused(http.StatusUnauthorized, "unauthenticated")
}
