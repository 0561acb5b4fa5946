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
spelled AS (
    SELECT DISTINCT m.row_no, m.organization_id, s.form
{{template "spellings"}}    CROSS JOIN LATERAL (VALUES (f.form), (lower(f.form))) AS s (form)
    WHERE s.form <> m.given AND s.form <> ''
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
        format('"%s" exists, which differs in %s%s', r.id,
            CASE WHEN lower(r.id::text COLLATE "C") = lower(m.given COLLATE "C") THEN 'letter case' ELSE 'leading zeros' END,
            CASE WHEN r.deleted_at IS NOT NULL THEN ', but is deleted' END) AS said,
        r.deleted_at IS NOT NULL AS gone
    FROM missed AS m
    JOIN platform.recordings AS r
        ON {{nearKey "r.id"}} = m.key
        AND r.organization_id::text = m.organization_id
    UNION ALL
    SELECT s.row_no, r.id::text, 1,
        format('the recording "%s" exists: give that id%s', r.id, CASE WHEN r.deleted_at IS NOT NULL THEN '; it is deleted' END),
        r.deleted_at IS NOT NULL
    FROM spelled AS s
    JOIN platform.recordings AS r
        ON r.id::text = s.form
        AND r.organization_id::text = s.organization_id
    UNION ALL
    SELECT e.row_no, e.id::text, 2,
        format('this is the id of %s %s, not of a recording',
            CASE WHEN left(e.data_type::text, 1) IN ('A', 'E', 'O') THEN 'an' ELSE 'a' END, e.data_type),
        false
    FROM entity AS e
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = e.organization_id
)
-- the nearest, and when several are as near, three of them
SELECT row_no, string_agg(said, '; ' ORDER BY place) AS said
FROM (
    SELECT
        row_no, said, nearness,
        min(nearness) OVER (PARTITION BY row_no) AS nearest,
        row_number() OVER (PARTITION BY row_no ORDER BY nearness, gone, id COLLATE "C") AS place
    FROM near
) AS n
WHERE nearness = nearest AND (place = 1 OR nearness < 2 AND place <= 3)
GROUP BY row_no
