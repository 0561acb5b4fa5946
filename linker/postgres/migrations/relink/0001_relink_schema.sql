-- What relink keeps about its own runs. The schema itself exists by now: the
-- table of migrations stands in it too.

-- +goose Up
CREATE TABLE relink.runs (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL,
    state         text NOT NULL,
    dry_run       boolean NOT NULL DEFAULT false,
    source_name   text,
    source_bytes  bigint,
    source_sha256 text,
    options       jsonb,
    plan          jsonb,
    counts        jsonb,
    lanes         integer,
    staged_rows   bigint,
    of_run        bigint REFERENCES relink.runs (id), -- the run that a revert takes back
    out_dir       text,
    host          text,
    pid           integer,
    backend_pid   integer,
    version       text,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    applying_at   timestamptz, -- the first write; null when nothing was written
    finished_at   timestamptz,
    exit_status   integer,
    message       text
);
