-- Revert: what a run did, a row a recording in the order in which recordings
-- are locked, and whether it can be taken back: only while the link the run
-- made is current, or one that stands for it, because it restores it directly
-- or through others.
-- to_revert is what that run did, applied is what this run has done of it already,
-- when it is resumed.
-- $1 the run, $2 the caller's organization, null for any
WITH RECURSIVE change AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY recording_id::text COLLATE "C", cleared_id) AS row_no,
        recording_id, made_id, made_entity_id, cleared_id, cleared_entity_id, cleared_data_type, cleared_trigger
    FROM run.to_revert
),
standing AS MATERIALIZED (
    SELECT l.recording_id, l.id AS link_id,
        CASE WHEN theirs.id IS NULL THEN l.entity_id END AS entity_id,
        CASE WHEN theirs.id IS NULL THEN l.data_type END AS data_type
    FROM platform.recording_links AS l
    JOIN change AS c ON c.recording_id = l.recording_id
    {{others "l.entity_id" 2}}
    WHERE {{current "l"}}
),
chain (recording_id, id) AS (
    SELECT recording_id, link_id::text
    FROM standing
    UNION{{if not deletes}} ALL{{end}}
    SELECT c.recording_id, m.restores
    FROM chain AS c
    JOIN relink.marks AS m ON m.made = c.id AND m.restores IS NOT NULL AND m.recording_id = c.recording_id::text
    -- Links of another platform in this database may have the same ids.
    JOIN relink.runs AS this ON this.id = $1
    LEFT JOIN relink.runs AS r ON r.id = m.run
    WHERE (this.platform_schema <> r.platform_schema) IS NOT TRUE
),
stands_for AS (
    SELECT DISTINCT recording_id, id
    FROM chain
)
SELECT
    c.row_no,
    0::bigint AS line,
    c.recording_id,
    coalesce(c.cleared_trigger, CASE WHEN c.cleared_id IS NULL THEN 'USER_UNLINK' END) AS trigger,
    CASE
        WHEN d.recording_id IS NOT NULL THEN 'reverted'
        WHEN c.made_id IS NULL AND s.link_id IS NULL THEN 'reverted'
        WHEN c.made_id IS NOT NULL AND f.id IS NOT NULL{{if deletes}} AND s.entity_id = c.made_entity_id{{end}} THEN 'reverted'
        ELSE 'kept'
    END AS outcome,
    NULL::text AS code,
    NULL::text AS detail,
    c.cleared_entity_id AS entity_id,
    c.cleared_data_type AS data_type,
    e.integration_connection_id AS connection_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.cleared_id ELSE s.link_id END AS link_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.cleared_entity_id ELSE s.entity_id END AS previous_entity_id,
    CASE WHEN d.recording_id IS NOT NULL THEN d.cleared_data_type ELSE s.data_type END AS previous_data_type,
    NULL::text AS previous_trigger,
    NULL::text AS expected,
    NULL::boolean AS as_expected,
    NULL::bigint AS worker,
    d.recording_id IS NOT NULL AS done,
    c.cleared_id AS restores
FROM change AS c
LEFT JOIN standing AS s ON s.recording_id = c.recording_id
LEFT JOIN stands_for AS f ON f.recording_id = c.recording_id AND f.id = c.made_id::text
LEFT JOIN run.applied AS d ON d.recording_id = c.recording_id
LEFT JOIN platform.crm_entities AS e ON e.id = coalesce(c.made_entity_id, c.cleared_entity_id)
