-- One row that was not found, as miss, and the other forms of its id, as form, in
-- the shape of the working tables that the statements for near misses read.
-- $1 the caller's organization, $2 the code, $3 recording, $4 data type, $5 id,
-- $6 external id, $7 connection, $8 other forms of the id, $9–$12 those of the
-- ids that do not fit their type
WITH miss (row_no, code, caller, recording_id, data_type, entity_id, external_id, connection_id,
    unfit_recording_id, unfit_entity_id, unfit_external_id, unfit_connection_id) AS MATERIALIZED (
    SELECT
        1::bigint, $2::text, $1::text, $3::text::{{idType "recordings.id"}}, t.data_type, $5::text::{{idType "crm_entities.id"}},
        $6::text::{{idType "crm_entities.external_id"}}, $7::text::{{idType "integration_connections.id"}},
        $9::text, $10::text, $11::text, $12::text
    FROM (
        SELECT e.data_type FROM platform.crm_entities AS e WHERE false
        UNION ALL
        SELECT $4
    ) AS t
),
form (row_no, external_id) AS (
    SELECT 1::bigint, f.external_id FROM unnest($8::text[]) AS f (external_id)
)
