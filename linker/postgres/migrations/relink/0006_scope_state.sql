-- What a reconciliation left behind, so that the next one can tell whether
-- anything has changed.

-- +goose Up
ALTER TABLE relink.runs ADD COLUMN scope_state text; -- null when others wrote meanwhile
