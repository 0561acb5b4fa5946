-- What a run did, a row a recording: the link it made, the link it cleared, or
-- both. Whoever has cleared the new link since, it was made all the same.
SELECT
    m.recording_id,
    m.row_no,
    m.made AS made_id,
{{- if deletes}}
    m.made_entity_id,
    e.data_type AS made_data_type,
    e.integration_connection_id AS made_connection_id,
    m.cleared AS cleared_id,
    m.cleared_entity_id,
    m.cleared_data_type,
    m.cleared_trigger
FROM run.marked AS m
LEFT JOIN platform.crm_entities AS e ON e.id = m.made_entity_id
{{- else}}
    made.entity_id AS made_entity_id,
    made.data_type AS made_data_type,
    e.integration_connection_id AS made_connection_id,
    m.cleared AS cleared_id,
    cleared.entity_id AS cleared_entity_id,
    cleared.data_type AS cleared_data_type,
    cleared.trigger AS cleared_trigger
FROM run.marked AS m
LEFT JOIN platform.recording_links AS made ON made.id = m.made AND made.recording_id = m.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = made.entity_id
LEFT JOIN platform.recording_links AS cleared ON cleared.id = m.cleared AND cleared.recording_id = m.recording_id
{{- end}}
