-- A lock of another session, or one that it waits for, which keeps links from
-- being written: an ALTER TABLE, a CREATE INDEX, a LOCK TABLE.
{{template "lock_holder"}}JOIN pg_stat_activity AS h ON h.pid = l.pid
WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (
        l.relation = to_regclass($1)
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        OR l.relation = to_regclass($2) AND l.mode IN ('ExclusiveLock', 'AccessExclusiveLock')
    )
ORDER BY h.xact_start
LIMIT 1
