-- The HTTP operation DELETE: the link of one recording to one CRM row.
-- It runs with the platform's search path: see doc.go.
-- $1 the recording, $2 the CRM row, $3 the trigger
{{clear "w.trigger"}} (
    SELECT
        $1::pg_catalog.text::{{type "recording_links.recording_id"}} AS recording_id,
        $2::pg_catalog.text::{{type "recording_links.entity_id"}} AS entity_id,
        $3::pg_catalog.text AS trigger
) AS w
WHERE l.recording_id OPERATOR(pg_catalog.=) w.recording_id
    AND l.entity_id OPERATOR(pg_catalog.=) w.entity_id
    AND {{current "l"}}
