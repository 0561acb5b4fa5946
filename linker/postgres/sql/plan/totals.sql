SELECT outcome, code, connection_id, count(*)
FROM relink.run_0_plan
GROUP BY outcome, code, connection_id
