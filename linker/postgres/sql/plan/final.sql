-- A recording this run has changed is final. The row that did it keeps what
-- the marks say; the recording's other rows are judged against the target that
-- was made. All of them had the same link before.
-- $1 --on-conflict last
UPDATE run.plan AS p
SET outcome = CASE
        WHEN p.row_no = m.row_no AND m.made_id IS NULL THEN 'cleared'
        WHEN p.row_no = m.row_no AND m.cleared_entity_id IS NULL THEN 'created'
        WHEN p.row_no = m.row_no THEN 'replaced'
        WHEN p.code IS NOT NULL THEN p.outcome
        WHEN NOT p.as_expected THEN 'kept'
        WHEN m.made_id IS NULL OR p.entity_id = m.made_entity_id THEN 'unchanged'
        WHEN $1::boolean THEN 'superseded'
        ELSE 'rejected'
    END,
    code = CASE
        WHEN p.row_no = m.row_no THEN NULL
        WHEN p.code IS NOT NULL THEN p.code
        WHEN NOT p.as_expected OR m.made_id IS NULL OR p.entity_id = m.made_entity_id OR $1 THEN NULL
        ELSE 'conflicting_rows'
    END,
    detail = CASE
        -- found by another way today, which is not how the run found it
        WHEN p.row_no = m.row_no AND p.entity_id IS DISTINCT FROM coalesce(m.made_entity_id, m.cleared_entity_id) THEN NULL
        WHEN p.row_no = m.row_no OR m.made_id IS NULL OR p.code IS NOT NULL OR NOT p.as_expected OR p.entity_id = m.made_entity_id OR $1 THEN p.detail
        ELSE format('the run has already linked it for line %s',
            (SELECT w.line FROM run.plan AS w WHERE w.row_no = m.row_no))
    END,
    entity_id = CASE WHEN p.row_no = m.row_no THEN coalesce(m.made_entity_id, m.cleared_entity_id) ELSE p.entity_id END,
    data_type = CASE WHEN p.row_no = m.row_no THEN coalesce(m.made_data_type, m.cleared_data_type) ELSE p.data_type END,
    connection_id = CASE WHEN p.row_no = m.row_no THEN coalesce(m.made_connection_id, p.connection_id) ELSE p.connection_id END,
    link_id = m.cleared_id,
    previous_entity_id = m.cleared_entity_id,
    previous_data_type = m.cleared_data_type,
    previous_trigger = m.cleared_trigger::text,
    done = true
FROM run.applied AS m
WHERE m.recording_id = p.recording_id
    AND (m.made_id IS NOT NULL OR m.row_no IS NOT NULL) -- not a prune
