-- The current links to the old rows of a map, each with the map's row that moves it.
-- Links that only refused rows name stand with the first of those and have no
-- new row: they stay.
-- $1 the caller's organization, null for any, $2 the triggers that a row may have
CREATE UNLOGGED TABLE run.links WITH (autovacuum_enabled = off) AS
SELECT
    p.row_no,
    l.recording_id::text AS recording_id,
    p.new_data_type::text AS data_type,
    p.new_entity_id::text AS entity_id,
    CASE WHEN l.trigger::text = ANY ($2::text[]) THEN l.trigger::text END AS trigger,
    l.entity_id::text AS expected
FROM (
    SELECT DISTINCT ON (entity_id)
        row_no,
        entity_id,
        CASE WHEN code IS NULL THEN new_entity_id END AS new_entity_id,
        CASE WHEN code IS NULL THEN new_data_type END AS new_data_type
    FROM run.map_pairs
    WHERE entity_id IS NOT NULL AND is_first
    ORDER BY entity_id, code IS NOT NULL, row_no
) AS p
JOIN platform.recording_links AS l ON l.entity_id = p.entity_id AND {{current "l"}}
WHERE $1::text IS NULL
    OR EXISTS (SELECT FROM platform.recordings AS r WHERE r.id = l.recording_id AND r.organization_id::text = $1)
