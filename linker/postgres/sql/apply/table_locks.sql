-- A lock of another session, or one that it waits for, which keeps links from
-- being written: an ALTER TABLE, a CREATE INDEX, a LOCK TABLE. It may be on the table
-- itself, on one that a view shows, or on a partition.
-- $1 the links, $2 the CRM rows
WITH RECURSIVE concerned (relation, is_links) AS (
    VALUES (to_regclass($1)::oid, true), (to_regclass($2)::oid, false)
    UNION
    SELECT beneath.relation, c.is_links
    FROM concerned AS c
    CROSS JOIN LATERAL (
        SELECT i.inhrelid AS relation FROM pg_inherits AS i WHERE i.inhparent = c.relation
        UNION ALL
        SELECT d.refobjid
        FROM pg_rewrite AS r
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        WHERE r.ev_class = c.relation
    ) AS beneath
)
{{template "lock_holder"}}JOIN pg_stat_activity AS h ON h.pid = l.pid
JOIN concerned AS c ON c.relation = l.relation
WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (
        c.is_links
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        OR l.mode IN ('ExclusiveLock', 'AccessExclusiveLock')
    )
ORDER BY h.xact_start
LIMIT 1
