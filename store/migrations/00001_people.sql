-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The role of API and worker. The stack creates it with a password before migrating; elsewhere it is made here,
-- without the right to log in. Roles belong to the whole cluster: another database may be making it right now.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amends_app') THEN
        CREATE ROLE amends_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd

CREATE TABLE staff (
    id           text PRIMARY KEY,
    name         text NOT NULL,
    role         text NOT NULL,
    locale       text NOT NULL DEFAULT 'zh-CN',
    token_hash   bytea,
    refund_limit bigint NOT NULL DEFAULT 0,
    active       boolean NOT NULL DEFAULT true,
    CONSTRAINT staff_token_key UNIQUE (token_hash),
    CONSTRAINT staff_token_is_sha256 CHECK (octet_length(token_hash) = 32),
    CONSTRAINT staff_refund_limit_positive CHECK (refund_limit >= 0)
);

CREATE TABLE customers (
    id           text PRIMARY KEY,
    name         text NOT NULL,
    phone        text NOT NULL,
    email        text NOT NULL DEFAULT '',
    locale       text NOT NULL DEFAULT 'zh-CN',
    credit_limit bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_phone_key UNIQUE (phone),
    CONSTRAINT customers_credit_limit_positive CHECK (credit_limit >= 0)
);

-- Immutable: a change of personal data is a new row, and orders refer to the row they were written with.
CREATE TABLE contacts (
    id          text PRIMARY KEY,
    customer_id text NOT NULL CONSTRAINT contacts_customer_fkey REFERENCES customers (id),
    name        text NOT NULL,
    phone       text NOT NULL,
    email       text NOT NULL DEFAULT '',
    locale      text NOT NULL DEFAULT 'zh-CN',
    ship_to     jsonb NOT NULL,
    invoice_to  jsonb NOT NULL,
    note        text NOT NULL DEFAULT '',
    line_notes  jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX contacts_name_trgm ON contacts USING gin (name gin_trgm_ops);
CREATE INDEX contacts_phone_tail ON contacts (reverse(phone) text_pattern_ops);

CREATE TABLE products (
    sku        text PRIMARY KEY,
    kind       text NOT NULL,
    name       text NOT NULL,
    unit       text NOT NULL DEFAULT '',
    list_price bigint NOT NULL,
    currency   text NOT NULL,
    CONSTRAINT products_kind_known CHECK (kind IN ('goods', 'service')),
    CONSTRAINT products_list_price_positive CHECK (list_price >= 0)
);

CREATE TABLE technicians (
    id     text PRIMARY KEY,
    name   text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE technician_skills (
    technician text NOT NULL CONSTRAINT technician_skills_technician_fkey REFERENCES technicians (id),
    sku        text NOT NULL CONSTRAINT technician_skills_sku_fkey REFERENCES products (sku),
    CONSTRAINT technician_skills_pkey PRIMARY KEY (sku, technician)
);
