-- What is current now for rows that a round did not do: the target itself, or
-- a link that is to be left, or one to be cleared in the next round.
-- $1–$2 the rows, $3 $4 $5 the scope, $6 the caller's organization, to whom a link
-- to another's CRM row is none; null for any
SELECT
    w.row_no,
    l.id::text,
    l.entity_id::text,
    l.data_type::text,
    coalesce(l.trigger, ''),
    {{outside "home.id" "l.data_type" "home.organization_id" 3}} IS TRUE AS is_elsewhere,
    (home.organization_id::text <> $6) IS TRUE AS is_hidden
FROM unnest($1::bigint[], $2::text[]::{{type "recording_links.recording_id"}}[]) AS w (row_no, recording_id)
JOIN platform.recording_links AS l ON l.recording_id = w.recording_id AND {{current "l"}}
LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
LEFT JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
