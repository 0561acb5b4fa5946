-- Clears extras by link id, while they are current.
-- $1 the run, $2 $3 a range of the extras
UPDATE recording_links AS l
SET cleared_at = greatest(clock_timestamp(), l.linked_at),
    cleared_by_run = $1,
    cleared_trigger = 'USER_UNLINK'
FROM relink.run_0_extras AS x
WHERE x.ctid >= $2::tid AND x.ctid < $3::tid
    AND x.protected IS NULL AND NOT x.done
    AND l.id = x.link_id
    AND l.cleared_at IS NULL
