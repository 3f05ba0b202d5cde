-- +goose Up
CREATE TABLE outbox (
    key          text PRIMARY KEY,
    order_number text NOT NULL CONSTRAINT outbox_order_fkey REFERENCES orders (number),
    template     text NOT NULL,
    contact_id   text NOT NULL,
    locale       text NOT NULL,
    data         jsonb NOT NULL DEFAULT '{}',
    status       text NOT NULL DEFAULT 'pending',
    owner        text,
    lease_until  timestamptz,
    attempts     bigint NOT NULL DEFAULT 0,
    next_at      timestamptz NOT NULL DEFAULT now(),
    channel      text NOT NULL DEFAULT '',
    failure      text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    sent_at      timestamptz,
    CONSTRAINT outbox_status_known CHECK (status IN ('pending', 'sent', 'failed'))
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE status = 'pending';

-- Who asked for what, and how it was answered. hash = sha256(previous hash || the row as a JSON array).
CREATE TABLE audit (
    id             bigint PRIMARY KEY,
    at             timestamptz NOT NULL,
    actor_id       text NOT NULL,
    actor_role     text NOT NULL,
    actor_verified boolean NOT NULL,
    action         text NOT NULL,
    order_number   text NOT NULL,
    command_id     text NOT NULL,
    outcome        text NOT NULL,
    code           text NOT NULL,
    request_id     text NOT NULL,
    hash           bytea NOT NULL,
    CONSTRAINT audit_outcome_known CHECK (outcome IN ('accepted', 'refused'))
);
CREATE INDEX audit_by_order ON audit (order_number, id);
CREATE INDEX audit_by_command ON audit (command_id);

CREATE TABLE audit_head (
    one  boolean PRIMARY KEY DEFAULT true,
    id   bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_head_one CHECK (one)
) WITH (fillfactor = 10);
INSERT INTO audit_head (id, hash) VALUES (0, sha256('amends'));

CREATE FUNCTION audit_hash(previous bytea, a audit) RETURNS bytea LANGUAGE sql STABLE AS
$$
SELECT sha256(previous || convert_to(jsonb_build_array(a.id, extract(epoch FROM a.at), a.actor_id, a.actor_role,
    a.actor_verified, a.action, a.order_number, a.command_id, a.outcome, a.code, a.request_id)::text, 'UTF8'))
$$;

-- The only way into the audit log. The lock on the head row is held until the transaction ends: call it last.
-- With once, a row that the order's command already has with this outcome is not written again.
-- +goose StatementBegin
CREATE FUNCTION audit_append(
    a_actor_id text, a_actor_role text, a_actor_verified boolean, a_action text, a_order text, a_command text,
    a_outcome text, a_code text, a_request_id text, a_at timestamptz, once boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head  audit_head;
    entry audit;
BEGIN
    SELECT * INTO head FROM audit_head FOR UPDATE;
    IF once AND EXISTS (
        SELECT FROM audit WHERE command_id = a_command AND order_number = a_order AND outcome = a_outcome) THEN
        RETURN;
    END IF;
    entry := (head.id + 1, a_at, a_actor_id, a_actor_role, a_actor_verified, a_action, a_order, a_command,
        a_outcome, a_code, a_request_id, ''::bytea);
    entry.hash := audit_hash(head.hash, entry);
    INSERT INTO audit SELECT entry.*;
    UPDATE audit_head SET id = entry.id, hash = entry.hash;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_NAME, '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER outbox_wake AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION wake();
-- Only what waits for the relay wakes it; whoever owns a row delivers it without being told.
CREATE TRIGGER commands_wake AFTER INSERT OR UPDATE OF owner ON commands
    FOR EACH ROW WHEN (NEW.owner IS NULL AND NEW.status = 'pending') EXECUTE FUNCTION wake();
