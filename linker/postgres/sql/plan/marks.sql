-- The rows that this run has applied.
INSERT INTO relink.run_0_marks
SELECT
    d.recording_id,
    d.row_no,
    d.made_entity_id,
    d.made_data_type,
    e.integration_connection_id,
    d.was_id,
    d.was_entity_id,
    d.was_data_type
FROM relink.run_0_did AS d
LEFT JOIN crm_entities AS e ON e.id = d.made_entity_id
WHERE d.made_id IS NOT NULL
