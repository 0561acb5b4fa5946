-- The lines a reconciliation adds after the input rows. In a plan an extra
-- counts as cleared when it would be; after applying, when its mark says so.
-- $1 the run, $2 extras are to be cleared, $3 they were applied
SELECT
    x.recording_id,
    CASE
        WHEN l.id IS NOT NULL OR ($2::boolean AND NOT $3::boolean AND x.protected IS NULL) THEN 'cleared'
        ELSE 'extra'
    END,
    coalesce(x.protected, ''),
    x.entity_id,
    x.data_type::text
FROM relink.run_0_extras AS x
LEFT JOIN recording_links AS l
    ON l.id = x.link_id
    AND l.cleared_by_run = $1
    AND l.cleared_by_row IS NULL
ORDER BY x.recording_id COLLATE "C"
