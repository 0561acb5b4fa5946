-- The current links to rows of the old connections that no row of the map names.
-- $1 the caller's organization, null for any, $2 the old connection of rows that
-- name none, null where all do
CREATE UNLOGGED TABLE run.unmapped WITH (autovacuum_enabled = off) AS
SELECT
    l.recording_id::text AS recording_id,
    l.data_type::text AS data_type,
    e.external_id::text AS external_id,
    e.integration_connection_id::text AS connection_id,
    l.trigger::text AS trigger
FROM platform.recording_links AS l
JOIN platform.crm_entities AS e ON e.id = l.entity_id
JOIN platform.integration_connections AS home
    ON home.id = e.integration_connection_id
    AND ($1::text IS NULL OR home.organization_id::text = $1)
WHERE {{current "l"}}
    AND home.id::text IN (SELECT connection_id::text FROM run.map WHERE connection_id IS NOT NULL UNION SELECT $2::text WHERE $2 IS NOT NULL)
    AND NOT EXISTS (SELECT FROM run.map_pairs AS p WHERE p.entity_id = l.entity_id)
    AND ($1 IS NULL OR EXISTS (SELECT FROM platform.recordings AS r WHERE r.id = l.recording_id AND r.organization_id::text = $1))
