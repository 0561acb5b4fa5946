-- Rows whose target was found under another form of its external id: the same
-- requests, by id.
-- $1 the caller's organization, null for any
INSERT INTO relink.run_0_again (row_no, line, recording_id, data_type, entity_id, connection_id, trigger, detail)
SELECT DISTINCT ON (s.row_no)
    s.row_no, s.line, s.recording_id, s.data_type, e.id, s.connection_id, s.trigger,
    format('found as %s', e.external_id)
FROM relink.run_0_alternatives AS a
JOIN relink.run_0_staged AS s USING (row_no)
JOIN crm_entities AS e
    ON e.integration_connection_id = s.connection_id
    AND e.data_type = s.data_type
    AND e.external_id = a.external_id
WHERE s.entity_id IS NULL
ORDER BY s.row_no, a.rank
