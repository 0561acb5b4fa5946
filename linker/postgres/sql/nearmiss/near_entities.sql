-- What the ids that were not found nearly are: one line a row, the nearest.
WITH candidate (row_no, id, nearness, other_form, named, data_type, connection_id) AS (
    -- external ids
    SELECT
        a.row_no, e.id,
        CASE
            WHEN e.external_id::text <> a.form
                THEN CASE
                    WHEN a.by_id OR e.integration_connection_id <> a.connection_id OR e.data_type <> a.data_type THEN NULL
                    WHEN lower(e.external_id::text COLLATE "C") = lower(a.form COLLATE "C") THEN 5
                    ELSE 6
                END
            WHEN a.by_id THEN 1
            WHEN e.integration_connection_id = a.connection_id THEN 2
            WHEN e.data_type = a.data_type THEN 3
            ELSE 4
        END,
        a.form <> a.given, e.external_id::text, e.data_type, e.integration_connection_id
    FROM run.asked AS a
    JOIN platform.crm_entities AS e ON {{nearKey "e.external_id"}} = a.key
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = a.organization_id
    UNION ALL
    -- 15 characters whose letter case is lost, of an id that has 18
    SELECT a.row_no, e.id, 5, false, e.external_id::text, e.data_type, e.integration_connection_id
    FROM run.asked AS a
    JOIN platform.crm_entities AS e
        ON e.integration_connection_id = a.connection_id
        AND e.data_type = a.data_type
        AND lower(left(e.external_id::text, 15) COLLATE "C") = a.short
        AND length(e.external_id::text) = 18
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = a.organization_id
    WHERE a.short IS NOT NULL
    UNION ALL
    -- the platform's own ids
    SELECT
        a.row_no, e.id,
        CASE
            WHEN NOT a.by_id THEN CASE WHEN e.id::text = a.given THEN 0 END
            WHEN lower(e.id::text COLLATE "C") = lower(a.given COLLATE "C") THEN 5
            ELSE 6
        END,
        false, e.id::text, e.data_type, e.integration_connection_id
    FROM run.asked AS a
    JOIN platform.crm_entities AS e ON {{nearKey "e.id"}} = a.key
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = a.organization_id
    WHERE a.form = a.given
),
nearest AS (
    SELECT DISTINCT ON (row_no) *
    FROM candidate
    WHERE nearness IS NOT NULL
    ORDER BY row_no, nearness, other_form, id::text COLLATE "C"
)
SELECT
    n.row_no,
    CASE n.nearness
        WHEN 0 THEN 'this is the platform''s own id: give it as id'
        WHEN 1 THEN format('this is the external id of %s %s in connection "%s": give it as externalId', t.article, n.data_type, n.connection_id)
        WHEN 2 THEN format('this id is %s %s in the connection', t.article, n.data_type)
        WHEN 3 THEN format('exists in connection "%s"', n.connection_id)
        WHEN 4 THEN format('exists as %s in connection "%s"', n.data_type, n.connection_id)
        WHEN 5 THEN format('"%s" exists, which differs in letter case', n.named)
        ELSE format('"%s" exists, which differs in leading zeros', n.named)
    END AS said
FROM nearest AS n
CROSS JOIN LATERAL (
    SELECT CASE WHEN left(n.data_type::text, 1) IN ('A', 'E', 'O') THEN 'an' ELSE 'a' END AS article
) AS t
