-- Whether a link that a run cleared did not exist for the run's caller, because it
-- was to another organization's CRM row. That is decided once, as all that is marked.

-- +goose Up
ALTER TABLE relink.marks ADD COLUMN hidden boolean; -- null when it did exist
