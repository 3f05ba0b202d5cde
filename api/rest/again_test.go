package rest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"amends/money"
	"amends/orders"
)

const again = posted + "/" + known + "/place-again"

// voidedBundle is an order that is void, whose service was agreed for the time that is given.
func voidedBundle(t *testing.T, agreed time.Time) bundle {
	t.Helper()
	b := setup(t)
	o := &b.view.Order
	o.Stage, o.Hold, o.Attention = orders.Voided, nil, nil
	o.Lines[0].Voided, o.Lines[1].Voided = 3, 1
	o.Amendments = []orders.Amendment{{
		ID: firstVoid, Kind: orders.KindVoid, Status: orders.Completed, Whole: true,
		Takes: []orders.Take{{LineID: "L1", Quantity: 3}, {LineID: "L2", Quantity: 1}},
	}}
	o.Appointments[0].Status = orders.AppointmentCancelled
	o.Appointments[0].Slot.From, o.Appointments[0].Slot.To = agreed, agreed.Add(time.Hour)
	return b
}

func TestAVoidedOrderIsPlacedAgain(t *testing.T) {
	t.Parallel()
	soon := noon.Add(24 * time.Hour)
	for body, from := range map[string]time.Time{
		`{}`: soon,
		`{"appointments": [{"line_id": "L2", "from": "2026-11-25T01:00:00Z", "to": "2026-11-25T02:00:00Z"}]}`: time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC),
	} {
		b := voidedBundle(t, soon)
		rec := b.send(t, request{path: again, body: body})
		require.Equal(t, http.StatusCreated, rec.Code, rec.Body.String())
		require.NotEmpty(t, rec.Header().Get("Location"))
		s := b.submitted[0]
		require.Nil(t, s.Command)
		require.Empty(t, s.Order, "it gets a number of its own")
		require.Equal(t, known, s.Draft.Replaces)
		require.Equal(t, int64(59600), s.Draft.Total().Minor)
		require.Zero(t, s.Draft.Lines[0].Voided)
		require.Equal(t, "+8613900139000", s.Contact.Phone)
		require.Equal(t, "c-known", s.Contact.CustomerID)
		require.NotEqual(t, "k-1", s.Contact.ID, "a row of its own")
		require.Len(t, s.Slots, 1)
		require.Equal(t, "SVC-INSTALL", s.Slots[0].SKU)
		require.True(t, from.Equal(s.Slots[0].From))
	}
}

func TestWhatCannotBePlacedAgainIsSaid(t *testing.T) {
	t.Parallel()
	soon, past := noon.Add(24*time.Hour), noon.Add(-24*time.Hour)
	slot := func(line, from, to string) string {
		return `{"appointments": [{"line_id": "` + line + `", "from": "` + from + `", "to": "` + to + `"}]}`
	}
	for _, tt := range []struct {
		name, body string
		agreed     time.Time
		change     func(o *orders.Order)
		status     int
		code       string
		field      string
	}{
		{"not void", `{}`, soon, func(o *orders.Order) { o.Stage = orders.Fulfilling }, 409, "not_voided", ""},
		{"again and again", `{}`, soon, func(o *orders.Order) { o.ReplacedBy = "DD20261122-000009" }, 409, "placed_again", ""},
		{"a time that has passed", `{}`, past, nil, 422, "invalid", "appointments appointment_required"},
		{"a time in the past", slot("L2", "2026-11-01T01:00:00Z", "2026-11-01T02:00:00Z"), soon, nil, 422, "invalid", "appointments[0].from in_the_past"},
		{"a time for goods", slot("L1", "2026-11-25T01:00:00Z", "2026-11-25T02:00:00Z"), soon, nil, 422, "invalid", "appointments[0].line_id appointment_not_for_goods"},
		{"a time for nothing", slot("L9", "2026-11-25T01:00:00Z", "2026-11-25T02:00:00Z"), soon, nil, 422, "invalid", "appointments[0].line_id unknown_line"},
	} {
		b := voidedBundle(t, tt.agreed)
		if tt.change != nil {
			tt.change(&b.view.Order)
		}
		for _, language := range []string{"zh-CN", "en"} {
			rec := b.send(t, request{path: again, body: tt.body, language: language})
			require.Equal(t, tt.status, rec.Code, rec.Body.String())
			p := readProblem(t, rec)
			require.Equal(t, tt.code, p.Code)
			require.NotRegexp(t, `\(code |代码`, rec.Body.String())
			if tt.field != "" {
				require.Contains(t, fieldsOf(p), tt.field)
			}
		}
		require.Empty(t, b.submitted)
		require.Len(t, b.audited, 2)
	}
	require.Equal(t, http.StatusForbidden, setup(t).send(t, request{path: again, role: "auditor", body: `{}`}).Code)
	b := voidedBundle(t, soon)
	b.answer = failing(&orders.SlotTakenError{LineID: "L2"})
	require.Equal(t, []string{"appointments no_slot"}, fieldsOf(readProblem(t, b.send(t, request{path: again, body: `{}`}))))
}

func TestARepeatedOrderIsAnsweredAsTheFirstTimeThoughTheMoneyHasMoved(t *testing.T) {
	t.Parallel()
	b := voidedBundle(t, noon.Add(time.Hour))
	b.view.Order.ReplacedBy = "DD20261122-000009"
	b.view.Order.Payments[0].CarriedOver = &money.Amount{Minor: 59600, Currency: "CNY"}
	b.replay = func(s orders.Submission) (orders.Receipt, error) {
		require.Empty(t, s.Order)
		return accepted(s), nil
	}
	rec := b.send(t, request{path: again, body: `{}`})
	require.Equal(t, http.StatusCreated, rec.Code, rec.Body.String())
	require.Equal(t, "true", rec.Header().Get("Idempotency-Replayed"))
	o := read[struct {
		ReplacedBy string `json:"replaced_by"`
		Payments   []struct {
			CarriedOver struct{ Amount string } `json:"carried_over"`
		}
	}](t, b.send(t, request{method: "GET", path: posted + "/" + known}).Body.Bytes())
	require.Equal(t, "DD20261122-000009", o.ReplacedBy)
	require.Equal(t, "596.00", o.Payments[0].CarriedOver.Amount)
}
