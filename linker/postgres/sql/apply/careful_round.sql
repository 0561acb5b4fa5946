-- One round of the careful form: clear every other current link of the
-- recordings still to do, insert, and say which rows are done. The join with
-- what was cleared makes each clear precede its insert.
-- $1 the run, null to leave no marks, $2–$5 the rows, $6 leave every link, $7 triggers of links that
-- are left, $8 $9 $10 the scope outside which no link is cleared
WITH wanted AS MATERIALIZED (
    SELECT w.row_no, w.recording_id, w.trigger, e.id AS entity_id, e.data_type
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[])
        AS w (row_no, recording_id, entity_id, trigger)
    JOIN crm_entities AS e ON e.id = w.entity_id
),
clearable AS MATERIALIZED (
    SELECT l.id, w.row_no, w.trigger
    FROM wanted AS w
    JOIN recording_links AS l ON l.recording_id = w.recording_id AND l.cleared_at IS NULL
    LEFT JOIN crm_entities AS e ON e.id = l.entity_id
    LEFT JOIN integration_connections AS home ON home.id = e.integration_connection_id
    WHERE l.entity_id <> w.entity_id
        AND NOT $6::boolean
        AND (l.trigger = ANY ($7::text[])) IS NOT TRUE
        AND (home.id <> ALL ($8::text[])) IS NOT TRUE
        AND (l.data_type::text <> ALL ($9::text[])) IS NOT TRUE
        AND (home.organization_id <> ALL ($10::text[])) IS NOT TRUE
    ORDER BY w.recording_id COLLATE "C"
    FOR NO KEY UPDATE OF l
),
cleared AS (
    UPDATE recording_links AS l
    SET cleared_at = greatest(clock_timestamp(), l.linked_at),
        cleared_by_run = $1,
        cleared_by_row = CASE WHEN $1::bigint IS NOT NULL THEN c.row_no END,
        cleared_trigger = c.trigger
    FROM clearable AS c
    WHERE l.id = c.id AND l.cleared_at IS NULL
    RETURNING c.row_no, l.id, l.entity_id, l.data_type
),
made AS (
    INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at, linked_by_run, linked_by_row)
    SELECT w.recording_id, w.data_type, w.entity_id, w.trigger, clock_timestamp(), $1,
        CASE WHEN $1::bigint IS NOT NULL THEN w.row_no END
    FROM wanted AS w
    LEFT JOIN cleared USING (row_no)
    ORDER BY w.recording_id COLLATE "C"
    ON CONFLICT (recording_id) WHERE cleared_at IS NULL DO NOTHING
    RETURNING recording_id
)
SELECT
    w.row_no,
    made.recording_id IS NOT NULL AS is_made,
    coalesce(cleared.id, 0),
    coalesce(cleared.entity_id, ''),
    coalesce(cleared.data_type::text, '')
FROM wanted AS w
LEFT JOIN made ON made.recording_id = w.recording_id
LEFT JOIN cleared ON cleared.row_no = w.row_no
WHERE made.recording_id IS NOT NULL OR cleared.row_no IS NOT NULL
