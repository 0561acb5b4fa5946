-- The marks of a run, in a table of their own with statistics of its own: those
-- of relink.marks know nothing yet of a run that was just there, and a planner
-- that expects one mark and meets a million loops for hours. A link that was cleared
-- and did not exist for the run's caller was not there to be replaced, and is not
-- brought back.
-- $1 a run
SELECT
    row_no,
    recording_id::{{type "recording_links.recording_id"}} AS recording_id,
    made::{{type "recording_links.id"}} AS made,
    CASE WHEN hidden IS NULL THEN cleared::{{type "recording_links.id"}} END AS cleared
{{- if deletes}},
    made_entity_id::{{type "crm_entities.id"}} AS made_entity_id,
    CASE WHEN hidden IS NULL THEN cleared_entity_id::{{type "crm_entities.id"}} END AS cleared_entity_id,
    CASE WHEN hidden IS NULL THEN cleared_data_type::{{wordType}} END AS cleared_data_type,
    CASE WHEN hidden IS NULL THEN cleared_trigger END AS cleared_trigger
{{- end}}
FROM relink.marks
WHERE run = $1 AND seal IS NULL
