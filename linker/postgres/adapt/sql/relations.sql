-- The tables and views of the database that are neither the server's, nor relink's,
-- nor an extension's.
-- $1 schema to leave out: that of the views
SELECT
    c.oid                                    AS oid,
    n.nspname                                AS schema,
    c.relname                                AS name,
    format('%I.%I', n.nspname, c.relname)    AS quoted,
    c.relkind IN ('r', 'p')                  AS is_table,
    c.relkind = 'p'                          AS partitioned,
    greatest(c.reltuples, 0)::float8         AS rows,
    has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS may_read,
    -- The triggers of the platform's own: they run with the rights of relink's role.
    ARRAY(
        SELECT format('%I calls %s', t.tgname, t.tgfoid::regproc)
        FROM pg_trigger AS t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
        ORDER BY t.tgname
    )                                        AS triggers
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
    AND n.nspname !~ '^relink(_|$)'
    AND n.nspname NOT LIKE 'pg\_toast%'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
