-- The current links of the recordings the file mentions, and how many of them
-- would be replaced, by the connection and type of the link that is current.
-- $1 the caller's organization, null for any
SELECT
    e.integration_connection_id::text,
    l.data_type::text,
    count(*) AS current,
    count(*) FILTER (WHERE l.replaced) AS replaced,
    count(*) FILTER (WHERE l.cleared) AS cleared
FROM (
    SELECT
        link_id,
        min(previous_entity_id::text)::{{type "crm_entities.id"}} AS entity_id,
        min(previous_data_type::text) AS data_type,
        bool_or(outcome = 'replaced' OR (outcome = 'reverted' AND entity_id IS NOT NULL)) AS replaced,
        bool_or(outcome = 'cleared' OR (outcome = 'reverted' AND entity_id IS NULL)) AS cleared
    FROM run.plan
    WHERE link_id IS NOT NULL
    GROUP BY link_id
) AS l
JOIN platform.crm_entities AS e ON e.id = l.entity_id
JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
WHERE $1::text IS NULL OR home.organization_id::text = $1
GROUP BY e.integration_connection_id, l.data_type
ORDER BY e.integration_connection_id::text COLLATE "C", l.data_type COLLATE "C"
