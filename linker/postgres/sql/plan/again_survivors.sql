-- Rows whose target was merged away: the same requests, for the survivor at
-- the end of the chain. A circle, a chain whose end is missing or is not the
-- caller's to see gives no row, and the request stays entity_merged.
-- $1 the caller's organization, null for any
INSERT INTO relink.run_0_again (row_no, line, recording_id, data_type, entity_id, connection_id, trigger, detail)
WITH RECURSIVE chain (merged_id, id, next_id) AS (
    SELECT m.entity_id, m.entity_id, e.merged_into_id
    FROM (SELECT DISTINCT entity_id FROM relink.run_0_plan WHERE code = 'entity_merged') AS m
    JOIN crm_entities AS e ON e.id = m.entity_id
    UNION ALL
    SELECT c.merged_id, e.id, e.merged_into_id
    FROM chain AS c
    JOIN crm_entities AS e ON e.id = c.next_id
    JOIN integration_connections AS home
        ON home.id = e.integration_connection_id
        AND ($1::text IS NULL OR home.organization_id = $1)
) CYCLE id SET circular USING path,
survivor AS (
    SELECT merged_id, id
    FROM chain
    WHERE next_id IS NULL AND NOT circular
)
SELECT
    p.row_no, s.line, s.recording_id, s.data_type, v.id, s.connection_id, s.trigger,
    concat_ws('; ', p.detail, format('%s is merged into %s', v.merged_id, v.id))
FROM relink.run_0_plan AS p
JOIN survivor AS v ON v.merged_id = p.entity_id
JOIN relink.run_0_staged AS s USING (row_no)
WHERE p.code = 'entity_merged'
