-- The marks of a run, in a table of their own with statistics of its own: those
-- of relink.marks know nothing yet of a run that was just there, and a planner
-- that expects one mark and meets a million loops for hours.
-- $1 a run
SELECT
    row_no,
    recording_id::{{type "recording_links.recording_id"}} AS recording_id,
    made::{{type "recording_links.id"}} AS made,
    cleared::{{type "recording_links.id"}} AS cleared
{{- if deletes}},
    made_entity_id::{{type "crm_entities.id"}} AS made_entity_id,
    cleared_entity_id::{{type "crm_entities.id"}} AS cleared_entity_id,
    cleared_data_type::{{wordType}} AS cleared_data_type,
    cleared_trigger
{{- end}}
FROM relink.marks
WHERE run = $1
