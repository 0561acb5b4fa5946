-- The recordings with a current link that exists for the caller: not one to another
-- organization's CRM row.
-- $1 the caller's organization, null for any
SELECT l.recording_id
FROM platform.recording_links AS l
WHERE {{current "l"}}
    AND NOT EXISTS (
        SELECT FROM platform.crm_entities AS e
        JOIN platform.integration_connections AS c ON c.id = e.integration_connection_id
        WHERE e.id = l.entity_id AND c.organization_id::text <> $1
    )
