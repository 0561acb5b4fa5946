-- Whether the recordings that this run has changed were linked, before, to what
-- the rows expect: that is what these rows are judged by, also when the run is
-- resumed.
-- $1 as $7 of resolve.sql
UPDATE run.plan AS p
SET as_expected = CASE WHEN (m.cleared_entity_id IS DISTINCT FROM p.entity_id) = ($1::text IS DISTINCT FROM 'unlink') THEN {{asExpected "s" "m.cleared_entity_id"}} END
FROM run.staged AS s, run.applied AS m
WHERE s.row_no = p.row_no
    AND s.expected IS NOT NULL
    AND m.recording_id = p.recording_id
