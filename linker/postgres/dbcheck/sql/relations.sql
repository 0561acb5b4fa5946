WITH policies AS (
    SELECT polrelid, polpermissive, pg_get_expr(polqual, polrelid) IS NOT DISTINCT FROM 'true' AS shows_all
    FROM pg_policy
    WHERE polcmd IN ('r', '*')
        AND EXISTS (SELECT FROM unnest(polroles) AS to_role WHERE to_role = 0 OR pg_has_role(to_role, 'USAGE'))
)
SELECT
    n.nspname                    AS schema,
    c.relname                    AS name,
    c.oid                        AS oid,
    c.relkind IN ('r', 'p')      AS is_table,
    c.relkind = 'p'              AS is_partitioned,
    -- It is active, and no policy lets this role see every row.
    row_security_active(c.oid) AND NOT (
        EXISTS (SELECT FROM policies AS p WHERE p.polrelid = c.oid AND p.polpermissive AND p.shows_all)
        AND NOT EXISTS (SELECT FROM policies AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive)
    )                            AS row_security,
    c.relpersistence = 'p'       AS permanent,
    -- INSERT (8) and UPDATE (4) go through to a table beneath.
    (pg_relation_is_updatable(c.oid, false) & 12) = 12 AS writable,
    -- and so does DELETE (16), where links are cleared by it
    (pg_relation_is_updatable(c.oid, false) & 24) = 24 AS deletable,
    has_table_privilege(c.oid, 'DELETE') AS may_delete
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND (n.nspname = $1 AND c.relname = ANY ($2) OR n.nspname = $3)
