-- A domain counts as the type beneath it.
-- $1 tables
WITH RECURSIVE types AS (
    SELECT oid, oid AS base FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT d.oid, t.base FROM pg_type AS d JOIN types AS t ON t.oid = d.typbasetype WHERE d.typtype = 'd'
)
SELECT
    a.attrelid                                 AS relation,
    a.attname                                  AS name,
    quote_ident(a.attname)                     AS quoted,
    format_type(t.base, NULL)                  AS type,
    (
        SELECT CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE quote_ident(n.nspname) END
        FROM pg_type AS b
        JOIN pg_namespace AS n ON n.oid = b.typnamespace
        WHERE b.oid = t.base
    )                                          AS type_schema,
    coalesce((
        SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
        FROM pg_enum AS e
        WHERE e.enumtypid = t.base
    ), '{}')                                   AS labels,
    a.attnotnull                               AS not_null,
    a.atthasdef OR a.attidentity <> ''         AS fills_itself,
    coalesce((
        SELECT format('%I.%I', n.nspname, q.relname)
        FROM pg_depend AS d
        JOIN pg_class AS q ON q.oid = d.objid AND q.relkind = 'S'
        JOIN pg_namespace AS n ON n.oid = q.relnamespace
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'a'
        LIMIT 1
    ), '')                                     AS sequence,
    -- The words that a check constraint allows.
    coalesce((
        SELECT string_agg(pg_get_constraintdef(k.oid), ' ')
        FROM pg_constraint AS k
        WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
    ), '')                                     AS checks
FROM pg_attribute AS a
JOIN types AS t ON t.oid = a.atttypid
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
