-- +goose Up
CREATE TABLE warehouses (
    id       text PRIMARY KEY,
    name     text NOT NULL,
    position bigint NOT NULL
);

CREATE TABLE stock (
    sku       text NOT NULL CONSTRAINT stock_sku_fkey REFERENCES products (sku),
    warehouse text NOT NULL CONSTRAINT stock_warehouse_fkey REFERENCES warehouses (id),
    on_hand   bigint NOT NULL DEFAULT 0,
    reserved  bigint NOT NULL DEFAULT 0,
    CONSTRAINT stock_pkey PRIMARY KEY (sku, warehouse),
    CONSTRAINT stock_on_hand_positive CHECK (on_hand >= 0),
    CONSTRAINT stock_reserved_within_hand CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 50);

-- What happened to stock, one row per cause, line and warehouse; stock holds the sums.
CREATE TABLE stock_movements (
    id             bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    key            text NOT NULL,
    kind           text NOT NULL,
    order_number   text NOT NULL DEFAULT '',
    line_id        text NOT NULL DEFAULT '',
    sku            text NOT NULL,
    warehouse      text NOT NULL,
    on_hand_delta  bigint NOT NULL,
    reserved_delta bigint NOT NULL,
    reference      text NOT NULL DEFAULT '',
    actor_id       text NOT NULL,
    at             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_movements_once UNIQUE (key, kind, order_number, line_id, warehouse),
    CONSTRAINT stock_movements_kind_known CHECK (kind IN ('receive', 'reserve', 'release', 'ship')),
    CONSTRAINT stock_movements_stock_fkey FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);
CREATE INDEX stock_movements_by_order ON stock_movements (order_number) WHERE order_number <> '';
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Units held for a line in a warehouse. A unit that was held ends once: released or consumed.
CREATE TABLE reservations (
    order_number text NOT NULL,
    line_id      text NOT NULL,
    warehouse    text NOT NULL,
    sku          text NOT NULL,
    held         bigint NOT NULL,
    released     bigint NOT NULL DEFAULT 0,
    consumed     bigint NOT NULL DEFAULT 0,
    CONSTRAINT reservations_pkey PRIMARY KEY (order_number, line_id, warehouse),
    CONSTRAINT reservations_held_positive CHECK (held > 0),
    CONSTRAINT reservations_end_once CHECK (released >= 0 AND consumed >= 0 AND released + consumed <= held),
    CONSTRAINT reservations_stock_fkey FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);
CREATE INDEX reservations_open ON reservations (sku, warehouse) WHERE released + consumed < held;

CREATE TABLE backorders (
    order_number text NOT NULL,
    line_id      text NOT NULL,
    sku          text NOT NULL,
    waiting      bigint NOT NULL,
    approved_at  timestamptz NOT NULL,
    CONSTRAINT backorders_pkey PRIMARY KEY (order_number, line_id),
    CONSTRAINT backorders_waiting_positive CHECK (waiting >= 0)
);
CREATE INDEX backorders_queue ON backorders (sku, approved_at, order_number, line_id) WHERE waiting > 0;

-- Answers to requests by their key, so that repeating one changes nothing.
CREATE TABLE stock_requests (
    key          text PRIMARY KEY,
    order_number text NOT NULL,
    answer       json NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);

-- Orders that gave up everything they held or waited for: nothing is held for them any more.
CREATE TABLE stock_ended (
    order_number text PRIMARY KEY,
    key          text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
