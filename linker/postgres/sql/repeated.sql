-- Recordings that more than one resolvable row asks for. Most recordings stand
-- in a file once: staging marks the rows whose recording it may have seen
-- before, and only the recordings of those are looked at.
CREATE UNLOGGED TABLE relink.run_0_repeated WITH (autovacuum_enabled = off) AS
WITH suspected AS (
    SELECT DISTINCT recording_id
    FROM relink.run_0_staged
    WHERE seen
),
repeated AS (
    SELECT p.recording_id
    FROM relink.run_0_plan AS p
    JOIN suspected USING (recording_id)
    WHERE p.code IS NULL AND NOT p.done
    GROUP BY p.recording_id
    HAVING count(*) > 1
),
member AS (
    SELECT
        p.row_no, p.line, p.recording_id, p.entity_id,
        last_value(p.entity_id) OVER (
            PARTITION BY p.recording_id
            ORDER BY p.row_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS winner
    FROM relink.run_0_plan AS p
    JOIN repeated USING (recording_id)
    WHERE p.code IS NULL AND NOT p.done
)
SELECT
    recording_id,
    min(entity_id COLLATE "C") <> max(entity_id COLLATE "C") AS differ,
    min(winner) AS winner,
    min(row_no) FILTER (WHERE entity_id = winner) AS worker,
    count(*) AS rows,
    (array_agg(line ORDER BY row_no))[1:6] AS lines
FROM member
GROUP BY recording_id
