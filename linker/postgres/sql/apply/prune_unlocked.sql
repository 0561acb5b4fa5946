-- The same, without those that another session holds locked.
-- It runs with the platform's search path: see doc.go.
-- $1 the run, $2 $3 a range of the extras
WITH unlocked AS MATERIALIZED (
    SELECT f.id, f.recording_id
    FROM run.extras AS x
    JOIN platform.recording_links AS f
        ON f.id OPERATOR(pg_catalog.=) x.link_id
        AND f.recording_id OPERATOR(pg_catalog.=) x.recording_id
    WHERE x.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
        AND x.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
        AND x.protected IS NULL AND NOT x.done
        AND f.cleared_at IS NULL
    ORDER BY x.ctid
    FOR NO KEY UPDATE OF f SKIP LOCKED
),
cleared AS (
    UPDATE platform.recording_links AS l
    SET {{clearing "'USER_UNLINK'"}}
    FROM unlocked AS u
    WHERE l.id OPERATOR(pg_catalog.=) u.id
        AND l.recording_id OPERATOR(pg_catalog.=) u.recording_id
        AND l.cleared_at IS NULL
    RETURNING l.id, l.recording_id
)
INSERT INTO relink.marks (run, recording_id, cleared)
SELECT $1, recording_id::pg_catalog.text, id::pg_catalog.text
FROM cleared
