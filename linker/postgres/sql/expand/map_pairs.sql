-- What each row of a map asks for, and what is wrong with it: the same old row with
-- two new ones is refused on both; what says the same again is not used.
-- $1 the caller's organization, null for any
CREATE UNLOGGED TABLE run.map_pairs WITH (autovacuum_enabled = off) AS
SELECT
    p.row_no,
    p.line,
    p.entity_id,
    p.new_entity_id,
    p.new_data_type,
    CASE WHEN p.differ THEN 'conflicting_rows' ELSE p.code END AS code,
    CASE
        WHEN p.differ THEN format('another row of the map, on line %s, has another new row for %s', p.other_line, p.entity_id)
        WHEN p.code IS NULL AND p.line <> p.first_line THEN concat_ws('; ', format('the same as line %s', p.first_line), p.message)
        ELSE p.message
    END AS message,
    -- the row that its links are counted with
    p.line = p.first_line AS is_first
FROM (
    SELECT
        d.*,
        d.code IS NULL AND min(d.new_entity_id::text COLLATE "C") OVER same <> max(d.new_entity_id::text COLLATE "C") OVER same AS differ,
        min(d.line) OVER same AS first_line,
        CASE WHEN d.line = min(d.line) OVER same THEN max(d.line) OVER same ELSE min(d.line) OVER same END AS other_line
    FROM (
        SELECT
            m.row_no,
            m.line,
            was.entity_id,
            becomes.entity_id AS new_entity_id,
            becomes.data_type AS new_data_type,
            CASE
                WHEN m.code IS NOT NULL THEN m.code
                WHEN old_home.id IS NULL OR new_home.id IS NULL THEN 'connection_not_found'
                WHEN was.entity_id IS NULL OR becomes.entity_id IS NULL THEN 'entity_not_found'
                WHEN was.organization_id <> becomes.organization_id THEN 'organization_mismatch'
            END AS code,
            CASE
                WHEN m.code IS NOT NULL THEN m.message
                WHEN old_home.id IS NULL THEN concat_ws('; ', format('old row: no connection has the id %s', m.connection_id), m.message)
                WHEN new_home.id IS NULL THEN concat_ws('; ', format('new row: no connection has the id %s', m.new_connection_id), m.message)
                ELSE nullif(concat_ws('; ',
                    CASE WHEN was.entity_id IS NULL THEN format('old row: connection %s has no %s with the externalId %s', m.connection_id, m.data_type, m.external_id) END,
                    CASE WHEN becomes.entity_id IS NULL THEN format('new row: connection %s has no %s with the externalId %s', m.new_connection_id, m.new_data_type, m.new_external_id) END,
                    CASE WHEN was.organization_id <> becomes.organization_id THEN 'the two rows belong to different organizations' END,
                    'old row found as ' || was.found_as,
                    'new row found as ' || becomes.found_as,
                    m.message
                ), '')
            END AS message
        FROM run.map AS m
        LEFT JOIN run.map_found AS was ON was.side_no = 2 * m.row_no
        LEFT JOIN run.map_found AS becomes ON becomes.side_no = 2 * m.row_no + 1
        LEFT JOIN platform.integration_connections AS old_home
            ON old_home.id = m.connection_id AND ($1::text IS NULL OR old_home.organization_id::text = $1)
        LEFT JOIN platform.integration_connections AS new_home
            ON new_home.id = m.new_connection_id AND ($1 IS NULL OR new_home.organization_id::text = $1)
    ) AS d
    WINDOW same AS (PARTITION BY d.entity_id, d.code IS NULL, CASE WHEN d.entity_id IS NULL THEN d.row_no END)
) AS p
