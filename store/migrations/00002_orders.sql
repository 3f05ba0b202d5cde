-- +goose Up
CREATE SEQUENCE order_numbers;

-- state is the whole orders.Order; the other columns are drawn from it for lists and guards.
CREATE TABLE orders (
    number        text PRIMARY KEY,
    state         jsonb NOT NULL,
    stage         text NOT NULL,
    version       bigint NOT NULL,
    seq           bigint NOT NULL,
    chain         text NOT NULL,
    flags         text[] NOT NULL,
    total         bigint NOT NULL,
    currency      text NOT NULL,
    customer_id   text NOT NULL CONSTRAINT orders_customer_fkey REFERENCES customers (id),
    contact_id    text NOT NULL CONSTRAINT orders_contact_fkey REFERENCES contacts (id),
    customer_ref  text NOT NULL,
    skus          text[] NOT NULL,
    lines_digest  text NOT NULL,
    tracking      text[] NOT NULL DEFAULT '{}',
    next_deadline timestamptz,
    fence_run     bigint NOT NULL DEFAULT 0,
    fence_history bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_version_positive CHECK (version > 0),
    CONSTRAINT orders_seq_positive CHECK (seq > 0)
) WITH (fillfactor = 70);
CREATE INDEX orders_by_age ON orders (created_at, number);
CREATE INDEX orders_by_stage ON orders (stage, created_at, number);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at, number);
CREATE INDEX orders_by_contact ON orders (contact_id);
CREATE INDEX orders_same_lines ON orders (customer_id, lines_digest, created_at);
CREATE INDEX orders_same_reference ON orders (customer_id, customer_ref) WHERE customer_ref <> '';
CREATE INDEX orders_flagged ON orders (created_at, number) WHERE flags <> '{}';
CREATE INDEX orders_open ON orders (number) WHERE stage NOT IN ('closed', 'voided', 'rejected');
CREATE INDEX orders_skus ON orders USING gin (skus);
CREATE INDEX orders_reference_trgm ON orders USING gin (customer_ref gin_trgm_ops) WHERE customer_ref <> '';

CREATE TABLE events (
    order_number   text NOT NULL CONSTRAINT events_order_fkey REFERENCES orders (number),
    seq            bigint NOT NULL,
    at             timestamptz NOT NULL,
    kind           text NOT NULL,
    actor_id       text NOT NULL,
    actor_role     text NOT NULL,
    actor_verified boolean NOT NULL,
    command_id     text NOT NULL,
    note_id        text NOT NULL,
    reason         text NOT NULL,
    stage          text NOT NULL,
    version        bigint NOT NULL,
    data           jsonb,
    chain          text NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (order_number, seq)
);

-- What was asked of an order. A row without an owner waits for the relay.
CREATE TABLE commands (
    id             text PRIMARY KEY,
    position       bigint GENERATED ALWAYS AS IDENTITY,
    order_number   text NOT NULL CONSTRAINT commands_order_fkey REFERENCES orders (number),
    name           text NOT NULL,
    actor_id       text NOT NULL,
    actor_role     text NOT NULL,
    actor_verified boolean NOT NULL,
    payload        json NOT NULL,
    fingerprint    text NOT NULL,
    key            text NOT NULL,
    route          text NOT NULL,
    request_id     text NOT NULL DEFAULT '',
    owner          text,
    lease_until    timestamptz,
    attempts       bigint NOT NULL DEFAULT 0,
    status         text NOT NULL DEFAULT 'pending',
    outcome        json,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    CONSTRAINT commands_key_actor_route_key UNIQUE (key, actor_id, route),
    CONSTRAINT commands_status_known CHECK (status IN ('pending', 'accepted', 'refused')),
    CONSTRAINT commands_outcome_when_final CHECK ((status = 'pending') = (outcome IS NULL))
);
CREATE INDEX commands_pending ON commands (order_number, position) WHERE status = 'pending';
CREATE INDEX commands_due ON commands (position) WHERE status = 'pending';

-- Notes that staff write, and the reasons that commands give: events carry only the ID.
CREATE TABLE notes (
    id           text PRIMARY KEY,
    order_number text NOT NULL CONSTRAINT notes_order_fkey REFERENCES orders (number),
    command_id   text,
    text         text NOT NULL,
    author       text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notes_by_order ON notes (order_number, at);

CREATE TABLE customer_contacts (
    id           text PRIMARY KEY,
    order_number text NOT NULL CONSTRAINT customer_contacts_order_fkey REFERENCES orders (number),
    channel      text NOT NULL,
    outcome      text NOT NULL,
    text         text NOT NULL,
    author       text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customer_contacts_channel_known CHECK (channel IN ('phone', 'wechat', 'sms', 'email', 'in_person'))
);
CREATE INDEX customer_contacts_by_order ON customer_contacts (order_number, at);

-- The technicians' calendar: a slot that was not freed excludes every other one of that technician.
CREATE TABLE slots (
    id           text PRIMARY KEY DEFAULT gen_random_uuid()::text,
    order_number text NOT NULL,
    line_id      text NOT NULL,
    technician   text NOT NULL CONSTRAINT slots_technician_fkey REFERENCES technicians (id),
    from_at      timestamptz NOT NULL,
    to_at        timestamptz NOT NULL,
    command_id   text NOT NULL,
    freed_at     timestamptz,
    CONSTRAINT slots_some_time CHECK (from_at < to_at),
    -- a line may overlap itself: it is being moved, and gives up its old time when the order has agreed
    CONSTRAINT slots_no_double_booking EXCLUDE USING gist (
        technician WITH =, (order_number || '/' || line_id) WITH <>, tstzrange(from_at, to_at) WITH &&)
        WHERE (freed_at IS NULL)
);
CREATE INDEX slots_by_order ON slots (order_number);
CREATE INDEX slots_by_command ON slots (command_id);

-- Tracking numbers of live state, by which carriers' events find their order.
CREATE TABLE parcels (
    tracking     text NOT NULL,
    order_number text NOT NULL CONSTRAINT parcels_order_fkey REFERENCES orders (number),
    added_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parcels_pkey PRIMARY KEY (tracking, order_number)
);
CREATE INDEX parcels_by_order ON parcels (order_number);

-- Events of the outside world, stored before anything else happens. An unmatched one is a finding for people and is
-- routed when its subject (tracking number or payment reference) becomes known.
CREATE TABLE webhooks (
    provider     text NOT NULL,
    event_id     text NOT NULL,
    subject      text NOT NULL,
    body         json NOT NULL,
    command      json,
    status       text NOT NULL,
    order_number text,
    repeats      bigint NOT NULL DEFAULT 0,
    received_at  timestamptz NOT NULL DEFAULT now(),
    matched_at   timestamptz,
    CONSTRAINT webhooks_pkey PRIMARY KEY (provider, event_id),
    CONSTRAINT webhooks_status_known CHECK (status IN ('matched', 'unmatched')),
    CONSTRAINT webhooks_order_when_matched CHECK ((status = 'matched') = (order_number IS NOT NULL))
);
CREATE INDEX webhooks_unmatched ON webhooks (provider, subject, received_at) WHERE status = 'unmatched';
