-- What is current now for rows that a round did not do: the target itself, or
-- a link that is to be left, or one to be cleared in the next round.
-- $1–$2 the rows, $3 $4 $5 the scope
SELECT
    w.row_no,
    l.id,
    l.entity_id,
    l.data_type::text,
    coalesce(l.trigger, ''),
    coalesce(home.id <> ALL ($3::text[]), false)
        OR coalesce(l.data_type::text <> ALL ($4::text[]), false)
        OR coalesce(home.organization_id <> ALL ($5::text[]), false) AS is_elsewhere
FROM unnest($1::bigint[], $2::text[]) AS w (row_no, recording_id)
JOIN recording_links AS l ON l.recording_id = w.recording_id AND l.cleared_at IS NULL
LEFT JOIN crm_entities AS e ON e.id = l.entity_id
LEFT JOIN integration_connections AS home ON home.id = e.integration_connection_id
