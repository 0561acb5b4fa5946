-- The decision of resolve.sql about one row, which takes the place of a run's
-- staged rows. The union gives the data type the platform's own type.
-- $1–$7 as in resolve.sql, $8 recording, $9 data type, $10 id, $11 external id,
-- $12 connection, $13–$16 those of the ids that do not fit their type
WITH one (row_no, line, code, recording_id, data_type, entity_id, external_id, connection_id, trigger, expected, expected_entity_id, expected_external_ids, doubtful, detail,
    unfit_recording_id, unfit_entity_id, unfit_external_id, unfit_connection_id) AS MATERIALIZED (
    SELECT
        1::bigint, 0::bigint, NULL::text,
        $8::text::{{idType "recordings.id"}}, t.data_type, $10::text::{{idType "crm_entities.id"}},
        $11::text::{{idType "crm_entities.external_id"}}, $12::text::{{idType "integration_connections.id"}},
        NULL::text, NULL::text, NULL::{{idType "crm_entities.id"}}, NULL::text[], NULL::boolean, NULL::text, $13::text, $14::text, $15::text, $16::text
    FROM (
        SELECT e.data_type FROM platform.crm_entities AS e WHERE false
        UNION ALL
        SELECT $9
    ) AS t
)
SELECT
    coalesce(r.recording_id::text, ''), r.outcome, coalesce(r.code, ''),
    coalesce(r.entity_id::text, ''), coalesce(r.link_id::text, ''),
    coalesce(r.previous_entity_id::text, ''), coalesce(r.previous_data_type::text, ''),
    -- whether the CRM row found is of another type or connection, whatever else is wrong with it
    coalesce(r.data_type <> one.data_type, false), coalesce(r.connection_id <> one.connection_id, false)
FROM (
{{template "resolve"}}
) AS r
CROSS JOIN one
