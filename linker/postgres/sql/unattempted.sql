-- The run stops here: rows of the work list without a mark of this run and
-- without an outcome of their own were not reached.
-- $1 the run
INSERT INTO relink.run_0_outcomes (row_no, outcome, previous_entity_id, previous_data_type)
SELECT p.row_no, 'unattempted', p.previous_entity_id, p.previous_data_type
FROM relink.run_0_changes AS c
JOIN relink.run_0_plan AS p USING (row_no)
WHERE NOT EXISTS (
    SELECT FROM recording_links AS l
    WHERE l.linked_by_run = $1 AND l.linked_by_row = c.row_no
)
AND NOT EXISTS (
    -- a revert may only clear
    SELECT FROM recording_links AS l
    WHERE l.cleared_by_run = $1 AND l.cleared_by_row = c.row_no
)
ON CONFLICT (row_no) DO NOTHING
