-- $1 connections
SELECT id::text, organization_id::text
FROM platform.integration_connections AS c
WHERE id::text = ANY ($1::text[])
