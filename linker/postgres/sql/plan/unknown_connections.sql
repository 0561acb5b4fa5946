-- Those of the given connections that are not there for the caller.
-- $1 ids, $2 the caller's organization, null for all
SELECT asked.id
FROM unnest($1::text[]) AS asked (id)
WHERE NOT EXISTS (
    SELECT FROM platform.integration_connections AS c
    WHERE c.id::text = asked.id AND ($2::text IS NULL OR c.organization_id::text = $2)
)
ORDER BY asked.id COLLATE "C"
