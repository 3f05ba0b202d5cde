package store

// voidInvariants are the rules of voids: their IDs and counters at every moment, the others whenever an order is at rest.
func voidInvariants() []Invariant {
	all := append(amendmentInvariants(), voidedOrderInvariants()...)
	all = append(all, parcelInvariants()...)
	return append(all, refundInvariants()...)
}

func amendmentInvariants() []Invariant {
	return []Invariant{
		{"void: no two have the same ID", `
			SELECT coalesce(a.amendment ->> 'id', '')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.amendments[*] ? (@.type() == "object")') AS a (amendment)
			GROUP BY a.amendment ->> 'id'
			HAVING count(*) > 1`},
		{"void: every step of a completed one has ended", `
			SELECT format('%s/%s/%s', o.number, a.amendment ->> 'id', s.step ->> 'id')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.amendments[*] ? (@.status == "completed")') AS a (amendment)
			CROSS JOIN LATERAL jsonb_path_query(a.amendment, '$.steps[*] ? (@.type() == "object")') AS s (step)
			WHERE coalesce(s.step ->> 'end', '') = ''`},
		{"line: 0 ≤ returned ≤ recalled ≤ voided ≤ ordered", `
			SELECT format('%s/%s', o.number, l.line ->> 'id')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.lines[*]') AS l (line)
			CROSS JOIN LATERAL (
			    SELECT coalesce((l.line ->> 'ordered')::numeric, 0) AS ordered,
			           coalesce((l.line ->> 'voided')::numeric, 0) AS voided,
			           coalesce((l.line ->> 'recalled')::numeric, 0) AS recalled,
			           coalesce((l.line ->> 'returned')::numeric, 0) AS returned) c
			WHERE NOT (0 <= c.returned AND c.returned <= c.recalled AND c.recalled <= c.voided AND c.voided <= c.ordered)`},
	}
}

// voidedOrderInvariants let pass what people have ended by hand or waived: what a step should have done may be undone.
func voidedOrderInvariants() []Invariant {
	return []Invariant{
		{"voided order: none of its voids is still to happen", `
			SELECT format('%s/%s', o.number, a.amendment ->> 'id')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.amendments[*]') AS a (amendment)
			WHERE o.stage = 'voided'
			  AND a.amendment ->> 'status' IN ('awaiting_approval', 'cooling_off', 'running')`},
		{"voided order: no authorisation is left unreleased but by people", `
			SELECT o.number || '/' || p.payment_id
			FROM orders o
			JOIN payments p ON p.order_number = o.number
			WHERE o.stage = 'voided'
			  AND ` + atRest + `
			  AND p.authorised > p.captured
			  AND NOT p.released
			  AND NOT jsonb_path_exists(o.state, '$.amendments[*].steps[*] ? (@.kind == "release_payment"
			          && @.subject == $payment && (@.end == "waived" || @.end == "completed"))',
			      jsonb_build_object('payment', p.payment_id))`},
		{"voided order: no parcel of it is under way but by people", `
			SELECT format('%s/%s', o.number, s.parcel ->> 'id')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.shipments[*]') AS s (parcel)
			WHERE o.stage = 'voided'
			  AND ` + atRest + `
			  AND s.parcel ->> 'status' IN ('packed', 'handed_over', 'in_transit')
			  AND NOT jsonb_path_exists(o.state, '$.amendments[*].steps[*] ? (@.subject == $parcel
			          && (@.kind == "receive_return" && (@.end == "waived" || @.end == "completed")
			              || @.kind == "put_back" && @.end == "waived"))',
			      jsonb_build_object('parcel', s.parcel -> 'id'))`},
		{"voided order: it keeps no technician's time but by people", `
			SELECT o.number
			FROM orders o
			JOIN slots s ON s.order_number = o.number AND s.freed_at IS NULL
			WHERE o.stage = 'voided'
			  AND ` + atRest + `
			  AND NOT jsonb_path_exists(o.state,
			      '$.amendments[*].steps[*] ? (@.kind == "free_appointment" && @.end == "waived").slots[*] ? (@ == $slot)',
			      jsonb_build_object('slot', s.id))`},
	}
}

// parcelInvariants hold the book's word on a parcel against the order's.
func parcelInvariants() []Invariant {
	const parcels = `
			SELECT p.order_number || '/' || p.shipment_id
			FROM parcel_outcomes p
			JOIN orders o ON o.number = p.order_number
			CROSS JOIN LATERAL jsonb_path_query(o.state, '$.shipments[*] ? (@.id == $id)',
			    jsonb_build_object('id', p.shipment_id)) AS s (parcel)
			WHERE `
	return []Invariant{
		{"parcel: one whose goods were taken out of the book was not stopped", parcels + `
			      p.outcome = 'stopped' AND (s.parcel ->> 'stock_moved')::boolean`},
		{"parcel: one that was stopped is cancelled", parcels + `
			      p.outcome = 'stopped'
			  AND s.parcel ->> 'status' <> 'cancelled'
			  AND ` + atRest},
		{"parcel: one that has left is not cancelled", parcels + `
			      p.outcome = 'left' AND s.parcel ->> 'status' = 'cancelled'`},
	}
}

// movedRefund tells what was moved for a refund that a void decided: its tries differ in the last part of their keys.
const movedRefund = `
			    SELECT count(*) AS moves,
			           count(t.key) AS postings,
			           sum(e.amount) AS amount
			    FROM effects e
			    LEFT JOIN ledger_transactions t ON t.key = e.key AND t.kind = 'refund'
			    WHERE e.order_number = o.number
			      AND e.kind = 'refund'
			      AND (e.outcome ->> 'done')::boolean
			      AND e.key = concat_ws('/', o.number, a.amendment ->> 'id', 'refund', s.step ->> 'subject', split_part(e.key, '/', 5))`

func refundInvariants() []Invariant {
	return []Invariant{
		{"refund: one that a void decided and ended was moved once", `
			SELECT format('%s/%s/%s', o.number, a.amendment ->> 'id', s.step ->> 'subject')
			FROM orders o
			CROSS JOIN LATERAL jsonb_path_query(o.state,
			    '$.amendments[*] ? (@.status == "running" || @.status == "completed")') AS a (amendment)
			CROSS JOIN LATERAL jsonb_path_query(a.amendment,
			    '$.steps[*] ? (@.kind == "refund" && (@.end == "done" || @.end == "completed"))') AS s (step)
			CROSS JOIN LATERAL (` + movedRefund + `) m
			WHERE ` + atRest + `
			  AND (m.moves <> 1
			    OR m.postings <> 1
			    OR m.amount <> (s.step -> 'amount' ->> 'amount')::numeric * ` + minorUnits + `)`},
		{"refund: nothing was moved that nobody decided", `
			SELECT p.order_number || '/' || p.payment_id
			FROM payments p
			JOIN orders o ON o.number = p.order_number
			CROSS JOIN LATERAL (
			    SELECT coalesce(sum((s.step -> 'amount' ->> 'amount')::numeric), 0) * ` + minorUnits + ` AS amount
			    FROM jsonb_path_query(o.state,
			        '$.amendments[*].steps[*] ? (@.kind == "refund" && @.subject == $payment && (@.end == "done" || @.end == "completed"))',
			        jsonb_build_object('payment', p.payment_id)) AS s (step)) decided
			CROSS JOIN LATERAL (
			    SELECT coalesce(sum(e.amount), 0) AS amount
			    FROM effects e
			    WHERE e.order_number = o.number
			      AND e.payment_id = p.payment_id
			      AND e.kind = 'refund'
			      AND (e.outcome ->> 'done')::boolean
			      AND e.key = concat_ws('/', o.number, 'refund', p.payment_id, split_part(e.key, '/', 4))) rejected
			WHERE ` + atRest + `
			  AND NOT EXISTS (SELECT FROM effects e WHERE e.order_number = o.number AND e.outcome IS NULL)
			  AND NOT jsonb_path_exists(o.state, '$.amendments[*] ? (@.status == "running")')
			  AND p.refunded <> decided.amount + rejected.amount`},
	}
}
