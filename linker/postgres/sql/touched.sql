SELECT home.organization_id, sum(p.recordings)::bigint AS recordings
FROM (
    SELECT connection_id, count(*) AS recordings
    FROM relink.run_0_plan
    WHERE outcome IN ('created', 'replaced', 'reverted')
    GROUP BY connection_id
) AS p
JOIN integration_connections AS home ON home.id = p.connection_id
GROUP BY home.organization_id
ORDER BY home.organization_id
