-- +goose Up
-- People search for a part of a number: what is left of a label, or what a customer reads out.
CREATE INDEX orders_number_trgm ON orders USING gin (number gin_trgm_ops);

-- Events that belong to no order yet, the newest first.
CREATE INDEX webhooks_waiting ON webhooks (received_at, provider, event_id) WHERE status = 'unmatched';
