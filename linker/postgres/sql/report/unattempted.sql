-- The run stops here: rows of the work list that it has not done, and that have
-- no outcome of their own, were not reached.
INSERT INTO relink.run_0_outcomes (row_no, outcome, previous_entity_id, previous_data_type)
SELECT p.row_no, 'unattempted', p.previous_entity_id, p.previous_data_type
FROM relink.run_0_changes AS c
JOIN relink.run_0_plan AS p USING (row_no)
WHERE NOT EXISTS (SELECT FROM relink.run_0_did AS d WHERE d.row_no = c.row_no)
ON CONFLICT (row_no) DO NOTHING
