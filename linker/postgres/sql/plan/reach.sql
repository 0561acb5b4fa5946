-- The connections in a scope, of the caller's organization.
-- $1 connections, $2 organizations, $3 the caller's organization, null for any
SELECT id::text
FROM platform.integration_connections AS c
WHERE ($1::text[] IS NULL OR id::text = ANY ($1))
    AND ($2::text[] IS NULL OR organization_id::text = ANY ($2))
    AND ($3::text IS NULL OR organization_id::text = $3)
