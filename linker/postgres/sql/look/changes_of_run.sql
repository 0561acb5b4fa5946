-- What a run did to links, in the order of its rows, what it pruned last.
-- $1 the run, $2 the caller's organization, null for any; a link to another's CRM row
-- was no link for it, nor was one that did not exist for the run's own caller
-- $3 $4 the row, null for a pruned link, and the recording of the last change that
-- is not wanted any more; $4 null for none
SELECT
    m.recording_id,
    CASE WHEN m.hidden IS NULL AND theirs.id IS NULL THEN coalesce(cleared.data_type::text, m.cleared_data_type) END AS previous_data_type,
    CASE WHEN m.hidden IS NULL AND theirs.id IS NULL THEN coalesce(m.cleared_entity_id, cleared.entity_id::text) END AS previous_entity_id,
    coalesce(made.data_type::text{{if deletes}}, target.data_type::text{{end}}) AS data_type,
    coalesce(m.made_entity_id, made.entity_id::text) AS entity_id,
    coalesce(made.trigger::text, cleared.cleared_trigger::text, CASE WHEN m.made IS NULL THEN 'USER_UNLINK' END, '') AS trigger,
    m.row_no,
    coalesce({{linkedAt "made"}}, m.cleared_at, {{clearedAt "cleared"}}, r.finished_at, r.applying_at) AS at
FROM relink.marks AS m
JOIN relink.runs AS r ON r.id = m.run
LEFT JOIN platform.recording_links AS made
    ON made.id = m.made::{{type "recording_links.id"}} AND made.recording_id = m.recording_id::{{type "recording_links.recording_id"}}
LEFT JOIN platform.recording_links AS cleared
    ON cleared.id = m.cleared::{{type "recording_links.id"}} AND cleared.recording_id = m.recording_id::{{type "recording_links.recording_id"}}
{{- if deletes}}
LEFT JOIN platform.crm_entities AS target ON target.id = m.made_entity_id::{{type "crm_entities.id"}}
{{others (printf "m.cleared_entity_id::%s" (type "crm_entities.id")) 2}}
{{- else}}
{{others "cleared.entity_id" 2}}
{{- end}}
LEFT JOIN platform.recordings AS rec ON rec.id = m.recording_id::{{idType "recordings.id"}}
WHERE m.run = $1 AND m.seal IS NULL
    AND ($2::text IS NULL OR rec.organization_id::text = $2)
    AND (
        $4::text IS NULL
        OR coalesce(m.row_no, 9223372036854775807) > coalesce($3::bigint, 9223372036854775807)
        OR (coalesce(m.row_no, 9223372036854775807) = coalesce($3::bigint, 9223372036854775807) AND m.recording_id COLLATE "C" > $4)
    )
ORDER BY coalesce(m.row_no, 9223372036854775807), m.recording_id COLLATE "C"
