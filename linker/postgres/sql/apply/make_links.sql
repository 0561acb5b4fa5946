-- Slow path: new links, in the order of recordings. It waits for another
-- session that links the same recording, and then makes none.
-- It runs with the platform's search path: see doc.go.
-- $1–$4 recordings, data types, CRM rows, triggers
INSERT INTO platform.recording_links ({{newLink}})
SELECT {{newValues "w"}}
FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]::{{type "recording_links.recording_id"}}[]),
    pg_catalog.unnest($2::pg_catalog.text[]::{{type "recording_links.data_type"}}[]),
    pg_catalog.unnest($3::pg_catalog.text[]::{{type "recording_links.entity_id"}}[]),
    pg_catalog.unnest($4::pg_catalog.text[])
) AS w (recording_id, data_type, entity_id, trigger)
ON CONFLICT (recording_id) WHERE cleared_at IS NULL DO NOTHING
RETURNING recording_id::pg_catalog.text, id::pg_catalog.text
