-- +goose Up
-- Claims on what leaves the house. A row is written once and its outcome is set once.
CREATE TABLE effects (
    key          text PRIMARY KEY,
    order_number text NOT NULL,
    kind         text NOT NULL,
    subject      text NOT NULL,
    payment_id   text NOT NULL DEFAULT '',
    amount       bigint NOT NULL DEFAULT 0,
    currency     text NOT NULL DEFAULT '',
    outcome      jsonb,
    claimed_at   timestamptz NOT NULL DEFAULT now(),
    settled_at   timestamptz,
    CONSTRAINT effects_kind_known
        CHECK (kind IN ('authorise', 'capture', 'release', 'refund', 'book', 'cancel_label')),
    CONSTRAINT effects_amount_positive CHECK (amount >= 0),
    CONSTRAINT effects_payment_of_money
        CHECK (payment_id <> '' OR kind NOT IN ('authorise', 'capture', 'release', 'refund')),
    CONSTRAINT effects_settled_with_outcome CHECK ((outcome IS NULL) = (settled_at IS NULL))
);
CREATE INDEX effects_by_order ON effects (order_number);

-- +goose StatementBegin
CREATE FUNCTION effects_settle_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.outcome IS NOT NULL
        OR (NEW.key, NEW.order_number, NEW.kind, NEW.subject, NEW.payment_id, NEW.amount, NEW.currency, NEW.claimed_at)
            IS DISTINCT FROM
           (OLD.key, OLD.order_number, OLD.kind, OLD.subject, OLD.payment_id, OLD.amount, OLD.currency, OLD.claimed_at)
    THEN
        RAISE EXCEPTION 'an effect is claimed once and settled once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER effects_append_only BEFORE UPDATE OR DELETE ON effects
    FOR EACH ROW EXECUTE FUNCTION effects_settle_once();

-- The counters are the limits: no sum is ever read before money moves.
CREATE TABLE payments (
    order_number text NOT NULL,
    payment_id   text NOT NULL,
    currency     text NOT NULL,
    reference    text NOT NULL DEFAULT '',
    authorised   bigint NOT NULL DEFAULT 0,
    capturing    bigint NOT NULL DEFAULT 0,
    captured     bigint NOT NULL DEFAULT 0,
    refunded     bigint NOT NULL DEFAULT 0,
    released     boolean NOT NULL DEFAULT false,
    CONSTRAINT payments_pkey PRIMARY KEY (order_number, payment_id),
    CONSTRAINT payments_counters_positive CHECK (authorised >= 0 AND capturing >= 0 AND captured >= 0),
    CONSTRAINT payments_captured_within_authorised CHECK (captured + capturing <= authorised),
    CONSTRAINT payments_refunded_within_captured CHECK (refunded BETWEEN 0 AND captured)
);
CREATE INDEX payments_by_reference ON payments (reference) WHERE reference <> '';

CREATE TABLE ledger_transactions (
    key          text PRIMARY KEY,
    order_number text NOT NULL,
    kind         text NOT NULL,
    payment_id   text NOT NULL DEFAULT '',
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_transactions_kind_known CHECK (kind IN ('capture', 'refund', 'posting'))
);
CREATE INDEX ledger_transactions_by_order ON ledger_transactions (order_number);

-- Debits are positive, credits negative.
CREATE TABLE ledger_entries (
    transaction_key text NOT NULL CONSTRAINT ledger_entries_transaction_fkey REFERENCES ledger_transactions (key),
    account         text NOT NULL,
    minor           bigint NOT NULL,
    currency        text NOT NULL,
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (transaction_key, account, currency),
    CONSTRAINT ledger_entries_account_known CHECK (account IN ('receivable', 'cash', 'revenue')),
    CONSTRAINT ledger_entries_something CHECK (minor <> 0)
);

-- +goose StatementBegin
CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_entries
        WHERE transaction_key = NEW.transaction_key
        GROUP BY currency
        HAVING sum(minor) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced', TABLE = 'ledger_entries';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balances();
CREATE TRIGGER ledger_transactions_append_only BEFORE UPDATE OR DELETE ON ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
