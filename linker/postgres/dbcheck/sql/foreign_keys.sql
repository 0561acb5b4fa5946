SELECT
    k.conrelid              AS relation,
    k.confrelid             AS refers_to,
    quote_ident(k.conname)  AS name,
    k.convalidated          AS is_valid,
    ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        ORDER BY a.attnum
    )                       AS columns
FROM pg_constraint AS k
WHERE k.contype = 'f'
AND k.conrelid = ANY ($1)
