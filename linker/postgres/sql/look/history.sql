-- Every link that a recording has had, oldest first, and which run made or
-- cleared it.
-- $1 the recording, $2 the caller's organization, null for any, $3 the platform's
-- schema: links of another platform in this database may have the same ids
WITH marks AS (
    SELECT m.run, m.row_no, m.made, m.cleared
    FROM relink.marks AS m
    LEFT JOIN relink.runs AS r ON r.id = m.run
    WHERE m.recording_id = $1::text AND (r.platform_schema <> $3) IS NOT TRUE
)
SELECT
    coalesce(l.data_type::text, ''),
    l.entity_id::text,
    coalesce(e.external_id::text, ''),
    coalesce(e.integration_connection_id::text, ''),
    coalesce(l.trigger::text, ''),
    l.linked_at,
    {{clearedAt "l"}},
    coalesce(l.cleared_trigger::text, ''),
    coalesce(made.run, 0),
    coalesce(made.row_no, 0),
    coalesce(cleared.run, 0),
    coalesce(cleared.row_no, 0)
FROM platform.recording_links AS l
LEFT JOIN platform.recordings AS r ON r.id = l.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
LEFT JOIN marks AS made ON made.made = l.id::text
LEFT JOIN marks AS cleared ON cleared.cleared = l.id::text
WHERE l.recording_id = $1::text::{{idType "recordings.id"}}
    AND ($2::text IS NULL OR r.organization_id::text = $2 AND c.organization_id::text = $2)
ORDER BY l.linked_at, l.id
