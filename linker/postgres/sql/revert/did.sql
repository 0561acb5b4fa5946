-- What a run did, a row a recording: the link it made, the link it cleared, or
-- both. A foreign writer may have cleared the new link since: it was made all
-- the same. made and was are tables of their own, with statistics of their
-- own: those of recording_links know nothing yet of a run that was just there,
-- and a planner that expects one mark and meets a million loops for hours.
SELECT
    coalesce(made.recording_id, was.recording_id) AS recording_id,
    coalesce(made.row_no, was.row_no) AS row_no,
    made.id AS made_id,
    made.entity_id AS made_entity_id,
    made.data_type AS made_data_type,
    was.id AS was_id,
    was.entity_id AS was_entity_id,
    was.data_type AS was_data_type,
    was.trigger AS was_trigger
FROM relink.run_0_made AS made
FULL JOIN relink.run_0_was AS was
    ON was.recording_id = made.recording_id
    AND was.row_no = made.row_no
