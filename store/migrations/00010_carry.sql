-- +goose Up
-- Captured money of a voided order that pays for the order placed again. It can be given back or carried over, not both.
CREATE TABLE carried_over (
    from_order   text NOT NULL,
    from_payment text NOT NULL,
    to_order     text NOT NULL,
    to_payment   text NOT NULL,
    amount       bigint NOT NULL,
    key          text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT carried_over_pkey PRIMARY KEY (from_order, from_payment),
    CONSTRAINT carried_over_amount_positive CHECK (amount > 0),
    CONSTRAINT carried_over_from_fkey FOREIGN KEY (from_order, from_payment) REFERENCES payments (order_number, payment_id)
);
CREATE TRIGGER carried_over_append_only BEFORE UPDATE OR DELETE ON carried_over
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE payments ADD COLUMN carried bigint NOT NULL DEFAULT 0;
ALTER TABLE payments ADD CONSTRAINT payments_carried_positive CHECK (carried >= 0);
ALTER TABLE payments DROP CONSTRAINT payments_refunded_within_captured;
ALTER TABLE payments ADD CONSTRAINT payments_refunded_within_captured
    CHECK (refunded BETWEEN 0 AND captured - carried);

ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_account_known;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account_known
    CHECK (account IN ('receivable', 'cash', 'revenue', 'carried'));

-- An order is placed again once.
CREATE UNIQUE INDEX orders_placed_again ON orders ((state ->> 'replaces')) WHERE state ->> 'replaces' <> '';

GRANT INSERT ON carried_over TO amends_app;
GRANT SELECT ON carried_over TO amends_app;
