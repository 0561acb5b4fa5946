-- Revert: the work list, as in changes.sql. A row without an entity only
-- clears, a row without a link only makes.
CREATE UNLOGGED TABLE run.changes WITH (autovacuum_enabled = off) AS
SELECT row_no, recording_id, entity_id, data_type, trigger, link_id, NULL::text AS expected, NULL::boolean AS hidden, restores{{template "previous_link"}}
FROM run.plan AS p
WHERE outcome = 'reverted' AND NOT done
ORDER BY {{inOrder "crm_entities.id" "entity_id"}}, row_no
