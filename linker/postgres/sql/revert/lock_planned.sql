-- Slow path of a revert: the planned links while they are current, locked. A row
-- that finds another link is left alone.
-- $1–$3 the rows with a link
SELECT w.row_no, l.id::text, l.entity_id::text, l.data_type::text, l.trigger::text, l.linked_at, false AS is_hidden
FROM unnest($1::bigint[], $2::text[]::{{type "recording_links.recording_id"}}[], $3::text[]::{{type "recording_links.id"}}[])
    AS w (row_no, recording_id, link_id)
JOIN platform.recording_links AS l ON l.id = w.link_id AND l.recording_id = w.recording_id
WHERE {{current "l"}}
ORDER BY w.recording_id
FOR NO KEY UPDATE OF l
