CREATE UNLOGGED TABLE run.alternate_ids (
    row_no      bigint NOT NULL,
    rank        integer NOT NULL, -- the first that is found counts
    external_id text NOT NULL
) WITH (autovacuum_enabled = off)
