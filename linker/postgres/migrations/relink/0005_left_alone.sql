-- How many of the extra links that a reconciliation found were left on purpose:
-- they do not count as drift.

-- +goose Up
ALTER TABLE relink.runs
    ADD COLUMN left_alone bigint NOT NULL DEFAULT 0;
