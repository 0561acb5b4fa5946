-- Reconcile: current links in scope of recordings that the file does not
-- mention, in the order in which they are locked. protected says why one is
-- not to be cleared, whatever is asked for.
-- $1 $2 $3 the scope, $4 the caller's organization, $5 triggers of links that
-- are left, $6 the run
CREATE UNLOGGED TABLE relink.run_0_extras WITH (autovacuum_enabled = off) AS
--
-- A recording that a refused row may mean is left. Ids are compared as letters and
-- digits of ASCII alone, without leading zeros: so they are the same in every
-- locale. What is not an id as it stands (an address, several in a cell, the text
-- of a line that is no row) is compared piece by piece as well.
WITH given AS MATERIALIZED (
    SELECT recording_id COLLATE "C" AS id
    FROM relink.run_0_staged
    WHERE code IS NOT NULL AND recording_id IS NOT NULL
    UNION
    SELECT recording_id COLLATE "C"
    FROM relink.run_0_plan
    WHERE outcome = 'rejected'
    UNION
    SELECT stray COLLATE "C"
    FROM relink.run_0_staged
    WHERE stray IS NOT NULL
),
doubted AS MATERIALIZED (
    SELECT DISTINCT ltrim(regexp_replace(regexp_replace(lower(part), '^urn:uuid:', ''), '[^0-9a-z]+', '', 'g'), '0') AS key
    FROM (
        SELECT id AS part FROM given
        UNION ALL
        SELECT regexp_split_to_table(id, '[^0-9A-Za-z._:-]+') FROM given WHERE id ~ '[^0-9A-Za-z._:-]'
    ) AS p
)
SELECT *
FROM (
    SELECT
        l.id AS link_id,
        l.recording_id,
        l.entity_id,
        l.data_type,
        home.id AS connection_id,
        CASE
            WHEN l.trigger = ANY ($5::text[]) THEN format('left alone: made with %s', l.trigger)
            WHEN ltrim(regexp_replace(regexp_replace(lower(l.recording_id COLLATE "C"), '^urn:uuid:', ''), '[^0-9a-z]+', '', 'g'), '0')
                    IN (SELECT key FROM doubted)
                THEN 'left alone: a rejected row names almost this recording'
        END AS protected,
        false AS refused, -- the database did not let it be cleared
        false AS done
    FROM recording_links AS l
    JOIN crm_entities AS e ON e.id = l.entity_id
    JOIN integration_connections AS home ON home.id = e.integration_connection_id
    WHERE l.cleared_at IS NULL
        AND (home.id <> ALL ($1::text[])) IS NOT TRUE
        AND (l.data_type::text <> ALL ($2::text[])) IS NOT TRUE
        AND (home.organization_id <> ALL ($3::text[])) IS NOT TRUE
        AND ($4::text IS NULL OR home.organization_id = $4)
        -- A link across organizations should not be there, and where there is
        -- one, it is also the recording's organization that must be in scope.
        AND NOT EXISTS (
            SELECT FROM recordings AS r
            WHERE r.id = l.recording_id
                AND (r.organization_id <> ALL ($3) OR r.organization_id <> $4)
        )
        -- The report of a run that has ended is not written with links that
        -- are younger than the run.
        AND NOT EXISTS (
            SELECT FROM relink.runs AS this
            WHERE this.id = $6 AND this.applying_at IS NOT NULL AND this.finished_at < l.linked_at
        )
        AND NOT EXISTS (SELECT FROM relink.run_0_staged AS s WHERE s.recording_id = l.recording_id)
        AND NOT EXISTS (
            SELECT FROM recording_links AS pruned
            WHERE pruned.recording_id = l.recording_id
                AND pruned.cleared_by_run = $6 AND pruned.cleared_by_row IS NULL
        )
    UNION ALL
    -- what this run has pruned already
    SELECT l.id, l.recording_id, l.entity_id, l.data_type, e.integration_connection_id, NULL, false, true
    FROM recording_links AS l
    LEFT JOIN crm_entities AS e ON e.id = l.entity_id
    WHERE l.cleared_by_run = $6 AND l.cleared_by_row IS NULL
) AS x
ORDER BY recording_id COLLATE "C"
