-- Rows that lack a recording id which can be trusted: while there is one,
-- nobody knows which recordings the file means to keep.
SELECT count(*), min(line)
FROM relink.run_0_staged AS s
WHERE (s.code IS NOT NULL
        AND (s.recording_id IS NULL OR s.code IN ('record_too_long', 'invalid_encoding', 'malformed_row')))
    OR (s.doubtful AND EXISTS (
        SELECT FROM relink.run_0_plan AS p
        WHERE p.row_no = s.row_no AND p.code = 'recording_not_found'
    ))
