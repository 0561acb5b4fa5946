-- Slow path: links that are locked.
-- It runs with the platform's search path: see doc.go.
-- $1–$3 the links, their recordings, the triggers of the rows that clear them
{{clear "w.trigger"}} ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]::{{type "recording_links.id"}}[]),
    pg_catalog.unnest($2::pg_catalog.text[]::{{type "recording_links.recording_id"}}[]),
    pg_catalog.unnest($3::pg_catalog.text[])
) AS w (link_id, recording_id, trigger)
WHERE l.id OPERATOR(pg_catalog.=) w.link_id
    AND l.recording_id OPERATOR(pg_catalog.=) w.recording_id
    AND {{current "l"}}
