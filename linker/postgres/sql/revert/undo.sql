-- Revert: what a run did, a row a recording in the order in which recordings
-- are locked, and whether it can be taken back: only while the link the run
-- made is current, or one that stands for it, because it restores it directly
-- or through others.
-- undone is what that run did, did is what this run has done of it already,
-- when it is resumed.
WITH RECURSIVE change AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY recording_id COLLATE "C", was_id) AS row_no,
        recording_id, made_id, made_entity_id, was_id, was_entity_id, was_data_type, was_trigger
    FROM relink.run_0_undone
),
standing AS MATERIALIZED (
    SELECT l.recording_id, l.id AS link_id, l.entity_id, l.data_type, l.restores
    FROM recording_links AS l
    JOIN change AS c ON c.recording_id = l.recording_id
    WHERE l.cleared_at IS NULL
),
chain (recording_id, id, restores) AS (
    SELECT recording_id, link_id, restores
    FROM standing
    UNION ALL
    SELECT c.recording_id, l.id, l.restores
    FROM chain AS c
    JOIN recording_links AS l ON l.id = c.restores
),
stands_for AS (
    SELECT DISTINCT recording_id, id
    FROM chain
)
SELECT
    c.row_no,
    0::bigint AS line,
    c.recording_id,
    coalesce(c.was_trigger, CASE WHEN c.was_id IS NULL THEN 'USER_UNLINK' END) AS trigger,
    CASE
        WHEN d.recording_id IS NOT NULL THEN 'reverted'
        WHEN c.made_id IS NULL AND s.link_id IS NULL THEN 'reverted'
        WHEN c.made_id IS NOT NULL AND f.id IS NOT NULL THEN 'reverted'
        ELSE 'kept'
    END AS outcome,
    NULL::text AS code,
    NULL::text AS detail,
    c.was_entity_id AS entity_id,
    c.was_data_type AS data_type,
    e.integration_connection_id AS connection_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.was_id ELSE s.link_id END AS link_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.was_entity_id ELSE s.entity_id END AS previous_entity_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.was_data_type ELSE s.data_type END AS previous_data_type,
    NULL::bigint AS worker,
    d.recording_id IS NOT NULL AS done,
    c.was_id AS restores
FROM change AS c
LEFT JOIN standing AS s ON s.recording_id = c.recording_id
LEFT JOIN stands_for AS f ON f.recording_id = c.recording_id AND f.id = c.made_id
LEFT JOIN relink.run_0_did AS d ON d.recording_id = c.recording_id
LEFT JOIN crm_entities AS e ON e.id = coalesce(c.made_entity_id, c.was_entity_id)
