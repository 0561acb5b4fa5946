SELECT
    n.nspname                    AS schema,
    c.relname                    AS name,
    c.oid                        AS oid,
    c.relkind IN ('r', 'p')      AS is_table,
    row_security_active(c.oid)   AS row_security,
    c.relpersistence = 'p'       AS permanent
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND (n.nspname = $1 AND c.relname = ANY ($2) OR n.nspname = $3)
