-- Rows whose recording was not found. Only the caller's organization, or that
-- of the connection or the CRM row that the row names, is looked at: without
-- any of them, nothing is.
-- $1 the caller's organization, null for any
WITH missed AS MATERIALIZED (
    SELECT
        p.row_no, coalesce(p.recording_id::text, s.unfit_recording_id) AS given,
        {{nearKey "coalesce(p.recording_id::text, s.unfit_recording_id)"}} AS key,
        coalesce($1::text, named.organization_id::text, home.organization_id::text) AS organization_id
    FROM run.plan AS p
    JOIN run.staged AS s USING (row_no)
    LEFT JOIN platform.integration_connections AS named ON named.id = s.connection_id
    LEFT JOIN platform.crm_entities AS e ON e.id = s.entity_id
    LEFT JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
    WHERE p.code = 'recording_not_found'
),
-- two joins, since one with OR would be a loop within a loop
entity AS (
    SELECT m.row_no, m.organization_id, e.id, e.data_type, e.integration_connection_id
    FROM missed AS m
    JOIN platform.crm_entities AS e ON e.id::text = m.given
    UNION ALL
    SELECT m.row_no, m.organization_id, e.id, e.data_type, e.integration_connection_id
    FROM missed AS m
    JOIN platform.crm_entities AS e ON e.external_id::text = m.given
),
near AS (
    SELECT m.row_no, r.id::text AS id, 0 AS nearness,
        format('"%s" exists, which differs in %s', r.id,
            CASE WHEN lower(r.id::text COLLATE "C") = lower(m.given COLLATE "C") THEN 'letter case' ELSE 'leading zeros' END) AS said
    FROM missed AS m
    JOIN platform.recordings AS r
        ON {{nearKey "r.id"}} = m.key
        AND r.organization_id::text = m.organization_id
    UNION ALL
    SELECT e.row_no, e.id::text, 1,
        format('this is the id of %s %s, not of a recording',
            CASE WHEN left(e.data_type::text, 1) IN ('A', 'E', 'O') THEN 'an' ELSE 'a' END, e.data_type)
    FROM entity AS e
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = e.organization_id
)
SELECT DISTINCT ON (row_no) row_no, said
FROM near
ORDER BY row_no, nearness, id COLLATE "C"
