-- The marks of what the slow path has done. What is null or '' is none.
-- $1 the run, $2–$6 rows, recordings, links made, links cleared, links that those
-- made stand for
INSERT INTO relink.marks (run, row_no, recording_id, made, cleared, restores)
SELECT $1, w.row_no, w.recording_id, nullif(w.made, ''), nullif(w.cleared, ''), nullif(w.restores, '')
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS w (row_no, recording_id, made, cleared, restores)
