-- Fast form, second half. No ON CONFLICT: it costs 12 % of the insert, and a
-- conflict sends the batch to the careful form anyway.
-- $1 the run, $2 $3 a range of the work list, $4 a foreign key makes sure that
-- the CRM rows are there
INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at, linked_by_run, linked_by_row, restores)
SELECT c.recording_id, c.data_type, c.entity_id, c.trigger, clock_timestamp(), $1, c.row_no, c.restores
FROM relink.run_0_changes AS c
WHERE c.ctid >= $2::tid AND c.ctid < $3::tid
    AND c.entity_id IS NOT NULL -- a revert may only clear
    AND ($4::boolean OR EXISTS (SELECT FROM crm_entities AS e WHERE e.id = c.entity_id))
ORDER BY c.ctid
