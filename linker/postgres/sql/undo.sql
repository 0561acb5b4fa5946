-- Revert: what a run did, a row a recording in the order in which recordings
-- are locked, and whether it can be taken back: only while the link the run
-- made is current, or one that stands for it, because it restores it directly
-- or through others.
-- $1 the run taken back, $2 this run
CREATE UNLOGGED TABLE relink.run_0_plan WITH (autovacuum_enabled = off) AS
WITH RECURSIVE change AS MATERIALIZED (
    SELECT
        row_number() OVER (ORDER BY coalesce(made.recording_id, was.recording_id) COLLATE "C", was.id) AS row_no,
        coalesce(made.recording_id, was.recording_id) AS recording_id,
        made.id AS made_id,
        made.entity_id AS made_entity_id,
        was.id AS was_id,
        was.entity_id AS was_entity_id,
        was.data_type AS was_data_type,
        was.trigger AS was_trigger
    FROM (SELECT * FROM recording_links WHERE linked_by_run = $1) AS made
    FULL JOIN (SELECT * FROM recording_links WHERE cleared_by_run = $1) AS was
        ON was.recording_id = made.recording_id
        AND was.cleared_by_row = made.linked_by_row
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
),
done AS (
    -- what this run has taken back already, when it is resumed
    SELECT
        coalesce(made.recording_id, was.recording_id) AS recording_id,
        was.id AS link_id,
        was.entity_id,
        was.data_type
    FROM (SELECT * FROM recording_links WHERE linked_by_run = $2) AS made
    FULL JOIN (SELECT * FROM recording_links WHERE cleared_by_run = $2) AS was
        ON was.recording_id = made.recording_id
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
    CASE WHEN d.recording_id IS NOT NULL THEN d.link_id ELSE s.link_id END AS link_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.entity_id ELSE s.entity_id END AS previous_entity_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.data_type ELSE s.data_type END AS previous_data_type,
    NULL::bigint AS worker,
    d.recording_id IS NOT NULL AS done,
    c.was_id AS restores
FROM change AS c
LEFT JOIN standing AS s ON s.recording_id = c.recording_id
LEFT JOIN stands_for AS f ON f.recording_id = c.recording_id AND f.id = c.made_id
LEFT JOIN done AS d ON d.recording_id = c.recording_id
LEFT JOIN crm_entities AS e ON e.id = coalesce(c.made_entity_id, c.was_entity_id)
