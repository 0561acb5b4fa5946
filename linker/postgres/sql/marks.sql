-- What this run has already done, from the marks alone. A foreign writer may
-- have cleared the link since: it was made all the same.
-- $1 the run
INSERT INTO relink.run_0_marks
SELECT
    made.recording_id,
    made.linked_by_row,
    made.entity_id,
    made.data_type,
    e.integration_connection_id,
    was.id,
    was.entity_id,
    was.data_type
FROM recording_links AS made
LEFT JOIN recording_links AS was
    ON was.recording_id = made.recording_id
    AND was.cleared_by_run = $1
    AND was.cleared_by_row = made.linked_by_row
LEFT JOIN crm_entities AS e ON e.id = made.entity_id
WHERE made.linked_by_run = $1
