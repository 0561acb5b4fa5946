-- Every link that a recording has had, oldest first, and which run made or
-- cleared it.
-- $1 the recording, $2 the caller's organization, null for any, $3 the platform's
-- schema: links of another platform in this database may have the same ids
WITH marks AS (
    SELECT m.*
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
    l.linked_at AS linked_at,
    {{clearedAt "l"}},
    coalesce(l.cleared_trigger::text, ''),
    coalesce(made.run, 0) AS made_by,
    coalesce(made.row_no, 0),
    coalesce(cleared.run, 0) AS cleared_by,
    coalesce(cleared.row_no, 0)
FROM platform.recording_links AS l
LEFT JOIN platform.recordings AS r ON r.id = l.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
LEFT JOIN marks AS made ON made.made = l.id::text
LEFT JOIN marks AS cleared ON cleared.cleared = l.id::text
WHERE l.recording_id = $1::text::{{idType "recordings.id"}}
    AND ($2::text IS NULL OR r.organization_id::text = $2 AND c.organization_id::text = $2)
{{- if deletes}}
UNION ALL
-- What runs have cleared is deleted here: their marks are what is left of it.
SELECT
    coalesce(m.cleared_data_type, ''),
    coalesce(m.cleared_entity_id, ''),
    coalesce(e.external_id::text, ''),
    coalesce(e.integration_connection_id::text, ''),
    coalesce(m.cleared_trigger, ''),
    m.cleared_linked_at,
    m.cleared_at,
    CASE WHEN m.row_no IS NULL THEN 'USER_UNLINK' ELSE '' END,
    coalesce(made.run, 0),
    coalesce(made.row_no, 0),
    m.run,
    coalesce(m.row_no, 0)
FROM marks AS m
LEFT JOIN platform.recordings AS r ON r.id = $1::text::{{idType "recordings.id"}}
LEFT JOIN platform.crm_entities AS e ON e.id = m.cleared_entity_id::{{type "crm_entities.id"}}
LEFT JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
LEFT JOIN marks AS made ON made.made = m.cleared
WHERE m.cleared IS NOT NULL
    AND ($2::text IS NULL OR r.organization_id::text = $2 AND c.organization_id::text = $2)
ORDER BY linked_at, made_by, cleared_by
{{- else}}
ORDER BY l.linked_at, l.id
{{- end}}
