-- Rows whose recording was not found. Only the caller's organization, or that
-- of the connection the row names, is looked at: without either, nothing is.
-- $1 the caller's organization, null for any
WITH missed AS MATERIALIZED (
    SELECT p.row_no, p.recording_id AS given, coalesce($1::text, named.organization_id) AS organization_id
    FROM relink.run_0_plan AS p
    JOIN relink.run_0_staged AS s USING (row_no)
    LEFT JOIN integration_connections AS named ON named.id = s.connection_id
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
            CASE WHEN lower(r.id) = lower(m.given) THEN 'letter case' ELSE 'leading zeros' END) AS said
    FROM missed AS m
    JOIN recordings AS r
        ON ltrim(lower(r.id), '0') = ltrim(lower(m.given), '0')
        AND r.organization_id = m.organization_id
    UNION ALL
    SELECT e.row_no, e.id, 1,
        format('this is the id of %s %s, not of a recording',
            CASE WHEN e.data_type::text ~ '^[AEIOU]' THEN 'an' ELSE 'a' END, e.data_type)
    FROM entity AS e
    JOIN integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id = e.organization_id
)
SELECT DISTINCT ON (row_no) row_no, said
FROM near
ORDER BY row_no, rank, id COLLATE "C"
