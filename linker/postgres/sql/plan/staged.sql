-- The working table that COPY fills, a row a record. data_type takes the type
-- the platform gave its own column (an enum or text), so that the join on it
-- can use the platform's index; so do ids. Text that is no value of an id's type
-- stands in a column of its own.
CREATE UNLOGGED TABLE run.staged WITH (autovacuum_enabled = off) AS
SELECT
    NULL::bigint AS row_no,
    NULL::bigint AS line,
    NULL::text AS code,          -- the fault Check found, null for none
    NULL::{{idType "recordings.id"}} AS recording_id,
    e.data_type,
    NULL::{{idType "crm_entities.id"}} AS entity_id,     -- the target by id, else null
    NULL::{{idType "crm_entities.external_id"}} AS external_id,
    NULL::{{idType "integration_connections.id"}} AS connection_id,
    NULL::text AS trigger,
    NULL::text AS expected,      -- what the recording must be linked to, as given; '-' for nothing; null for anything
    NULL::{{idType "crm_entities.id"}} AS expected_entity_id,
    NULL::text[] AS expected_external_ids, -- the forms of the id that is given
    NULL::boolean AS doubtful,   -- the recording id can hardly be one
    NULL::boolean AS seen,       -- an earlier row may be for the same recording
    NULL::text AS stray,         -- the text of a line that is probably no row
    NULL::text AS detail,        -- how a second look found the target, or what does not fit
    NULL::text AS unfit_recording_id,
    NULL::text AS unfit_entity_id,
    NULL::text AS unfit_external_id,
    NULL::text AS unfit_connection_id
FROM platform.crm_entities AS e
WITH NO DATA
