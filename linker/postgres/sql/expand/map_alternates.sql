CREATE UNLOGGED TABLE run.map_alternates (
    row_no      bigint NOT NULL, -- of a side
    rank        integer NOT NULL, -- the first that is found counts
    external_id text NOT NULL
) WITH (autovacuum_enabled = off)
