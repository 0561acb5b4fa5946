-- Unique indexes, and foreign keys of one column.
-- $1 tables
SELECT
    i.indrelid                               AS relation,
    i.indisprimary                           AS is_primary,
    ARRAY(
        SELECT coalesce(a.attname::text, '')
        FROM generate_series(0, i.indnkeyatts - 1) AS k (n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n] AND a.attnum > 0
        ORDER BY k.n
    )                                        AS columns,
    coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
    0::oid                                   AS refers_to,
    ''                                       AS referred
FROM pg_index AS i
WHERE i.indrelid = ANY ($1) AND i.indisunique AND i.indisvalid
UNION ALL
SELECT k.conrelid, false, ARRAY[own.attname::text], '', k.confrelid, other.attname::text
FROM pg_constraint AS k
JOIN pg_attribute AS own ON own.attrelid = k.conrelid AND own.attnum = k.conkey[1]
JOIN pg_attribute AS other ON other.attrelid = k.confrelid AND other.attnum = k.confkey[1]
WHERE k.contype = 'f' AND k.conrelid = ANY ($1) AND cardinality(k.conkey) = 1
