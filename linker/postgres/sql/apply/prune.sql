-- Clears extras by link id, while they are current.
-- It runs with the platform's search path: see doc.go.
-- $1 the run, $2 $3 a range of the extras
WITH cleared AS (
    {{clear "'USER_UNLINK'"}} run.extras AS x
    WHERE x.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
        AND x.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
        AND x.protected IS NULL AND NOT x.done
        AND l.id OPERATOR(pg_catalog.=) x.link_id
        AND l.recording_id OPERATOR(pg_catalog.=) x.recording_id
{{if deletes}}        AND l.entity_id OPERATOR(pg_catalog.=) x.entity_id
{{end}}        AND {{current "l"}}
    RETURNING l.id, l.recording_id{{if deletes}}, x.entity_id, x.data_type, x.trigger, {{linkedAt "l"}} AS linked_at{{end}}
)
INSERT INTO relink.marks (run, recording_id, cleared{{template "marks_of_deleted"}})
SELECT $1, recording_id::pg_catalog.text, id::pg_catalog.text
{{- if deletes}},
    NULL, entity_id::pg_catalog.text, data_type::pg_catalog.text, trigger, linked_at, pg_catalog.clock_timestamp()
{{- end}}
FROM cleared
