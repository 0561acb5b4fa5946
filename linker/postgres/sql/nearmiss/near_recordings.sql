-- Rows whose recording was not found. Only the caller's organization, or that
-- of the connection or the CRM row that the row names, is looked at: without
-- any of them, nothing is.
-- $1 the caller's organization, null for any
WITH missed AS MATERIALIZED (
    SELECT
        p.row_no, p.recording_id AS given,
        ltrim(lower(p.recording_id COLLATE "C"), '0') AS key,
        coalesce($1::text, named.organization_id, home.organization_id) AS organization_id
    FROM relink.run_0_plan AS p
    JOIN relink.run_0_staged AS s USING (row_no)
    LEFT JOIN integration_connections AS named ON named.id = s.connection_id
    LEFT JOIN crm_entities AS e ON e.id = s.entity_id
    LEFT JOIN integration_connections AS home ON home.id = e.integration_connection_id
    WHERE p.code = 'recording_not_found'
),
-- two joins, since one with OR would be a loop within a loop
entity AS (
    SELECT m.row_no, m.organization_id, e.id, e.data_type, e.integration_connection_id
    FROM missed AS m
    JOIN crm_entities AS e ON e.id = m.given
    UNION ALL
    SELECT m.row_no, m.organization_id, e.id, e.data_type, e.integration_connection_id
    FROM missed AS m
    JOIN crm_entities AS e ON e.external_id = m.given
),
near AS (
    SELECT m.row_no, r.id, 0 AS rank,
        format('"%s" exists, which differs in %s', r.id,
            CASE WHEN lower(r.id COLLATE "C") = lower(m.given COLLATE "C") THEN 'letter case' ELSE 'leading zeros' END) AS said
    FROM missed AS m
    JOIN recordings AS r
        ON ltrim(lower(r.id COLLATE "C"), '0') = m.key
        AND r.organization_id = m.organization_id
    UNION ALL
    SELECT e.row_no, e.id, 1,
        format('this is the id of %s %s, not of a recording',
            CASE WHEN left(e.data_type::text, 1) IN ('A', 'E', 'O') THEN 'an' ELSE 'a' END, e.data_type)
    FROM entity AS e
    JOIN integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id = e.organization_id
)
SELECT DISTINCT ON (row_no) row_no, said
FROM near
ORDER BY row_no, rank, id COLLATE "C"
