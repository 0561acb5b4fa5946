-- A recording this run has changed is final. The row that did it keeps what
-- the marks say; the recording's other rows are judged against the target that
-- was made. All of them had the same link before.
-- $1 --on-conflict last
UPDATE relink.run_0_plan AS p
SET outcome = CASE
        WHEN p.row_no = m.row_no AND m.previous_entity_id IS NULL THEN 'created'
        WHEN p.row_no = m.row_no THEN 'replaced'
        WHEN p.code IS NOT NULL THEN p.outcome
        WHEN p.entity_id = m.entity_id THEN 'unchanged'
        WHEN $1::boolean THEN 'superseded'
        ELSE 'rejected'
    END,
    code = CASE
        WHEN p.row_no = m.row_no THEN NULL
        WHEN p.code IS NOT NULL THEN p.code
        WHEN p.entity_id = m.entity_id OR $1 THEN NULL
        ELSE 'conflicting_rows'
    END,
    detail = CASE
        -- found by another way today, which is not how the run found it
        WHEN p.row_no = m.row_no AND p.entity_id IS DISTINCT FROM m.entity_id THEN NULL
        WHEN p.row_no = m.row_no OR p.code IS NOT NULL OR p.entity_id = m.entity_id OR $1 THEN p.detail
        ELSE format('the run has already linked it for line %s',
            (SELECT w.line FROM relink.run_0_plan AS w WHERE w.row_no = m.row_no))
    END,
    entity_id = CASE WHEN p.row_no = m.row_no THEN m.entity_id ELSE p.entity_id END,
    data_type = CASE WHEN p.row_no = m.row_no THEN m.data_type ELSE p.data_type END,
    connection_id = CASE WHEN p.row_no = m.row_no THEN m.connection_id ELSE p.connection_id END,
    link_id = m.previous_link_id,
    previous_entity_id = m.previous_entity_id,
    previous_data_type = m.previous_data_type,
    done = true
FROM relink.run_0_marks AS m
WHERE m.recording_id = p.recording_id
