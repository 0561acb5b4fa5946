-- Slow path: new links, in the order of recordings. It waits for another
-- session that links the same recording, and then makes none.
-- It runs with the platform's search path: see doc.go.
-- $1–$4 recordings, data types, CRM rows, triggers
{{template "new_links"}}ON CONFLICT (recording_id){{onlyCurrent}} DO NOTHING
RETURNING recording_id::pg_catalog.text, id::pg_catalog.text
