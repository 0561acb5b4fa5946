-- Every row that went to the database, in input order. The rows of a recording
-- share the fate of the row that does its work. Columns that repeat what is
-- known do not travel: on a night on which nothing changes they are half of
-- the bytes.
-- $1 recordings are wanted, as for a revert, which has no file that names them
SELECT
    d.row_no,
    d.outcome,
    d.code,
    nullif(concat_ws('; ', d.unexpected, d.detail), ''),
    CASE WHEN d.outcome <> 'rejected' OR d.code = 'conflicting_rows' THEN d.entity_id::text END,
    CASE -- '' for no link before, null for one to the same CRM row
        WHEN d.outcome = 'rejected' OR d.previous_entity_id IS NULL THEN ''
        WHEN d.previous_entity_id IS DISTINCT FROM d.entity_id::text THEN d.previous_entity_id
    END,
    CASE WHEN d.outcome <> 'rejected' THEN d.previous_data_type END,
    CASE WHEN $1::boolean THEN d.recording_id::text END
FROM (
    SELECT
        p.row_no,
        p.recording_id,
        p.entity_id,
        CASE
            WHEN o.row_no IS NULL OR p.outcome IN ('superseded', 'rejected') THEN p.outcome
            WHEN o.row_no = p.row_no THEN o.outcome
            WHEN o.outcome IN ('created', 'replaced', 'cleared', 'unchanged') THEN 'unchanged'
            ELSE o.outcome
        END AS outcome,
        CASE
            WHEN o.row_no IS NULL OR p.outcome IN ('superseded', 'rejected') THEN p.code
            ELSE o.code
        END AS code,
        CASE
            WHEN o.row_no IS NULL OR p.outcome IN ('superseded', 'rejected') THEN p.detail
            ELSE coalesce(o.detail, p.detail)
        END AS detail,
        CASE
            WHEN p.as_expected IS NOT FALSE OR p.outcome <> 'kept' THEN NULL
            WHEN p.expected = '-' THEN 'the recording is linked, and the row expects no link'
            ELSE format('the recording is not linked to %s, as the row expects', p.expected)
        END AS unexpected,
        CASE WHEN o.row_no IS NULL THEN p.previous_entity_id::text ELSE o.previous_entity_id END AS previous_entity_id,
        CASE WHEN o.row_no IS NULL THEN p.previous_data_type::text ELSE o.previous_data_type END AS previous_data_type
    FROM run.plan AS p
    LEFT JOIN run.outcomes AS o ON o.row_no = coalesce(p.worker, p.row_no)
) AS d
ORDER BY d.row_no
