-- Several rows for one recording. Same target: the first does the work. Different
-- targets: none is done, or with --on-conflict last the last one's target wins.
-- $1 --on-conflict last
UPDATE run.plan AS p
SET outcome = CASE
        WHEN r.differ AND NOT $1::boolean THEN 'rejected'
        WHEN p.entity_id <> r.winner THEN 'superseded'
        WHEN p.row_no > r.worker AND p.outcome IN ('created', 'replaced') THEN 'unchanged'
        ELSE p.outcome
    END,
    code = CASE WHEN r.differ AND NOT $1 THEN 'conflicting_rows' END,
    detail = CASE
        WHEN r.differ AND NOT $1 THEN
            CASE WHEN r.rows = 2 THEN 'the other is on line ' ELSE 'the others are on lines ' END
            || array_to_string((array_remove(r.lines, p.line))[1:5], ', ')
            || CASE WHEN r.rows > 6 THEN format(' and %s more', r.rows - 6) ELSE '' END
        ELSE p.detail
    END,
    worker = CASE WHEN r.differ AND NOT $1 THEN NULL ELSE r.worker END
FROM run.repeated AS r
WHERE r.recording_id = p.recording_id
    AND p.code IS NULL
    AND NOT p.done
    AND p.as_expected IS NOT FALSE
