-- Rows that lack a recording id which can be trusted: while there is one, nobody
-- knows which recordings the file means to keep. An id that a recording has is
-- trusted. Any other is when it could be one: its characters are those of ids,
-- and where the ids of recordings have one type or one form it has that, too.
--
-- Lines that are probably no rows do not count where they hide no recording: a row
-- that only fills columns nobody reads, a ruler, and a footer, which is what the
-- file ends in. Recordings that stand in their text are left out of the prune.
--
-- $1 the caller's organization, null for any
WITH last_row AS MATERIALIZED (
    SELECT coalesce(max(row_no), 0) AS row_no FROM run.staged WHERE stray IS NULL
),
unknown AS MATERIALIZED (
    SELECT s.row_no, s.line, s.code, coalesce(s.recording_id::text, s.unfit_recording_id) AS recording_id,
        s.doubtful OR s.unfit_recording_id IS NOT NULL AS doubtful, s.stray
    FROM run.plan AS p
    JOIN run.staged AS s USING (row_no)
    WHERE p.code = 'recording_not_found'
    UNION ALL
    SELECT s.row_no, s.line, s.code, coalesce(s.recording_id::text, s.unfit_recording_id) AS recording_id,
        s.doubtful OR s.unfit_recording_id IS NOT NULL AS doubtful, s.stray
    FROM run.staged AS s
    LEFT JOIN platform.recordings AS r
        ON r.id = s.recording_id
        AND ($1::text IS NULL OR r.organization_id::text = $1)
    WHERE s.code IS NOT NULL AND r.id IS NULL
),
-- The form is read from the recordings that the file found and from some of the
-- others. Of more it could only turn out to be wider: then a prune is withheld
-- that need not be.
known AS MATERIALIZED (
    (
        SELECT p.recording_id::text COLLATE "C" AS id
        FROM run.plan AS p
        WHERE p.code IS DISTINCT FROM 'recording_not_found'
            AND EXISTS (SELECT FROM unknown WHERE recording_id IS NOT NULL)
        LIMIT 50000
    )
    UNION ALL
    (
        SELECT r.id::text COLLATE "C"
        FROM platform.recordings AS r
        WHERE ($1 IS NULL OR r.organization_id::text = $1)
            AND EXISTS (SELECT FROM unknown WHERE recording_id IS NOT NULL)
        LIMIT 50000
    )
),
form AS (
    SELECT
        bool_and(id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$') AS uuids,
        bool_and(id ~ '^[0-9]+$') AS numbers,
        CASE WHEN min(length(id)) = max(length(id)) THEN min(length(id)) END AS length,
        bool_or(id ~ '[0-9]') AS digits,
        bool_or(id ~ '[a-z]') AS small,
        bool_or(id ~ '[A-Z]') AS capitals,
        bool_or(id ~ '[^0-9A-Za-z]') AS others
    FROM known
),
untrusted AS (
    SELECT u.row_no, u.line, u.recording_id
    FROM unknown AS u
    CROSS JOIN form AS f
    CROSS JOIN LATERAL (SELECT u.recording_id COLLATE "C" AS id) AS given
    WHERE (
            u.recording_id IS NULL
            OR u.doubtful
            OR CASE
                WHEN f.uuids THEN given.id !~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
                WHEN f.numbers THEN given.id !~ '^[0-9]+$'
                WHEN f.length IS NOT NULL THEN
                    length(given.id) <> f.length
                    OR NOT f.digits AND given.id ~ '[0-9]'
                    OR NOT f.small AND given.id ~ '[a-z]'
                    OR NOT f.capitals AND given.id ~ '[A-Z]'
                    OR NOT f.others AND given.id ~ '[^0-9A-Za-z]'
            END
        )
        AND NOT (
            u.stray IS NOT NULL
            AND (
                u.code = 'missing_recording_id'
                OR u.stray COLLATE "C" !~ '[0-9A-Za-z\u0080-\U0010ffff]'
                OR u.row_no > (SELECT row_no FROM last_row)
            )
        )
)
SELECT
    count(*),
    (array_agg(line ORDER BY row_no))[1:5],
    (array_agg(recording_id ORDER BY row_no))[1]
FROM untrusted
