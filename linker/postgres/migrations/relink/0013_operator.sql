-- Who began a run, and why.

-- +goose Up
ALTER TABLE relink.runs
    ADD COLUMN reason text,
    ADD COLUMN operator_role text, -- who logged in: session_user
    ADD COLUMN operator_user text, -- of the operating system
    ADD COLUMN operator_host text;
