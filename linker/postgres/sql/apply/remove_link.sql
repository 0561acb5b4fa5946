-- The HTTP operation DELETE: the link of one recording to one CRM row.
-- It runs with the platform's search path: see doc.go.
-- $1 the recording, $2 the CRM row, $3 the trigger
UPDATE platform.recording_links AS l
SET {{clearing "$3::pg_catalog.text"}}
WHERE l.recording_id OPERATOR(pg_catalog.=) $1::pg_catalog.text::{{type "recording_links.recording_id"}}
    AND l.entity_id OPERATOR(pg_catalog.=) $2::pg_catalog.text::{{type "recording_links.entity_id"}}
    AND l.cleared_at IS NULL
