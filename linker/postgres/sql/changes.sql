-- The work list, one row a recording, stored in the order in which recordings
-- are locked. Lanes are ranges of its blocks, so they never share a recording,
-- and neighbours in an index are written together.
CREATE UNLOGGED TABLE relink.run_0_changes WITH (autovacuum_enabled = off) AS
SELECT row_no, recording_id, entity_id, data_type, trigger, link_id, NULL::bigint AS restores
FROM relink.run_0_plan
WHERE outcome IN ('created', 'replaced') AND NOT done
ORDER BY recording_id COLLATE "C"
