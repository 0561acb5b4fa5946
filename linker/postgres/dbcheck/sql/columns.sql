-- A domain counts as the type beneath it.
WITH RECURSIVE types AS (
    SELECT oid, oid AS base FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT d.oid, t.base
    FROM pg_type AS d
    JOIN types AS t ON t.oid = d.typbasetype
    WHERE d.typtype = 'd'
)
SELECT
    a.attrelid                                 AS relation,
    a.attname                                  AS name,
    format_type(t.base, NULL)                  AS type,
    (
        SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
        FROM pg_enum AS e
        WHERE e.enumtypid = t.base
    )                                          AS words,
    a.attnotnull                               AS not_null,
    a.atthasdef OR a.attidentity <> ''         AS fills_itself,
    -- An identity column needs no right to its sequence, a serial one does.
    (
        SELECT format('%I.%I', n.nspname, q.relname)
        FROM pg_depend AS d
        JOIN pg_class AS q ON q.oid = d.objid
        JOIN pg_namespace AS n ON n.oid = q.relnamespace
        WHERE d.classid = 'pg_class'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = a.attrelid
        AND d.refobjsubid = a.attnum
        AND d.deptype = 'a'
        -- Indexes depend on columns too, and asking about one is an error.
        AND CASE WHEN q.relkind = 'S' THEN NOT has_sequence_privilege(q.oid, 'USAGE') END
        ORDER BY q.oid
        LIMIT 1
    )                                          AS closed_sequence,
    -- The schema of the type, when this role may not look into it.
    (
        SELECT quote_ident(n.nspname)
        FROM pg_type AS b
        JOIN pg_namespace AS n ON n.oid = b.typnamespace
        WHERE b.oid = t.base AND NOT has_schema_privilege(n.oid, 'USAGE')
    )                                          AS closed_schema,
    -- Nothing can be written to what a view shows as an expression.
    r.relkind <> 'v' OR pg_column_is_updatable(r.oid, a.attnum, false) AS writable,
    has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS may_select,
    has_column_privilege(a.attrelid, a.attnum, 'INSERT') AS may_insert,
    has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS may_update
FROM pg_attribute AS a
JOIN pg_class AS r ON r.oid = a.attrelid
JOIN types AS t ON t.oid = a.atttypid
WHERE a.attrelid = ANY ($1)
AND a.attnum > 0
AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
