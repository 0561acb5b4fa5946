-- The table of a lock l, and the session h that is in the way: see heldBy.
SELECT
    l.relation::regclass::text,
    h.pid,
    coalesce(h.usename, ''),
    coalesce(h.application_name, ''),
    left(regexp_replace(coalesce(h.query, ''), '\s+' COLLATE "C", ' ', 'g'), 80)
FROM pg_locks AS l
