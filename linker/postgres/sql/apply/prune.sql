-- Clears extras by link id, while they are current.
-- It runs with the platform's search path: see doc.go.
-- $1 the run, $2 $3 a range of the extras
WITH cleared AS (
    UPDATE platform.recording_links AS l
    SET {{clearing "'USER_UNLINK'"}}
    FROM run.extras AS x
    WHERE x.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
        AND x.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
        AND x.protected IS NULL AND NOT x.done
        AND l.id OPERATOR(pg_catalog.=) x.link_id
        AND l.recording_id OPERATOR(pg_catalog.=) x.recording_id
        AND l.cleared_at IS NULL
    RETURNING l.id, l.recording_id
)
INSERT INTO relink.marks (run, recording_id, cleared)
SELECT $1, recording_id::pg_catalog.text, id::pg_catalog.text
FROM cleared
