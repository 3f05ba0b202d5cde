package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Invariant is a rule of the domain as a query for what breaks it. Every row it returns is a violation; its first
// column says which order, payment or SKU it is about.
type Invariant struct {
	Name  string
	Query string
}

// Violations is how often a rule is broken, with the first few things that break it.
type Violations struct {
	Name     string
	Count    int
	Examples []string
}

const mostExamples = 5

// CheckInvariants runs every query over the whole database, each in its own snapshot.
func (s *Store) CheckInvariants(ctx context.Context) ([]Violations, error) {
	var all []Violations
	for _, invariant := range Invariants() {
		rows, err := s.pool.Query(ctx, `SELECT subject::text FROM (`+invariant.Query+`) AS violations (subject)`)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", invariant.Name, err)
		}
		subjects, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", invariant.Name, err)
		}
		examples := subjects[:min(len(subjects), mostExamples)]
		all = append(all, Violations{Name: invariant.Name, Count: len(subjects), Examples: examples})
	}
	return all, nil
}

// Invariants lists the rules that hold at every moment, then those that hold whenever an order is at rest: an order
// that was recorded within the last minute may still be at work.
func Invariants() []Invariant {
	all := append(moneyInvariants(), stockInvariants()...)
	all = append(all, historyInvariants()...)
	all = append(all, voidInvariants()...)
	return append(all, restInvariants()...)
}

func moneyInvariants() []Invariant {
	return []Invariant{
		{"payment: 0 ≤ refunded ≤ captured ≤ authorised", `
			SELECT order_number || '/' || payment_id
			FROM payments
			WHERE NOT (refunded BETWEEN 0 AND captured)
			   OR captured + capturing > authorised
			   OR least(authorised, capturing, captured) < 0`},
		{"payment: counters equal the effects", `
			SELECT p.order_number || '/' || p.payment_id
			FROM payments p
			LEFT JOIN (
			    SELECT order_number, payment_id,
			           sum(amount) FILTER (WHERE kind = 'authorise' AND (outcome ->> 'done')::boolean) AS authorised,
			           sum(amount) FILTER (WHERE (outcome ->> 'done')::boolean
			               AND (kind = 'capture' OR kind = 'authorise' AND (outcome ->> 'at_once')::boolean)) AS captured,
			           sum(amount) FILTER (WHERE kind = 'capture' AND outcome IS NULL) AS capturing,
			           sum(amount) FILTER (WHERE kind = 'refund'
			               AND (outcome IS NULL OR (outcome ->> 'done')::boolean)) AS refunded
			    FROM effects
			    GROUP BY order_number, payment_id) e USING (order_number, payment_id)
			WHERE (p.authorised, p.captured, p.capturing, p.refunded) IS DISTINCT FROM
			      (coalesce(e.authorised, 0), coalesce(e.captured, 0), coalesce(e.capturing, 0), coalesce(e.refunded, 0))`},
		{"payment: captured and refunded equal the ledger", `
			SELECT p.order_number || '/' || p.payment_id
			FROM payments p
			LEFT JOIN (
			    SELECT t.order_number, t.payment_id,
			           sum(l.minor) FILTER (WHERE t.kind = 'capture') AS captured,
			           -sum(l.minor) FILTER (WHERE t.kind = 'refund') AS refunded
			    FROM ledger_transactions t
			    JOIN ledger_entries l ON l.transaction_key = t.key AND l.account IN ('cash', 'carried')
			    GROUP BY t.order_number, t.payment_id) b USING (order_number, payment_id)
			LEFT JOIN (
			    SELECT order_number, payment_id, sum(amount) AS moving
			    FROM effects
			    WHERE kind = 'refund' AND outcome IS NULL
			    GROUP BY order_number, payment_id) m USING (order_number, payment_id)
			WHERE p.captured <> coalesce(b.captured, 0)
			   OR p.refunded - coalesce(m.moving, 0) <> coalesce(b.refunded, 0)`},
		{"refund: a settled one has one ledger transaction and a reference of the provider", `
			SELECT e.key
			FROM effects e
			LEFT JOIN ledger_transactions t ON t.key = e.key AND t.kind = 'refund'
			WHERE e.kind = 'refund'
			  AND (e.outcome ->> 'done')::boolean
			  AND (t.key IS NULL OR coalesce(e.outcome ->> 'reference', '') = '')`},
		{"ledger: every transaction balances to zero per currency", `
			SELECT transaction_key
			FROM ledger_entries
			GROUP BY transaction_key, currency
			HAVING sum(minor) <> 0`},
	}
}

func stockInvariants() []Invariant {
	return []Invariant{
		{"stock: on hand ≥ 0 and 0 ≤ reserved ≤ on hand", `
			SELECT sku || ' in ' || warehouse
			FROM stock
			WHERE on_hand < 0 OR NOT (reserved BETWEEN 0 AND on_hand)`},
		{"stock: reserved equals the open reservations", `
			SELECT s.sku || ' in ' || s.warehouse
			FROM stock s
			LEFT JOIN reservations r ON r.sku = s.sku AND r.warehouse = s.warehouse
			GROUP BY s.sku, s.warehouse, s.reserved
			HAVING s.reserved <> coalesce(sum(r.held - r.released - r.consumed), 0)`},
		{"stock: the counters equal the movements", `
			SELECT s.sku || ' in ' || s.warehouse
			FROM stock s
			LEFT JOIN stock_movements m ON m.sku = s.sku AND m.warehouse = s.warehouse
			GROUP BY s.sku, s.warehouse, s.on_hand, s.reserved
			HAVING s.on_hand <> coalesce(sum(m.on_hand_delta), 0) OR s.reserved <> coalesce(sum(m.reserved_delta), 0)`},
		{"reservation: a unit ends once, released or consumed", `
			SELECT order_number || '/' || line_id || ' in ' || warehouse
			FROM reservations
			WHERE released < 0 OR consumed < 0 OR released + consumed > held`},
		{"reservation: counters equal the movements", `
			SELECT r.order_number || '/' || r.line_id || ' in ' || r.warehouse
			FROM reservations r
			LEFT JOIN stock_movements m USING (order_number, line_id, warehouse)
			GROUP BY r.order_number, r.line_id, r.warehouse, r.held, r.released, r.consumed
			HAVING r.held <> coalesce(sum(m.reserved_delta) FILTER (WHERE m.kind = 'reserve'), 0)
			    OR r.released <> coalesce(-sum(m.reserved_delta) FILTER (WHERE m.kind = 'release'), 0)
			    OR r.consumed <> coalesce(-sum(m.reserved_delta) FILTER (WHERE m.kind = 'ship'), 0)`},
		{"stock: nothing is held or waited for after the order gave it up", `
			SELECT e.order_number
			FROM stock_ended e
			WHERE EXISTS (SELECT FROM reservations r
			              WHERE r.order_number = e.order_number AND r.released + r.consumed < r.held)
			   OR EXISTS (SELECT FROM backorders b WHERE b.order_number = e.order_number AND b.waiting > 0)`},
		{"calendar: no technician is booked twice at a time", `
			SELECT a.id || ' and ' || b.id
			FROM slots a
			JOIN slots b ON b.technician = a.technician
			            AND b.id > a.id
			            AND tstzrange(a.from_at, a.to_at) && tstzrange(b.from_at, b.to_at)
			WHERE a.freed_at IS NULL AND b.freed_at IS NULL`},
	}
}

func historyInvariants() []Invariant {
	return []Invariant{
		{"order: total = Σ lines + fee", `
			SELECT o.number
			FROM orders o
			CROSS JOIN LATERAL (
			    SELECT coalesce(sum(sign(l.gross) * div(2 * abs(l.gross) * l.kept + l.ordered, nullif(2 * l.ordered, 0))), 0) AS lines,
			           coalesce(bool_or(l.goods), false) AS goods,
			           coalesce(bool_or(l.kept > 0), false) AS kept,
			           coalesce(bool_or(l.goods AND l.kept > 0), false) AS kept_goods
			    FROM (SELECT ((line -> 'unit_price' ->> 'amount')::numeric * (line ->> 'ordered')::numeric
			                  - (line -> 'discount' ->> 'amount')::numeric) * ` + minorUnits + ` AS gross,
			                 (line ->> 'ordered')::numeric AS ordered,
			                 (line ->> 'ordered')::numeric - coalesce((line ->> 'voided')::numeric, 0) AS kept,
			                 line ->> 'kind' = 'goods' AS goods
			          FROM jsonb_array_elements(o.state -> 'lines') AS lines (line)) l) s
			WHERE o.total <> s.lines
			      + CASE WHEN s.kept_goods OR s.kept AND NOT s.goods
			             THEN (o.state -> 'delivery' -> 'fee' ->> 'amount')::numeric * ` + minorUnits + `
			             ELSE 0 END`},
		{"order: the row equals its state", `
			SELECT number
			FROM orders
			WHERE (number, stage, seq::text, version::text, chain) IS DISTINCT FROM
			      (state ->> 'number', state ->> 'stage', state ->> 'seq', state ->> 'version', state ->> 'chain')`},
		{"order: the row equals its last event", `
			SELECT o.number
			FROM orders o
			LEFT JOIN events e ON e.order_number = o.number AND e.seq = o.seq
			WHERE (o.stage, o.version, o.chain) IS DISTINCT FROM (e.stage, e.version, e.chain)`},
		{"timeline: sequence numbers have no gaps", `
			SELECT order_number
			FROM events
			GROUP BY order_number
			HAVING min(seq) <> 1 OR max(seq) <> count(*)`},
		{"timeline: versions have no gaps", `
			SELECT order_number
			FROM (SELECT order_number,
			             version - lag(version, 1, 0::bigint) OVER (PARTITION BY order_number ORDER BY seq) AS step
			      FROM events) steps
			WHERE step NOT IN (0, 1)
			GROUP BY order_number`},
		{"command: it changes an order once", `
			SELECT order_number || ' by ' || command_id
			FROM events
			WHERE command_id <> ''
			GROUP BY order_number, command_id
			HAVING max(seq) - min(seq) + 1 <> count(*)
			UNION ALL
			SELECT o.number || ' by ' || p.id
			FROM orders o
			CROSS JOIN LATERAL jsonb_array_elements_text(o.state -> 'processed') AS p (id)
			WHERE jsonb_typeof(o.state -> 'processed') = 'array'
			GROUP BY o.number, p.id
			HAVING count(*) > 1`},
		{"audit: every command of a person that has its answer has one row with it", `
			SELECT c.id
			FROM commands c
			LEFT JOIN audit a ON a.command_id = c.id AND a.outcome = c.status
			WHERE c.status <> 'pending' AND c.actor_role NOT IN ('system', 'provider')
			GROUP BY c.id
			HAVING count(a.id) <> 1`},
		{"audit: every row's hash follows from the one before", `
			SELECT id
			FROM (SELECT a.id,
			             a.hash <> audit_hash(lag(a.hash, 1, sha256('amends')) OVER (ORDER BY a.id), a) AS broken,
			             a.id - lag(a.id, 1, 0::bigint) OVER (ORDER BY a.id) AS step
			      FROM audit a) chain
			WHERE broken OR step <> 1`},
		{"audit: the head is the last row", `
			SELECT h.id
			FROM audit_head h
			WHERE h.id <> (SELECT coalesce(max(id), 0) FROM audit)`},
	}
}

// minorUnits is how many of them are one of the order's currency.
const minorUnits = `CASE WHEN o.currency IN ('JPY', 'KRW') THEN 1 ELSE 100 END`

const atRest = `o.updated_at < now() - interval '1 minute'`

func restInvariants() []Invariant {
	return []Invariant{
		{"finished order: it holds no goods and waits for none", `
			SELECT o.number
			FROM orders o
			WHERE o.stage IN ('rejected', 'voided', 'closed')
			  AND ` + atRest + `
			  AND (EXISTS (SELECT FROM reservations r
			               WHERE r.order_number = o.number AND r.released + r.consumed < r.held)
			    OR EXISTS (SELECT FROM backorders b WHERE b.order_number = o.number AND b.waiting > 0))`},
		{"rejected order: no authorisation is left unreleased and no captured money kept", `
			SELECT o.number
			FROM orders o
			JOIN payments p ON p.order_number = o.number
			WHERE o.stage = 'rejected'
			  AND ` + atRest + `
			  AND (p.authorised > p.captured AND NOT p.released OR p.refunded < p.captured)`},
		{"rejected order: it keeps no technician's time", `
			SELECT o.number
			FROM orders o
			JOIN slots s ON s.order_number = o.number AND s.freed_at IS NULL
			WHERE o.stage = 'rejected' AND ` + atRest},
		{"rejected order: no parcel of it is left to go out", `
			SELECT o.number
			FROM orders o
			CROSS JOIN LATERAL jsonb_array_elements(o.state -> 'shipments') AS s (parcel)
			WHERE o.stage = 'rejected'
			  AND ` + atRest + `
			  AND s.parcel ->> 'status' = 'packed'`},
		{"order: payments in the state equal the payments book", `
			SELECT o.number || '/' || (s.payment ->> 'id')
			FROM orders o
			CROSS JOIN LATERAL jsonb_array_elements(o.state -> 'payments') AS s (payment)
			LEFT JOIN payments p ON p.order_number = o.number AND p.payment_id = s.payment ->> 'id'
			WHERE o.stage IN ('rejected', 'voided', 'closed')
			  AND ` + atRest + `
			  AND ((s.payment -> 'captured' ->> 'amount')::numeric, (s.payment -> 'refunded' ->> 'amount')::numeric)
			      IS DISTINCT FROM
			      (coalesce(p.captured, 0)::numeric / ` + minorUnits + `,
			       coalesce(p.refunded, 0)::numeric / ` + minorUnits + `)`},
		{"command: none waits for an hour", `
			SELECT id
			FROM commands
			WHERE status = 'pending' AND created_at < now() - interval '1 hour'`},
	}
}
