-- The connections that the file names, by themselves or by a CRM row of theirs,
-- whatever becomes of the rows: of a connection whose sync is late not one row is
-- found, and it is the one whose links are to be looked at.
-- $1 the caller's organization, null for any
SELECT connection_id::text COLLATE "C"
FROM (
    SELECT connection_id
    FROM run.plan
    WHERE connection_id IS NOT NULL AND code IS DISTINCT FROM 'organization_mismatch'
    UNION
    SELECT named.id
    FROM run.staged AS s
    JOIN platform.integration_connections AS named
        ON named.id = s.connection_id
        AND ($1::text IS NULL OR named.organization_id::text = $1)
) AS c
ORDER BY 1
