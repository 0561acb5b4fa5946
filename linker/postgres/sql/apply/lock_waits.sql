-- What a session waits for, when it has waited for a while, and who is in its
-- way. What a session of another role runs is not told to everybody.
-- $1 the process of the session, $2 for how long it must have waited
{{template "lock_holder"}}JOIN pg_stat_activity AS h ON h.pid = ANY (pg_blocking_pids(l.pid))
WHERE l.pid = $1 AND NOT l.granted AND l.relation IS NOT NULL
    AND l.waitstart < clock_timestamp() - $2::interval
ORDER BY h.xact_start
LIMIT 1
