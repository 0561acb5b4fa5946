-- Current links by connection, data type and trigger.
-- $1 the caller's organization, null for any
SELECT
    coalesce(e.integration_connection_id::text, '') AS connection,
    coalesce(max(c.name::text), '') AS name,
    coalesce(l.data_type::text, '') AS data_type,
    coalesce(l.trigger::text, '') AS trigger,
    count(*) AS links,
    count(*) FILTER (WHERE e.merged_into_id IS NOT NULL) AS merged,
    count(*) FILTER (WHERE e.merged_into_id IS NULL AND e.deleted_at IS NOT NULL) AS deleted,
    count(*) FILTER (WHERE e.id IS NULL) AS gone,
    max(l.linked_at) AS last_linked_at
FROM platform.recording_links AS l
LEFT JOIN platform.recordings AS r ON r.id = l.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
WHERE {{current "l"}}
    AND ($1::text IS NULL OR r.organization_id::text = $1 AND c.organization_id::text = $1)
GROUP BY e.integration_connection_id, l.data_type, l.trigger
ORDER BY e.integration_connection_id::text COLLATE "C", l.data_type::text, l.trigger::text COLLATE "C"
