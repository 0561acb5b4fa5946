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
    SELECT m.*, f.form, true
{{template "spellings"}}    WHERE f.form <> m.given AND f.form <> ''
) AS f
