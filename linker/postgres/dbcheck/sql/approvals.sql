-- Whether plans must be approved here, what this role could do about that, and
-- whether any other role that is no superuser may approve.
SELECT
    e.require_approval AS required,
    (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = session_user) AS superuser,
    has_column_privilege('relink.approvals', 'approved_by', 'INSERT')
        OR has_any_column_privilege('relink.approvals', 'UPDATE') AS forges,
    has_any_column_privilege('relink.environment', 'UPDATE')
        OR has_any_column_privilege('relink.environment', 'INSERT')
        OR has_table_privilege('relink.environment', 'DELETE') AS lifts,
    EXISTS (
        SELECT FROM pg_roles AS r
        WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> session_user
            AND has_column_privilege(r.oid, 'relink.approvals', 'plan_sha256', 'INSERT')
    ) AS others
FROM relink.environment AS e
