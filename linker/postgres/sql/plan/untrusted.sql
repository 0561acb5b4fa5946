-- Rows that lack a recording id which can be trusted: while there is one,
-- nobody knows which recordings the file means to keep. An id that looks
-- damaged is one only if no recording has it.
-- $1 the caller's organization, null for any
SELECT count(*), min(line)
FROM (
    SELECT line
    FROM relink.run_0_staged
    WHERE code IS NOT NULL
        AND (recording_id IS NULL OR code IN ('record_too_long', 'invalid_encoding', 'malformed_row'))
    UNION ALL
    SELECT s.line
    FROM relink.run_0_staged AS s
    LEFT JOIN recordings AS r
        ON r.id = s.recording_id
        AND ($1::text IS NULL OR r.organization_id = $1)
    WHERE s.doubtful
        AND s.recording_id IS NOT NULL
        AND r.id IS NULL
) AS untrusted
