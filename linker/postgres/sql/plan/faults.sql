-- Rows that Check refused, by code, and how many of them are probably no rows.
SELECT code, count(*), count(stray)
FROM run.staged
WHERE code IS NOT NULL
GROUP BY code
