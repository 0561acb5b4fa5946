-- The rows of a map in order, with how many links each names, and whether it moves
-- them.
SELECT
    m.row_no,
    m.line,
    coalesce(m.data_type::text, ''),
    coalesce(m.external_id::text, ''),
    coalesce(m.connection_id::text, ''),
    coalesce(m.new_data_type::text, ''),
    coalesce(m.new_external_id::text, ''),
    coalesce(m.new_connection_id::text, ''),
    coalesce(p.code, ''),
    coalesce(p.message, ''),
    coalesce(p.entity_id::text, ''),
    coalesce(p.new_entity_id::text, ''),
    coalesce(l.links, 0)
FROM run.map AS m
JOIN run.map_pairs AS p ON p.row_no = m.row_no
LEFT JOIN (SELECT row_no, count(*) AS links FROM run.links GROUP BY row_no) AS l ON l.row_no = m.row_no
ORDER BY m.row_no
