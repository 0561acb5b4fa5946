-- The rows of an import that move links.
COPY (
    SELECT recording_id AS "recordingId", data_type AS "dataType", entity_id AS id, trigger, expected AS "expectedEntityId"
    FROM run.links
    WHERE entity_id IS NOT NULL
    ORDER BY row_no, recording_id COLLATE "C"
) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')
