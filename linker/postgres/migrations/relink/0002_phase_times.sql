-- How long each phase of a run took, so that its report can be written again.

-- +goose Up
ALTER TABLE relink.runs ADD COLUMN took jsonb; -- milliseconds by phase
