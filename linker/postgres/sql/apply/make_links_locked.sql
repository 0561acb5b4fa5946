-- The same where recordings are locked, because no unique index is there to wait for.
-- It runs with the platform's search path: see doc.go.
-- $1–$4 recordings, data types, CRM rows, triggers
{{template "new_links"}}WHERE NOT EXISTS (
    SELECT FROM {{links}} AS l
    WHERE l.recording_id OPERATOR(pg_catalog.=) w.recording_id
        AND {{current "l"}}
)
RETURNING recording_id::pg_catalog.text, id::pg_catalog.text
