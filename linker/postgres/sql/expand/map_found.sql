-- The CRM rows of a map's rows, by their ids as given.
-- $1 the caller's organization, null for any; rows of others do not exist
CREATE UNLOGGED TABLE run.map_found WITH (autovacuum_enabled = off) AS
SELECT s.side_no, e.id AS entity_id, e.data_type, home.organization_id::text AS organization_id, NULL::text AS found_as
FROM (
{{template "map_sides"}}
) AS s
JOIN platform.crm_entities AS e
    ON e.integration_connection_id = s.connection_id
    AND {{sameType "e" "s.data_type"}}
    AND e.external_id = s.external_id
JOIN platform.integration_connections AS home
    ON home.id = e.integration_connection_id
    AND ($1::text IS NULL OR home.organization_id::text = $1)
