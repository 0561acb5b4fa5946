-- Those of the given organizations that have neither connections nor recordings.
-- $1 ids
SELECT asked.id
FROM unnest($1::text[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM platform.integration_connections AS c WHERE c.organization_id::text = asked.id)
    AND NOT EXISTS (SELECT FROM platform.recordings AS r WHERE r.organization_id::text = asked.id)
ORDER BY asked.id COLLATE "C"
