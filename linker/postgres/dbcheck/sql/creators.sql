-- Who else may create functions and operators in a schema: not its owner, not this
-- role, not superusers, and in schema relink not the roles that relink works as.
-- $1 schemas
SELECT
    quote_ident(n.nspname) AS schema,
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee
FROM pg_namespace AS n
CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
LEFT JOIN pg_roles AS r ON r.oid = a.grantee
WHERE n.nspname = ANY ($1)
    AND a.privilege_type = 'CREATE'
    AND a.grantee <> n.nspowner
    AND (a.grantee = 0 OR NOT r.rolsuper AND r.rolname <> current_user)
    AND NOT (
        n.nspname = 'relink' AND a.grantee <> 0
        AND coalesce(has_table_privilege(a.grantee, to_regclass('relink.runs'), 'INSERT'), false)
    )
ORDER BY n.nspname COLLATE "C", r.rolname COLLATE "C"
