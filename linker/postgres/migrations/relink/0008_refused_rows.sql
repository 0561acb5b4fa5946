-- The refused rows of a run, so that the next run of its scope can tell them from
-- new ones (--max-new-rejects).

-- +goose Up
ALTER TABLE relink.runs
    ADD COLUMN refused_rows bytea, -- 8 bytes a row; null when no run compares with them
    ADD COLUMN known_refused bigint; -- how many the run before had refused too; null when not compared
