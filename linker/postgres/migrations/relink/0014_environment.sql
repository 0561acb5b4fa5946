-- What this database is called, and what a run must be given or have before it
-- writes here.

-- +goose Up
CREATE TABLE relink.environment (
    only_row         boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    label            text,
    protected        boolean NOT NULL DEFAULT false, -- a run that writes must name the label
    require_approval boolean NOT NULL DEFAULT false, -- it writes only what another role has approved
    changed_by       text NOT NULL DEFAULT session_user,
    changed_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The plans that may be carried out: those of dry runs.
CREATE TABLE relink.approvals (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run             bigint NOT NULL, -- the dry run
    kind            text NOT NULL,
    platform_schema text NOT NULL,
    of_run          bigint, -- the run that a revert takes back
    source_sha256   text,   -- null for a revert
    options         jsonb NOT NULL,
    plan_sha256     text NOT NULL, -- of the bytes of its report, not compressed
    reason          text NOT NULL,
    operator_user   text,
    operator_host   text,
    -- The server says who and when: a role that may insert into the columns above
    -- only cannot approve in the name of another.
    approved_by     text NOT NULL DEFAULT session_user,
    approved_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX approvals_source_idx ON relink.approvals (source_sha256);

ALTER TABLE relink.runs
    ADD COLUMN environment text,     -- the label when the run was begun
    ADD COLUMN plan_sha256 text,     -- of a dry run: as in relink.approvals
    ADD COLUMN approved_run bigint;  -- the dry run whose approved plan it carries out
