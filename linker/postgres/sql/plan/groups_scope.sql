-- The links of a scope as they were before the run, with what it replaces and
-- clears, by the connection and type of the link that was current. Links that
-- are taken over from outside the scope count with their own connection.
-- $1 $2 $3 the scope, $4 extras are cleared, $5 the caller's
-- organization, null for any, $6 the connections that can matter, null for all
WITH replaced AS MATERIALIZED (
    SELECT e.integration_connection_id AS connection_id, p.previous_data_type::text AS data_type, count(*) AS links
    FROM run.plan AS p
    JOIN platform.crm_entities AS e ON e.id = p.previous_entity_id
    WHERE p.outcome = 'replaced'
    GROUP BY 1, 2
),
cleared AS MATERIALIZED (
    SELECT connection_id, data_type::text AS data_type, count(*) AS links
    FROM run.extras
    WHERE done OR ($4::boolean AND protected IS NULL)
    GROUP BY 1, 2
),
before AS (
    SELECT g.connection_id, g.data_type, sum(g.links) AS links
    FROM (
        SELECT e.integration_connection_id AS connection_id, l.data_type::text AS data_type, count(*) AS links
        FROM platform.recording_links AS l
        JOIN platform.crm_entities AS e ON e.id = l.entity_id
        WHERE {{current "l"}}
            AND {{within "e.integration_connection_id" 6}}
            AND NOT EXISTS (SELECT FROM run.marked AS m WHERE m.made = l.id AND m.recording_id = l.recording_id)
            -- nor does the recording of another organization exist, should it be linked
            AND NOT EXISTS (
                SELECT FROM platform.recordings AS r
                WHERE r.id = l.recording_id AND r.organization_id::text <> $5
            )
        GROUP BY 1, 2
        UNION ALL
{{- if deletes}}
        SELECT e.integration_connection_id, m.cleared_data_type::text, count(*)
        FROM run.marked AS m
        JOIN platform.crm_entities AS e ON e.id = m.cleared_entity_id
{{- else}}
        SELECT e.integration_connection_id, l.data_type::text, count(*)
        FROM run.marked AS m
        JOIN platform.recording_links AS l ON l.id = m.cleared AND l.recording_id = m.recording_id
        JOIN platform.crm_entities AS e ON e.id = l.entity_id
{{- end}}
        GROUP BY 1, 2
    ) AS g
    JOIN platform.integration_connections AS home ON home.id = g.connection_id
    WHERE ($5::text IS NULL OR home.organization_id::text = $5)
        AND (
            {{outside "home.id" "g.data_type" "home.organization_id" 1}} IS NOT TRUE
            OR (g.connection_id, g.data_type) IN (SELECT connection_id, data_type FROM replaced)
        )
    GROUP BY 1, 2
)
SELECT
    connection_id::text,
    data_type,
    coalesce(before.links, 0),
    coalesce(replaced.links, 0),
    coalesce(cleared.links, 0)
FROM before
FULL JOIN replaced USING (connection_id, data_type)
FULL JOIN cleared USING (connection_id, data_type)
ORDER BY connection_id::text COLLATE "C", data_type COLLATE "C"
