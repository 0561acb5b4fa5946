-- Revert: the work list, as in changes.sql. A row without an entity only
-- clears, a row without a link only makes.
CREATE UNLOGGED TABLE relink.run_0_changes WITH (autovacuum_enabled = off) AS
SELECT row_no, recording_id, entity_id, data_type, trigger, link_id, restores
FROM relink.run_0_plan
WHERE outcome = 'reverted' AND NOT done
ORDER BY entity_id COLLATE "C", row_no
