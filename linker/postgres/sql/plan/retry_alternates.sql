-- Rows whose target was found under another form of its external id: the same
-- requests, by id.
-- $1 the caller's organization, null for any
INSERT INTO run.retry (row_no, line, recording_id, data_type, entity_id, connection_id, trigger, detail,
    expected, expected_entity_id, expected_external_ids)
SELECT DISTINCT ON (s.row_no)
    s.row_no, s.line, s.recording_id, s.data_type, e.id, s.connection_id, s.trigger,
    format('found as %s', e.external_id),
    s.expected, s.expected_entity_id, s.expected_external_ids
FROM run.alternate_ids AS a
JOIN run.staged AS s USING (row_no)
JOIN platform.crm_entities AS e
    ON e.integration_connection_id = s.connection_id
    AND {{sameType "e" "s.data_type"}}
    AND e.external_id = a.external_id::{{idType "crm_entities.external_id"}}
WHERE s.external_id IS NOT NULL
ORDER BY s.row_no, a.rank
