-- +goose Up
-- What became of a packed parcel: it left the house or it was stopped. Who comes second reads it.
CREATE TABLE parcel_outcomes (
    order_number text NOT NULL,
    shipment_id  text NOT NULL,
    outcome      text NOT NULL,
    key          text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parcel_outcomes_pkey PRIMARY KEY (order_number, shipment_id),
    CONSTRAINT parcel_outcomes_shipment_named CHECK (shipment_id <> ''),
    CONSTRAINT parcel_outcomes_outcome_known CHECK (outcome IN ('left', 'stopped'))
);
CREATE TRIGGER parcel_outcomes_append_only BEFORE UPDATE OR DELETE ON parcel_outcomes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The highest round of an order's requests that the stock book has applied: one of an earlier round comes too late.
CREATE TABLE stock_rounds (
    order_number text NOT NULL,
    round        bigint NOT NULL,
    CONSTRAINT stock_rounds_pkey PRIMARY KEY (order_number),
    CONSTRAINT stock_rounds_positive CHECK (round > 0)
);

-- Goods that come back are booked in; of these, damaged ones are scrapped.
ALTER TABLE stock_movements DROP CONSTRAINT stock_movements_kind_known;
ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_kind_known
    CHECK (kind IN ('receive', 'reserve', 'release', 'ship', 'return', 'scrap'));

ALTER TABLE effects DROP CONSTRAINT effects_kind_known;
ALTER TABLE effects ADD CONSTRAINT effects_kind_known
    CHECK (kind IN ('authorise', 'capture', 'release', 'refund', 'book', 'cancel_label',
                    'intercept', 'purchase', 'cancel_purchase', 'tell'));

-- For people and finance: every refund that was decided, with what became of it at the provider. A try that was finally
-- refused is followed by one with a higher number; the last one counts.
CREATE VIEW refunds AS
SELECT o.number                                     AS order_number,
       a.amendment ->> 'id'                         AS amendment_id,
       m.decided ->> 'number'                       AS number,
       s.step ->> 'subject'                         AS payment_id,
       (s.step -> 'amount' ->> 'amount')::numeric   AS amount,
       s.step -> 'amount' ->> 'currency'            AS currency,
       a.amendment -> 'request' ->> 'reason_code'   AS reason_code,
       a.amendment -> 'request' -> 'actor' ->> 'id' AS requested_by,
       a.amendment -> 'decided_by' ->> 'id'         AS approved_by,
       coalesce(a.amendment ->> 'decided_at', a.amendment ->> 'requested_at')::timestamptz AS decided_at,
       CASE WHEN e.outcome IS NULL THEN 'pending'
            WHEN (e.outcome ->> 'done')::boolean THEN 'settled'
            ELSE 'failed' END                       AS status,
       e.outcome ->> 'reference'                    AS reference,
       e.settled_at,
       e.key                                        AS effect_key,
       s.step ->> 'end'                             AS step_end
FROM orders o
CROSS JOIN LATERAL jsonb_path_query(o.state,
    '$.amendments[*] ? (@.status == "running" || @.status == "completed")') AS a (amendment)
CROSS JOIN LATERAL jsonb_path_query(a.amendment, '$.steps[*] ? (@.kind == "refund")') AS s (step)
LEFT JOIN LATERAL jsonb_path_query_first(a.amendment, '$.money[*] ? (@.payment == $payment)',
    jsonb_build_object('payment', s.step -> 'subject')) AS m (decided) ON true
LEFT JOIN LATERAL (
    SELECT key,
           outcome,
           settled_at
    FROM effects
    WHERE order_number = o.number
      AND kind = 'refund'
      AND key = concat_ws('/', o.number, a.amendment ->> 'id', 'refund', s.step ->> 'subject', split_part(key, '/', 5))
    ORDER BY length(key) DESC, key DESC
    LIMIT 1) e ON true;

GRANT SELECT ON parcel_outcomes, stock_rounds, refunds TO amends_app;
GRANT INSERT ON parcel_outcomes, stock_rounds TO amends_app;
GRANT UPDATE (round) ON stock_rounds TO amends_app;
