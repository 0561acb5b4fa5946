-- Where the replicas are, in bytes of WAL, and where this server is. What this role
-- may not see is null.
SELECT
    concat_ws(' on ', nullif(application_name, ''), host(client_addr)),
    state,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint,
    pg_wal_lsn_diff(replay_lsn, '0/0')::bigint,
    coalesce(extract(epoch FROM replay_lag)::float8, 0)
FROM pg_stat_replication
WHERE state IS NULL OR state IN ('streaming', 'catchup')
