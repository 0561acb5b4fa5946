-- Revert, careful form: the planned links while they are current, and what
-- they replaced in their place. A row that finds another link is left alone.
-- $1 the run, $2–$7 the rows; the entity '' and the links 0 are none
WITH wanted AS MATERIALIZED (
    SELECT w.row_no, w.recording_id, w.trigger, nullif(w.link_id, 0) AS link_id, nullif(w.restores, 0) AS restores,
        e.id AS entity_id, e.data_type
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
        AS w (row_no, recording_id, entity_id, trigger, link_id, restores)
    LEFT JOIN crm_entities AS e ON e.id = w.entity_id
    WHERE e.id IS NOT NULL OR w.entity_id = ''
),
clearable AS MATERIALIZED (
    SELECT l.id, w.row_no, w.trigger
    FROM wanted AS w
    JOIN recording_links AS l ON l.id = w.link_id
    WHERE l.cleared_at IS NULL
    ORDER BY w.recording_id COLLATE "C"
    FOR NO KEY UPDATE OF l
),
cleared AS (
    UPDATE recording_links AS l
    SET cleared_at = greatest(clock_timestamp(), l.linked_at),
        cleared_by_run = $1,
        cleared_by_row = c.row_no,
        cleared_trigger = c.trigger
    FROM clearable AS c
    WHERE l.id = c.id AND l.cleared_at IS NULL
    RETURNING c.row_no, l.id, l.entity_id, l.data_type
),
made AS (
    INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at, linked_by_run, linked_by_row, restores)
    SELECT w.recording_id, w.data_type, w.entity_id, w.trigger, clock_timestamp(), $1, w.row_no, w.restores
    FROM wanted AS w
    LEFT JOIN cleared USING (row_no)
    WHERE w.entity_id IS NOT NULL
        AND (w.link_id IS NULL OR cleared.id IS NOT NULL)
    ORDER BY w.recording_id COLLATE "C"
    ON CONFLICT (recording_id) WHERE cleared_at IS NULL DO NOTHING
    RETURNING linked_by_row AS row_no
)
SELECT
    w.row_no,
    made.row_no IS NOT NULL OR w.entity_id IS NULL AS is_made,
    coalesce(cleared.id, 0),
    coalesce(cleared.entity_id, ''),
    coalesce(cleared.data_type::text, '')
FROM wanted AS w
LEFT JOIN made USING (row_no)
LEFT JOIN cleared USING (row_no)
WHERE made.row_no IS NOT NULL OR cleared.row_no IS NOT NULL
