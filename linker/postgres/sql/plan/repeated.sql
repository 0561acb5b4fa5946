-- Recordings that more than one resolvable row asks for. Most recordings stand
-- in a file once: staging marks the rows whose recording it may have seen
-- before, and only the rows of those recordings are looked at, in one pass.
CREATE UNLOGGED TABLE run.repeated WITH (autovacuum_enabled = off) AS
SELECT
    recording_id,
    min(entity_id::text COLLATE "C") <> max(entity_id::text COLLATE "C") AS differ,
    (array_agg(winner))[1] AS winner,
    min(row_no) FILTER (WHERE entity_id = winner) AS worker,
    count(*) AS rows,
    (array_agg(line ORDER BY row_no))[1:6] AS lines
FROM (
    SELECT
        row_no, line, recording_id, entity_id,
        last_value(entity_id) OVER (
            PARTITION BY recording_id
            ORDER BY row_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS winner
    FROM run.plan
    WHERE code IS NULL
        AND NOT done
        AND as_expected IS NOT FALSE -- else the row asks for nothing
        AND recording_id IN (SELECT recording_id FROM run.staged WHERE seen)
) AS member
GROUP BY recording_id
HAVING count(*) > 1
