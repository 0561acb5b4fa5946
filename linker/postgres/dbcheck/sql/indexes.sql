SELECT
    i.indrelid                                    AS relation,
    format('%I.%I', n.nspname, c.relname)         AS name,
    i.indisunique AND i.indimmediate              AS is_unique,
    i.indisvalid AND i.indisready                 AS is_valid,
    -- The keys in order; '' for an expression.
    ARRAY(
        SELECT coalesce(a.attname::text, '')
        FROM generate_series(0, i.indnkeyatts - 1) AS k (n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n] AND a.attnum > 0
        ORDER BY k.n
    )                                             AS keys,
    coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indrelid = ANY ($1)
