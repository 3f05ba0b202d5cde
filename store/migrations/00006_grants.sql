-- +goose Up
GRANT USAGE ON SCHEMA public TO amends_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO amends_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO amends_app;

GRANT INSERT ON customers, contacts, notes, customer_contacts TO amends_app;
GRANT INSERT, UPDATE ON orders, commands, slots, webhooks, outbox TO amends_app;
GRANT INSERT, UPDATE, DELETE ON parcels TO amends_app;
-- A flush may be replaced above what is confirmed: the one place where events go away.
GRANT INSERT, DELETE ON events TO amends_app;

GRANT INSERT, UPDATE ON stock, reservations, backorders, payments TO amends_app;
GRANT INSERT ON stock_movements, stock_requests, stock_ended TO amends_app;
GRANT INSERT ON effects, ledger_transactions, ledger_entries TO amends_app;
GRANT UPDATE (outcome, settled_at) ON effects TO amends_app;

-- Audit rows come from audit_append alone.
REVOKE ALL ON FUNCTION audit_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append TO amends_app;
