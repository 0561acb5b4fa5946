-- The links of a scope as they were before the run, with what it replaces and
-- clears, by the connection and type of the link that was current. Links that
-- are taken over from outside the scope count with their own connection.
-- $1 $2 $3 the scope, $4 the run, $5 extras are cleared, $6 the caller's
-- organization, null for any
WITH replaced AS MATERIALIZED (
    SELECT e.integration_connection_id AS connection_id, p.previous_data_type::text AS data_type, count(*) AS links
    FROM relink.run_0_plan AS p
    JOIN crm_entities AS e ON e.id = p.previous_entity_id
    WHERE p.outcome = 'replaced'
    GROUP BY 1, 2
),
cleared AS MATERIALIZED (
    SELECT connection_id, data_type::text AS data_type, count(*) AS links
    FROM relink.run_0_extras
    WHERE done OR ($5::boolean AND protected IS NULL)
    GROUP BY 1, 2
),
before AS (
    SELECT e.integration_connection_id AS connection_id, l.data_type::text AS data_type, count(*) AS links
    FROM recording_links AS l
    JOIN crm_entities AS e ON e.id = l.entity_id
    JOIN integration_connections AS home ON home.id = e.integration_connection_id
    WHERE ($6::text IS NULL OR home.organization_id = $6)
        AND ((l.cleared_at IS NULL AND l.linked_by_run IS DISTINCT FROM $4) OR l.cleared_by_run = $4)
        AND (
            ((home.id <> ALL ($1::text[])) IS NOT TRUE
                AND (l.data_type::text <> ALL ($2::text[])) IS NOT TRUE
                AND (home.organization_id <> ALL ($3::text[])) IS NOT TRUE)
            OR (e.integration_connection_id, l.data_type::text) IN (SELECT connection_id, data_type FROM replaced)
        )
    GROUP BY 1, 2
)
SELECT
    connection_id,
    data_type,
    coalesce(before.links, 0),
    coalesce(replaced.links, 0),
    coalesce(cleared.links, 0)
FROM before
FULL JOIN replaced USING (connection_id, data_type)
FULL JOIN cleared USING (connection_id, data_type)
ORDER BY connection_id, data_type
