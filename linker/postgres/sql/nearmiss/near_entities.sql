-- What the ids that were not found nearly are: one line a row, with the nearest.
-- Live rows come first, then those of the type that was asked for.
WITH candidate (row_no, id, nearness, other_form, other_type, named, data_type, connection_id, gone) AS (
    -- external ids
    SELECT
        a.row_no, e.id,
        CASE
            WHEN a.spelled
                THEN CASE
                    WHEN NOT a.by_id AND e.external_id::text = a.form AND e.integration_connection_id = a.connection_id
                        AND e.data_type = a.data_type THEN 7
                END
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
        a.form <> a.given, e.data_type <> a.data_type, e.external_id::text, e.data_type, e.integration_connection_id,
        CASE WHEN e.deleted_at IS NOT NULL THEN 'deleted' WHEN e.merged_into_id IS NOT NULL THEN 'merged into another' END
    FROM run.asked AS a
    JOIN platform.crm_entities AS e ON {{nearKey "e.external_id"}} = a.key
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = a.organization_id
    UNION ALL
    -- 15 characters whose letter case is lost, of an id that has 18
    SELECT
        a.row_no, e.id, 5, false, false, e.external_id::text, e.data_type, e.integration_connection_id,
        CASE WHEN e.deleted_at IS NOT NULL THEN 'deleted' WHEN e.merged_into_id IS NOT NULL THEN 'merged into another' END
    FROM run.asked AS a
    JOIN platform.crm_entities AS e
        ON e.integration_connection_id = a.connection_id
        AND {{sameType "e" "a.data_type"}}
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
            WHEN a.spelled THEN CASE WHEN a.by_id AND e.id::text = a.form THEN 7 END
            WHEN NOT a.by_id THEN CASE WHEN e.id::text = a.given THEN 0 END
            WHEN lower(e.id::text COLLATE "C") = lower(a.given COLLATE "C") THEN 5
            ELSE 6
        END,
        false, e.data_type <> a.data_type, e.id::text, e.data_type, e.integration_connection_id,
        CASE WHEN e.deleted_at IS NOT NULL THEN 'deleted' WHEN e.merged_into_id IS NOT NULL THEN 'merged into another' END
    FROM run.asked AS a
    JOIN platform.crm_entities AS e ON {{nearKey "e.id"}} = a.key
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = a.organization_id
    WHERE a.form = a.given OR a.spelled
),
told AS (
    SELECT
        c.*,
        concat_ws(', but is ', CASE c.nearness
            WHEN 0 THEN 'this is the platform''s own id: give it as id'
            WHEN 1 THEN format('this is the external id of %s %s in connection "%s": give it as externalId', t.article, c.data_type, c.connection_id)
            WHEN 2 THEN format('this id is %s %s in the connection', t.article, c.data_type)
            WHEN 3 THEN format('exists in connection "%s"', c.connection_id)
            WHEN 4 THEN format('exists as %s in connection "%s"', c.data_type, c.connection_id)
            WHEN 5 THEN format('"%s" exists, which differs in letter case', c.named)
            WHEN 6 THEN format('"%s" exists, which differs in leading zeros', c.named)
            ELSE format('"%s" exists: give that id', c.named)
        END, c.gone) AS said
    FROM candidate AS c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN left(c.data_type::text, 1) IN ('A', 'E', 'O') THEN 'an' ELSE 'a' END AS article
    ) AS t
    WHERE c.nearness IS NOT NULL
),
-- A row that is there under the very id is nearer than one with a similar id: of
-- the nearest kind, three.
nearest AS (
    SELECT
        d.*,
        row_number() OVER (
            PARTITION BY row_no ORDER BY nearness > 4, gone IS NOT NULL, other_type, nearness, other_form, id::text COLLATE "C"
        ) AS place,
        bool_or(nearness <= 4) OVER (PARTITION BY row_no) AS exact
    FROM (
        SELECT DISTINCT ON (row_no, said) *
        FROM told
        ORDER BY row_no, said, other_form, id::text COLLATE "C"
    ) AS d
)
SELECT row_no, string_agg(said, '; ' ORDER BY place) AS said
FROM nearest
WHERE place <= 3 AND (nearness <= 4) = exact
GROUP BY row_no
