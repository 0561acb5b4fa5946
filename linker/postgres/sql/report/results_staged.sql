-- Every row of the source as it was staged, in input order, with what became of
-- it by results.sql, which has the parameter. A row that Check refused never went there.
SELECT
    s.row_no,
    s.line,
    coalesce(s.recording_id::text, ''),
    coalesce(s.data_type::text, ''),
    coalesce(s.entity_id::text, ''),
    coalesce(s.external_id::text, ''),
    coalesce(s.connection_id::text, ''),
    coalesce(s.trigger, ''),
    coalesce(r.outcome, 'rejected'),
    coalesce(r.code, s.code, ''),
    coalesce(r.detail, ''),
    coalesce(r.entity_id, ''),
    coalesce(r.previous_entity_id, r.entity_id, ''),
    coalesce(r.previous_data_type, '')
FROM run.staged AS s
LEFT JOIN (
    {{template "results"}}
) AS r (row_no, outcome, code, detail, entity_id, previous_entity_id, previous_data_type, recording_id)
    ON r.row_no = s.row_no
ORDER BY s.row_no
