-- $1 a run
SELECT id, recording_id, entity_id, data_type, linked_by_row AS row_no
FROM recording_links
WHERE linked_by_run = $1
