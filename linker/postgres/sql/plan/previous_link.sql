{{- /* Of the planned row p, the link that it clears, which on some platforms is deleted. */ -}}
{{if deletes}},
    previous_entity_id, previous_data_type,
    (SELECT l.trigger FROM platform.recording_links AS l WHERE l.id = p.link_id AND l.recording_id = p.recording_id) AS previous_trigger,
    (SELECT l.linked_at FROM platform.recording_links AS l WHERE l.id = p.link_id AND l.recording_id = p.recording_id) AS previous_linked_at
{{- end}}
{{- /* no line end */ -}}
