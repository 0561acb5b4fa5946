-- Rows whose target was merged away: the same requests, for the survivor at
-- the end of the chain. A circle, a chain whose end is missing or is not the
-- caller's to see gives no row, and the request stays entity_merged.
-- $1 the caller's organization, null for any
INSERT INTO run.retry (row_no, line, recording_id, data_type, entity_id, connection_id, trigger, detail,
    expected, expected_entity_id, expected_external_ids)
WITH RECURSIVE chain (merged_id, id, next_id) AS (
    SELECT m.entity_id, m.entity_id, e.merged_into_id
    FROM (SELECT DISTINCT entity_id FROM run.plan WHERE code = 'entity_merged') AS m
    JOIN platform.crm_entities AS e ON e.id = m.entity_id
    UNION ALL
    SELECT c.merged_id, e.id, e.merged_into_id
    FROM chain AS c
    JOIN platform.crm_entities AS e ON e.id = c.next_id
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND ($1::text IS NULL OR home.organization_id::text = $1)
) CYCLE id SET circular USING path,
survivor AS (
    SELECT merged_id, id
    FROM chain
    WHERE next_id IS NULL AND NOT circular
)
SELECT
    p.row_no, s.line, s.recording_id, s.data_type, v.id, s.connection_id, s.trigger,
    concat_ws('; ', p.detail, format('%s is merged into %s', v.merged_id, v.id)),
    s.expected, s.expected_entity_id, s.expected_external_ids
FROM run.plan AS p
JOIN survivor AS v ON v.merged_id = p.entity_id
JOIN run.staged AS s USING (row_no)
WHERE p.code = 'entity_merged'
