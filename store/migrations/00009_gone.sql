-- +goose Up
-- Since when an order that is not finished has had no running workflow. Recording clears it.
ALTER TABLE orders ADD COLUMN workflow_gone_at timestamptz;
CREATE INDEX orders_gone ON orders (number) WHERE workflow_gone_at IS NOT NULL;
