-- The connections that the file names, by themselves or by a CRM row of theirs.
SELECT DISTINCT connection_id::text COLLATE "C"
FROM run.plan
WHERE connection_id IS NOT NULL
    AND (code IS NULL OR code = 'out_of_scope')
ORDER BY 1
