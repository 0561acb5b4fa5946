SELECT outcome, code, connection_id::text, count(*)
FROM run.plan
GROUP BY outcome, code, connection_id
