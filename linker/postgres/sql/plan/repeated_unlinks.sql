-- Several rows that clear the link of one recording: the first does it.
UPDATE run.plan AS p
SET outcome = 'unchanged', worker = f.row_no
FROM (
    SELECT recording_id, min(row_no) AS row_no
    FROM run.plan
    WHERE outcome = 'cleared'
        AND NOT done
        AND recording_id IN (SELECT recording_id FROM run.staged WHERE seen)
    GROUP BY recording_id
    HAVING count(*) > 1
) AS f
WHERE p.recording_id = f.recording_id
    AND p.outcome = 'cleared'
    AND p.row_no > f.row_no
