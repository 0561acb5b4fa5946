-- The ids of CRM rows that were not found, in every form worth a look, with the
-- organization of the recording: no other's rows are named. key is what ids
-- share that differ in letter case or leading zeros only; it follows ASCII, as
-- ids do, which is many times faster than a language's own rules.
SELECT
    f.row_no, f.data_type, f.connection_id, f.by_id, f.given, f.form, f.organization_id,
    ltrim(lower(f.form COLLATE "C"), '0') AS key,
    -- 15 characters of a Salesforce id that has 18
    CASE WHEN f.form ~ '^[0-9A-Za-z]{15}$' AND f.form ~ '[A-Za-z]' THEN lower(f.form COLLATE "C") END AS short
FROM (
    SELECT
        p.row_no, s.data_type, s.connection_id, r.organization_id,
        s.entity_id IS NOT NULL AS by_id,
        coalesce(s.entity_id, s.external_id) AS given,
        coalesce(s.entity_id, s.external_id) AS form
    FROM relink.run_0_plan AS p
    JOIN relink.run_0_staged AS s USING (row_no)
    JOIN recordings AS r ON r.id = p.recording_id
    WHERE p.code = 'entity_not_found'
    UNION ALL
    SELECT
        p.row_no, s.data_type, s.connection_id, r.organization_id,
        s.entity_id IS NOT NULL,
        coalesce(s.entity_id, s.external_id),
        a.external_id
    FROM relink.run_0_plan AS p
    JOIN relink.run_0_staged AS s USING (row_no)
    JOIN recordings AS r ON r.id = p.recording_id
    JOIN relink.run_0_alternatives AS a USING (row_no)
    WHERE p.code = 'entity_not_found'
) AS f
