-- The marks that an older version kept in columns of the platform's links. Only
-- those of runs that are recorded here, and from their time: the columns may have
-- come from another database's history with a dump.
-- $1 the platform's schema
INSERT INTO relink.marks (run, row_no, recording_id, made, cleared, restores)
SELECT r.id, m.row_no, m.recording_id, m.made, m.cleared, m.restores
FROM (
    SELECT
        coalesce(made.linked_by_run, cleared.cleared_by_run) AS run,
        coalesce(made.linked_by_row, cleared.cleared_by_row) AS row_no,
        coalesce(made.recording_id, cleared.recording_id)::text AS recording_id,
        made.id::text AS made,
        cleared.id::text AS cleared,
        made.restores::text AS restores,
        coalesce(made.linked_at, cleared.cleared_at) AS at
    FROM (SELECT * FROM platform.recording_links WHERE linked_by_run IS NOT NULL) AS made
    FULL JOIN (SELECT * FROM platform.recording_links WHERE cleared_by_run IS NOT NULL) AS cleared
        ON cleared.recording_id = made.recording_id
        AND cleared.cleared_by_run = made.linked_by_run
        AND cleared.cleared_by_row = made.linked_by_row
) AS m
JOIN relink.runs AS r
    ON r.id = m.run
    AND (r.platform_schema <> $1) IS NOT TRUE
    AND m.at > r.started_at - interval '1 hour'
    AND (m.at > r.finished_at + interval '1 hour') IS NOT TRUE
WHERE NOT EXISTS (SELECT FROM relink.marks AS known WHERE known.run = r.id AND known.seal IS NULL)
