-- The working table that COPY fills, a row a record. data_type takes the type
-- the platform gave its own column (an enum or text), so that the join on it
-- can use the platform's index.
CREATE UNLOGGED TABLE relink.run_0_staged WITH (autovacuum_enabled = off) AS
SELECT
    NULL::bigint AS row_no,
    NULL::bigint AS line,
    NULL::text AS code,          -- the fault Check found, null for none
    NULL::text AS recording_id,
    e.data_type,
    NULL::text AS entity_id,     -- the target by id, else null
    NULL::text AS external_id,
    NULL::text AS connection_id,
    NULL::text AS trigger,
    NULL::boolean AS doubtful,   -- the recording id can hardly be one
    NULL::boolean AS seen,       -- an earlier row may be for the same recording
    NULL::text AS stray,         -- the text of a line that is probably no row
    NULL::text AS detail         -- how a second look found the target
FROM crm_entities AS e
WITH NO DATA
