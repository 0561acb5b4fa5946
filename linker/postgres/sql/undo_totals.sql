SELECT outcome, code, count(*)
FROM relink.run_0_plan
GROUP BY outcome, code
