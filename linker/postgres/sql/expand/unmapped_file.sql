-- Links as rows of an import.
COPY (
    SELECT
        recording_id AS "recordingId", data_type AS "dataType", external_id AS "externalId",
        connection_id AS "integrationConnectionId", trigger
    FROM run.unmapped
    ORDER BY recording_id COLLATE "C"
) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')
