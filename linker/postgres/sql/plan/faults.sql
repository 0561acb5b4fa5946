-- Rows that Check refused, by code.
SELECT code, count(*)
FROM relink.run_0_staged
WHERE code IS NOT NULL
GROUP BY code
