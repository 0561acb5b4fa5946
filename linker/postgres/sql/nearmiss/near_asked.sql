-- The ids of CRM rows that were not found, in every form worth a look, with the
-- organization of the recording: no other's rows are named. key is what ids
-- share that differ in letter case or leading zeros only; it follows ASCII, as
-- ids do, which is many times faster than a language's own rules.
WITH missed AS MATERIALIZED (
    SELECT
        p.row_no,
        s.data_type,
        s.connection_id,
        s.external_id::text AS external_id,
        s.entity_id IS NOT NULL OR s.unfit_entity_id IS NOT NULL AS by_id,
        coalesce(s.entity_id::text, s.external_id::text, s.unfit_entity_id, s.unfit_external_id) AS given,
        r.organization_id::text AS organization_id
    FROM run.plan AS p
    JOIN run.staged AS s USING (row_no)
    JOIN platform.recordings AS r ON r.id = p.recording_id
    WHERE p.code = 'entity_not_found'
)
SELECT
    f.row_no,
    f.data_type,
    f.connection_id,
    f.by_id,
    f.given,
    f.form,
    f.spelled,
    f.organization_id,
    {{nearKey "f.form"}} AS key,
    -- has the length of a Salesforce id, and letters, whose case may be lost
    CASE
        WHEN length(f.form) = 15 AND f.external_id = f.form AND lower(f.form COLLATE "C") <> upper(f.form COLLATE "C")
            THEN lower(f.form COLLATE "C")
    END AS short
FROM (
    SELECT missed.*, given AS form, false AS spelled FROM missed
    UNION ALL
    SELECT missed.*, a.external_id, false FROM missed JOIN run.alternate_ids AS a USING (row_no)
    UNION ALL
    -- other ways to write what was given: see near_recordings.sql
    SELECT m.*, f.form, true
    FROM (SELECT * FROM missed WHERE given COLLATE "C" ~ '[^0-9A-Za-z_-]|^[0-9A-Fa-f]{32}$') AS m
    CROSS JOIN LATERAL (
        SELECT
            regexp_replace(m.given COLLATE "C", '^[Uu][Rr][Nn]:[Uu][Uu][Ii][Dd]:', '') AS id,
            regexp_replace(translate(m.given COLLATE "C", '‐‑‒–—―−﹘﹣－', '----------'), '[^!-~]+', '', 'g') AS ascii,
            regexp_replace(m.given COLLATE "C", '[^0-9A-Za-z]+', '', 'g') AS bare
    ) AS g
    CROSS JOIN LATERAL (
        SELECT g.id AS form
        UNION
        SELECT g.ascii
        UNION
        SELECT g.bare
        UNION
        SELECT regexp_replace(lower(right(g.bare, 32)), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
        WHERE right(g.bare, 32) ~ '^[0-9A-Fa-f]{32}$'
        UNION
        (
            -- the first eight parts: more is no list of ids in a cell
            SELECT part.form
            FROM regexp_split_to_table(g.id, '[^0-9A-Za-z._:-]+') WITH ORDINALITY AS part (form, place)
            WHERE g.id ~ '[^0-9A-Za-z._:-]'
            ORDER BY part.place
            LIMIT 8
        )
    ) AS f
    WHERE f.form <> m.given AND f.form <> ''
) AS f
