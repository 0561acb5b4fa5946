-- The marks of what the slow path has done. What is null or '' is none.
-- $1 the run, $2–$6 rows, recordings, links made, links cleared, links that those
-- made stand for, $7 CRM rows of the links made, $8–$11 CRM rows, data types, triggers
-- and times of the links cleared, $12 these did not exist for the caller
INSERT INTO relink.marks (run, row_no, recording_id, made, cleared, restores, hidden{{template "marks_of_deleted"}})
SELECT $1, w.row_no, w.recording_id, nullif(w.made, ''), nullif(w.cleared, ''), nullif(w.restores, ''), nullif(w.hidden, false)
{{- if deletes}},
    nullif(w.made_entity_id, ''), nullif(w.entity_id, ''), nullif(w.data_type, ''), w.trigger, w.linked_at,
    CASE WHEN w.cleared <> '' THEN clock_timestamp() END
{{- end}}
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::boolean[])
    AS w (row_no, recording_id, made, cleared, restores, made_entity_id, entity_id, data_type, trigger, linked_at, hidden)
