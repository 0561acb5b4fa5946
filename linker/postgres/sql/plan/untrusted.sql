-- Rows that lack a recording id which can be trusted: while there is one, nobody
-- knows which recordings the file means to keep. An id that a recording has is
-- trusted. Any other is when it could be one: its characters are those of ids,
-- and it has one of the shapes that the ids of recordings have. See shape().
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
shaped AS MATERIALIZED (
    SELECT {{shape "id"}} AS shape, count(*) AS ids, min(length(id)) AS shortest, max(length(id)) AS longest
    FROM known
    GROUP BY 1
),
-- Shapes tell something where many ids share one. Ids at random have nearly as many
-- shapes as there are ids: of those only lengths and characters are compared.
form AS MATERIALIZED (
    SELECT
        2 * count(*) <= sum(ids) AND count(*) <= 100 AS by_shape,
        min(shortest) AS shortest,
        max(longest) AS longest,
        bool_and(shape ~ '[9u]') AS digits, -- each has one
        bool_or(shape ~ '9') AS digit, -- some have one
        bool_or(shape ~ 'a') AS small,
        bool_or(shape ~ 'A') AS capital,
        bool_or(shape ~ '[-u]') AS hyphen,
        bool_or(shape ~ '_') AS underscore,
        bool_or(shape ~ '[.]') AS dot,
        bool_or(shape ~ ':') AS colon
    FROM shaped
),
-- An id in another form of one that is left for it hides no recording.
meant AS MATERIALIZED (
    SELECT {{looseKey "x.recording_id"}} AS key
    FROM run.extras AS x
    WHERE x.protected IS NOT NULL
),
untrusted AS (
    SELECT u.row_no, u.line, u.recording_id
    FROM unknown AS u
    CROSS JOIN form AS f
    CROSS JOIN LATERAL (SELECT u.recording_id COLLATE "C" AS id, {{shape "u.recording_id"}} AS shape) AS given
    WHERE (
            u.recording_id IS NULL
            OR u.doubtful
            OR {{looseKey "u.recording_id"}} NOT IN (SELECT key FROM meant) AND CASE
                WHEN f.by_shape THEN NOT EXISTS (
                    SELECT FROM shaped AS s
                    WHERE s.shape = given.shape
                        AND (s.shape = '9' OR s.shortest < s.longest OR s.shortest = length(given.id))
                )
                ELSE length(given.id) NOT BETWEEN f.shortest AND f.longest
                    OR f.digits AND given.id !~ '[0-9]'
                    OR NOT f.digit AND given.id ~ '[0-9]'
                    OR NOT f.small AND given.id ~ '[a-z]'
                    OR NOT f.capital AND given.id ~ '[A-Z]'
                    OR NOT f.hyphen AND given.id ~ '-'
                    OR NOT f.underscore AND given.id ~ '_'
                    OR NOT f.dot AND given.id ~ '[.]'
                    OR NOT f.colon AND given.id ~ ':'
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
