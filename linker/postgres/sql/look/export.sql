-- Links as rows of an import, in the order of recordings.
-- $1 the caller's organization, null for any; rows of others do not exist
-- $2 $3 $4 connections, data types, organizations; null does not limit
-- $5 the moment at which they stood, null for now
-- $6 only links to CRM rows that are merged, deleted or gone
SELECT
    l.recording_id::text,
    l.data_type::text,
    l.entity_id::text,
    e.external_id::text,
    e.integration_connection_id::text,
    l.trigger::text
FROM platform.recording_links AS l
LEFT JOIN platform.recordings AS r ON r.id = l.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
WHERE CASE
        WHEN $5::timestamptz IS NULL THEN {{current "l"}}
        ELSE l.linked_at < $5 AND (l.cleared_at IS NULL OR l.cleared_at >= $5)
    END
    AND ($1::text IS NULL OR r.organization_id::text = $1 AND c.organization_id::text = $1)
    AND ($2::text[] IS NULL OR e.integration_connection_id::text = ANY ($2))
    AND ($3::text[] IS NULL OR l.data_type::text = ANY ($3))
    AND ($4::text[] IS NULL OR c.organization_id::text = ANY ($4))
    AND (NOT $6::boolean OR e.id IS NULL OR e.merged_into_id IS NOT NULL OR e.deleted_at IS NOT NULL)
ORDER BY l.recording_id::text COLLATE "C"
