-- Fast form, first half: the planned links, while they are still current.
-- $1 the run, $2 $3 a range of the work list
UPDATE recording_links AS l
SET cleared_at = greatest(clock_timestamp(), l.linked_at),
    cleared_by_run = $1,
    cleared_by_row = c.row_no,
    cleared_trigger = c.trigger
FROM relink.run_0_changes AS c
WHERE c.ctid >= $2::tid AND c.ctid < $3::tid
    AND c.link_id IS NOT NULL
    AND l.id = c.link_id
    AND l.cleared_at IS NULL
