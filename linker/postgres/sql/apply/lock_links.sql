-- Slow path: the current links that stand in the way of rows and may be
-- cleared, locked in the order of recordings.
-- $1–$3 the rows, $4 leave every link, $5 triggers of links that are left,
-- $6 $7 $8 the scope outside which no link is cleared, $9 the CRM rows that the
-- links must be to, '' for no link, null for any, $10 the caller's organization, to
-- whom a link to another's CRM row is none, and always in the way; null for any
SELECT w.row_no, l.id::text, l.entity_id::text, l.data_type::text, l.trigger::text, l.linked_at,
    (home.organization_id::text <> $10) IS TRUE AS is_hidden
FROM unnest($1::bigint[], $2::text[]::{{type "recording_links.recording_id"}}[], $3::text[]::{{type "recording_links.entity_id"}}[], $9::text[])
    AS w (row_no, recording_id, entity_id, expected)
JOIN platform.recording_links AS l ON l.recording_id = w.recording_id AND {{current "l"}}
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
WHERE l.entity_id IS DISTINCT FROM w.entity_id
    AND CASE
        WHEN home.organization_id::text <> $10::text THEN coalesce(w.expected, '') = ''
        ELSE (w.expected IS NULL OR l.entity_id::text = w.expected)
            AND NOT $4::boolean
            AND (l.trigger = ANY ($5::text[])) IS NOT TRUE
            AND {{outside "home.id" "l.data_type" "home.organization_id" 6}} IS NOT TRUE
    END
ORDER BY w.recording_id
FOR NO KEY UPDATE OF l
