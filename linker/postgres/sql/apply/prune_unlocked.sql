-- The same, without those that another session holds locked.
-- It runs with the platform's search path: see doc.go.
-- $1 the run, $2 $3 a range of the extras
WITH unlocked AS MATERIALIZED (
    SELECT f.id, f.recording_id{{if deletes}}, x.entity_id, x.data_type, x.trigger{{end}}
    FROM run.extras AS x
    JOIN platform.recording_links AS f
        ON f.id OPERATOR(pg_catalog.=) x.link_id
        AND f.recording_id OPERATOR(pg_catalog.=) x.recording_id
    WHERE x.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
        AND x.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
        AND x.protected IS NULL AND NOT x.done
{{if deletes}}        AND f.entity_id OPERATOR(pg_catalog.=) x.entity_id
{{end}}        AND {{current "f"}}
    ORDER BY x.ctid
    FOR NO KEY UPDATE OF f SKIP LOCKED
),
cleared AS (
    {{clear "'USER_UNLINK'"}} unlocked AS u
    WHERE l.id OPERATOR(pg_catalog.=) u.id
        AND l.recording_id OPERATOR(pg_catalog.=) u.recording_id
        AND {{current "l"}}
    RETURNING l.id, l.recording_id{{if deletes}}, u.entity_id, u.data_type, u.trigger, {{linkedAt "l"}} AS linked_at{{end}}
)
INSERT INTO relink.marks (run, recording_id, cleared{{template "marks_of_deleted"}})
SELECT $1, recording_id::pg_catalog.text, id::pg_catalog.text
{{- if deletes}},
    NULL, entity_id::pg_catalog.text, data_type::pg_catalog.text, trigger, linked_at, pg_catalog.clock_timestamp()
{{- end}}
FROM cleared
