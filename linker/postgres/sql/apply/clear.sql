-- Fast path, first half: the planned links, while they are still current.
-- It runs with the platform's search path: see doc.go.
-- $1 $2 a range of the work list
{{clear "c.trigger"}} run.changes AS c
WHERE c.ctid OPERATOR(pg_catalog.>=) $1::pg_catalog.tid
    AND c.ctid OPERATOR(pg_catalog.<) $2::pg_catalog.tid
    AND l.id OPERATOR(pg_catalog.=) c.link_id
    AND l.recording_id OPERATOR(pg_catalog.=) c.recording_id
{{if deletes}}    AND l.entity_id OPERATOR(pg_catalog.=) c.previous_entity_id
{{end}}    AND {{current "l"}}
