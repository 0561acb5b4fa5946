-- Both sides of a map's rows, to be looked up in one way: the old one has twice
-- the row's number, the new one that and one.
    SELECT 2 * row_no AS side_no, data_type, external_id, connection_id
    FROM run.map
    WHERE code IS NULL
    UNION ALL
    SELECT 2 * row_no + 1, new_data_type, new_external_id, new_connection_id
    FROM run.map
    WHERE code IS NULL
