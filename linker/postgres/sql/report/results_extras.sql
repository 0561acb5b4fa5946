-- The lines a reconciliation adds after the input rows. In a plan an extra
-- counts as cleared when it would be; after applying, when its mark says so.
-- missed are those that were to be cleared, and are still there.
-- $1 the run, $2 extras are to be cleared, $3 they were applied
SELECT
    x.recording_id::text,
    CASE
        WHEN marked OR (wanted AND NOT $3::boolean) THEN 'cleared'
        ELSE 'extra'
    END,
    CASE
        WHEN x.protected IS NOT NULL THEN x.protected
        WHEN marked OR NOT wanted OR NOT $3 THEN ''
        WHEN gone THEN 'left alone: somebody else has cleared it'
        ELSE 'not cleared: another session held it, or the run was stopped before'
    END,
    x.entity_id::text,
    x.data_type::text,
    $3 AND NOT marked AND NOT gone AND (wanted OR x.refused) AS missed
FROM (
    SELECT
        x.*,
        m.cleared IS NOT NULL AS marked,
        l.id IS NULL OR NOT ({{current "l"}}) AS gone,
        $2::boolean AND x.protected IS NULL AS wanted
    FROM run.extras AS x
    LEFT JOIN platform.recording_links AS l ON l.id = x.link_id AND l.recording_id = x.recording_id
    LEFT JOIN relink.marks AS m ON m.run = $1 AND m.row_no IS NULL AND m.cleared = x.link_id::text
) AS x
ORDER BY x.recording_id::text COLLATE "C"
