-- The run stops here: rows of the work list that it has not done, and that have
-- no outcome of their own, were not reached.
INSERT INTO run.outcomes (row_no, outcome, previous_entity_id, previous_data_type)
SELECT p.row_no, 'unattempted', p.previous_entity_id::text, p.previous_data_type::text
FROM run.changes AS c
JOIN run.plan AS p USING (row_no)
WHERE NOT EXISTS (SELECT FROM run.marked AS m WHERE m.row_no = c.row_no)
ON CONFLICT (row_no) DO NOTHING
