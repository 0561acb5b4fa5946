SELECT outcome, code, count(*)
FROM relink.run_0_plan
GROUP BY outcome, code
UNION ALL
SELECT 'rejected', code, count(*)
FROM relink.run_0_staged
WHERE code IS NOT NULL
GROUP BY code
