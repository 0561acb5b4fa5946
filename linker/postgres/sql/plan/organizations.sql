-- $1 connections
SELECT id, organization_id
FROM integration_connections
WHERE id = ANY ($1::text[])
