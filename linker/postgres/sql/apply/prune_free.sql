-- The same, without those that somebody else holds locked.
-- $1 the run, $2 $3 a range of the extras
UPDATE recording_links AS l
SET cleared_at = greatest(clock_timestamp(), l.linked_at),
    cleared_by_run = $1,
    cleared_trigger = 'USER_UNLINK'
FROM (
    SELECT f.id
    FROM relink.run_0_extras AS x
    JOIN recording_links AS f ON f.id = x.link_id
    WHERE x.ctid >= $2::tid AND x.ctid < $3::tid
        AND x.protected IS NULL AND NOT x.done
        AND f.cleared_at IS NULL
    ORDER BY x.ctid
    FOR NO KEY UPDATE OF f SKIP LOCKED
) AS free
WHERE l.id = free.id
    AND l.cleared_at IS NULL
