package world

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// readBook serves a provider's book, whole or of one order, in the order of writing.
func (w *World) readBook(rw http.ResponseWriter, r *http.Request) {
	provider := r.PathValue("provider")
	if _, ok := calls[provider]; !ok {
		fail(rw, refuse(http.StatusNotFound, "unknown_book", "the books are payments, carrier, supplier and sms"))
		return
	}
	query := r.URL.Query()
	if err := firstOf(storable("order", query.Get("order")), storable("key", query.Get("key"))); err != nil {
		fail(rw, err)
		return
	}
	rows, err := w.rows(r.Context(), provider, query.Get("order"), query.Get("key"))
	if err != nil {
		fail(rw, err)
		return
	}
	answer(rw, http.StatusOK, map[string]any{"items": rows})
}

// find is the provider's own look-up: what it did under an idempotency key, whether or not it remembers the key itself.
func (w *World) find(provider string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		key := r.URL.Query().Get("key")
		if err := required("key", key); err != nil {
			fail(rw, err)
			return
		}
		rows, err := w.rows(r.Context(), provider, "", key)
		if err != nil {
			fail(rw, err)
			return
		}
		w.treat(rw, r, request{provider: provider, call: "find", key: key, order: orderOf(rows)}, rows)
	}
}

// treat answers a look-up as the behaviours want it.
func (w *World) treat(rw http.ResponseWriter, r *http.Request, req request, rows []json.RawMessage) {
	p, err := w.behaviours.take(r.Context(), req)
	switch {
	case err != nil:
		fail(rw, err)
	case !w.pause(r.Context(), p.slow):
		panic(http.ErrAbortHandler)
	case p.outcome == modeErrorBefore:
		broken(rw)
	default:
		w.respond(rw, r, req, p, &done{status: http.StatusOK, body: map[string]any{"items": rows}})
	}
}

func orderOf(rows []json.RawMessage) string {
	var row struct {
		Order string `json:"order"`
	}
	if len(rows) > 0 {
		_ = json.Unmarshal(rows[0], &row)
	}
	return row.Order
}

func (w *World) rows(ctx context.Context, provider, order, key string) ([]json.RawMessage, error) {
	statement := `SELECT detail || jsonb_build_object('seq', seq, 'at', at, 'kind', kind, 'order', order_no, 'key', key)
		FROM book WHERE provider = $1`
	arguments := []any{provider}
	switch {
	case key != "":
		statement, arguments = statement+" AND key = $2", append(arguments, key)
	case order != "":
		statement, arguments = statement+" AND order_no = $2", append(arguments, order)
	}
	found, err := w.pool.Query(ctx, statement+" ORDER BY seq", arguments...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(found, pgx.RowTo[json.RawMessage])
	if list == nil {
		list = []json.RawMessage{}
	}
	return list, err
}
