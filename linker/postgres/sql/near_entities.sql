-- Rows whose CRM row was not found: what the id nearly is, among the rows of
-- the recording's own organization. One pass over the CRM rows for all misses:
-- ids that differ in letter case or leading zeros only share a key.
SELECT DISTINCT ON (c.row_no) c.row_no, c.said
FROM (
    SELECT
        m.row_no,
        e.id,
        CASE
            WHEN m.by_id AND e.external_id = m.given
                THEN 1
            WHEN m.by_id
                THEN NULL
            WHEN e.external_id = m.given AND e.integration_connection_id = m.connection_id
                THEN 2
            WHEN e.external_id = m.given AND e.data_type = m.data_type
                THEN 3
            WHEN e.external_id = m.given
                THEN 4
            WHEN e.integration_connection_id <> m.connection_id OR e.data_type <> m.data_type
                THEN NULL
            WHEN lower(e.external_id) = lower(m.given)
                THEN 5
            ELSE 6
        END AS rank,
        CASE
            WHEN m.by_id AND e.external_id = m.given
                THEN format('this is the external id of %s %s in connection "%s": give it as externalId',
                    CASE WHEN e.data_type::text ~ '^[AEIOU]' THEN 'an' ELSE 'a' END, e.data_type, e.integration_connection_id)
            WHEN e.external_id = m.given AND e.integration_connection_id = m.connection_id
                THEN format('this id is %s %s in the connection', CASE WHEN e.data_type::text ~ '^[AEIOU]' THEN 'an' ELSE 'a' END, e.data_type)
            WHEN e.external_id = m.given AND e.data_type = m.data_type
                THEN format('exists in connection "%s"', e.integration_connection_id)
            WHEN e.external_id = m.given
                THEN format('exists as %s in connection "%s"', e.data_type, e.integration_connection_id)
            WHEN lower(e.external_id) = lower(m.given)
                THEN format('"%s" exists, which differs in letter case', e.external_id)
            ELSE format('"%s" exists, which differs in leading zeros', e.external_id)
        END AS said
    FROM (
        SELECT
            p.row_no,
            s.data_type,
            s.connection_id,
            s.entity_id IS NOT NULL AS by_id,
            coalesce(s.entity_id, s.external_id) AS given,
            r.organization_id
        FROM relink.run_0_plan AS p
        JOIN relink.run_0_staged AS s USING (row_no)
        JOIN recordings AS r ON r.id = p.recording_id
        WHERE p.code = 'entity_not_found'
    ) AS m
    JOIN crm_entities AS e
        ON ltrim(lower(e.external_id), '0') = ltrim(lower(m.given), '0')
    JOIN integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id = m.organization_id
    UNION ALL
    -- the platform's own id, given as an external one
    SELECT p.row_no, e.id, 0, 'this is the platform''s own id: give it as id'
    FROM relink.run_0_plan AS p
    JOIN relink.run_0_staged AS s USING (row_no)
    JOIN recordings AS r ON r.id = p.recording_id
    JOIN crm_entities AS e ON e.id = s.external_id
    JOIN integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id = r.organization_id
    WHERE p.code = 'entity_not_found'
) AS c
WHERE c.rank IS NOT NULL
ORDER BY c.row_no, c.rank, c.id COLLATE "C"
