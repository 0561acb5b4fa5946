{{- /* The columns of relink.marks that a platform fills which deletes the links it clears. */ -}}
{{if deletes}}, made_entity_id, cleared_entity_id, cleared_data_type, cleared_trigger, cleared_linked_at, cleared_at{{end}}
{{- /* no line end */ -}}
