CREATE UNLOGGED TABLE relink.run_0_marks WITH (autovacuum_enabled = off) AS
SELECT
    l.recording_id,
    l.linked_by_row AS row_no,
    l.entity_id,
    l.data_type,
    NULL::text AS connection_id,
    l.id AS previous_link_id,
    l.entity_id AS previous_entity_id,
    l.data_type AS previous_data_type
FROM recording_links AS l
WITH NO DATA
