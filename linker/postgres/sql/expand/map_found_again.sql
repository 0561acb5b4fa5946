-- The CRM rows that were found under another form of their ids.
-- $1 the caller's organization, null for any
INSERT INTO run.map_found
SELECT DISTINCT ON (s.side_no)
    s.side_no, e.id, e.data_type, home.organization_id::text, e.external_id::text
FROM run.map_alternates AS a
JOIN (
{{template "map_sides"}}
) AS s ON s.side_no = a.row_no
JOIN platform.crm_entities AS e
    ON e.integration_connection_id = s.connection_id
    AND {{sameType "e" "s.data_type"}}
    AND e.external_id = a.external_id::{{idType "crm_entities.external_id"}}
JOIN platform.integration_connections AS home
    ON home.id = e.integration_connection_id
    AND ($1::text IS NULL OR home.organization_id::text = $1)
ORDER BY s.side_no, a.rank
