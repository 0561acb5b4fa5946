-- Reconcile: current links in scope of recordings that the file does not
-- mention, in the order in which they are locked. protected says why one is
-- not to be cleared, whatever is asked for.
-- $1 $2 $3 the scope, $4 the caller's organization, $5 triggers of links that
-- are left, $6 the run
CREATE UNLOGGED TABLE relink.run_0_extras WITH (autovacuum_enabled = off) AS
WITH doubted AS MATERIALIZED (
    SELECT ltrim(lower(regexp_replace(recording_id, '\s', '', 'g')), '0') AS key
    FROM relink.run_0_staged
    WHERE code IS NOT NULL AND recording_id IS NOT NULL
    UNION
    SELECT ltrim(lower(regexp_replace(recording_id, '\s', '', 'g')), '0')
    FROM relink.run_0_plan
    WHERE outcome = 'rejected'
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
            WHEN ltrim(lower(regexp_replace(l.recording_id, '\s', '', 'g')), '0') IN (SELECT key FROM doubted)
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
