-- Reconcile: current links in scope of recordings that the file does not
-- mention, in the order in which they are locked. protected says why one is
-- not to be cleared, whatever is asked for.
-- $1 $2 $3 the scope, $4 the caller's organization, $5 triggers of links that
-- are left, $6 the run, $7 the connections that can matter, null for all
--
-- A recording that a refused row may mean is left. Ids are compared as letters and
-- digits of ASCII alone, without leading zeros: so they are the same in every
-- locale. What is not an id as it stands (an address, several in a cell, the text
-- of a line that is no row) is compared piece by piece as well.
CREATE UNLOGGED TABLE run.extras WITH (autovacuum_enabled = off) AS
WITH given AS MATERIALIZED (
    SELECT coalesce(recording_id::text, unfit_recording_id) COLLATE "C" AS id
    FROM run.staged
    WHERE (code IS NOT NULL AND recording_id IS NOT NULL) OR unfit_recording_id IS NOT NULL
    UNION
    SELECT recording_id::text COLLATE "C"
    FROM run.plan
    WHERE outcome = 'rejected' AND recording_id IS NOT NULL
    UNION
    SELECT stray COLLATE "C"
    FROM run.staged
    WHERE stray IS NOT NULL
),
doubted AS MATERIALIZED (
    SELECT DISTINCT {{looseKey "part"}} AS key
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
        l.trigger::text AS trigger,
        home.id AS connection_id,
        CASE
            WHEN l.trigger = ANY ($5::text[]) THEN format('left alone: made with %s', l.trigger)
            WHEN {{looseKey "l.recording_id"}} IN (SELECT key FROM doubted)
                THEN 'left alone: a rejected row names almost this recording'
        END AS protected,
        false AS refused, -- the database did not let it be cleared
        false AS done
    FROM platform.recording_links AS l
    JOIN platform.crm_entities AS e ON e.id = l.entity_id
    JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
    WHERE {{current "l"}}
        AND {{within "e.integration_connection_id" 7}}
        AND {{outside "home.id" "l.data_type" "home.organization_id" 1}} IS NOT TRUE
        AND ($4::text IS NULL OR home.organization_id::text = $4)
        -- A link across organizations should not be there, and where there is
        -- one, it is also the recording's organization that must be in scope.
        AND NOT EXISTS (
            SELECT FROM platform.recordings AS r
            WHERE r.id = l.recording_id
                AND (r.organization_id::text <> ALL ($3) OR r.organization_id::text <> $4)
        )
        -- The report of a run that has ended is not written with links that
        -- are younger than the run.
        AND NOT EXISTS (
            SELECT FROM relink.runs AS this
            WHERE this.id = $6 AND this.applying_at IS NOT NULL AND this.finished_at < l.linked_at
        )
        AND NOT EXISTS (SELECT FROM run.staged AS s WHERE s.recording_id = l.recording_id)
        AND NOT EXISTS (
            SELECT FROM run.marked AS pruned
            WHERE pruned.recording_id = l.recording_id AND pruned.row_no IS NULL
        )
    UNION ALL
    -- what this run has pruned already
{{- if deletes}}
    SELECT m.cleared, m.recording_id, m.cleared_entity_id, m.cleared_data_type, m.cleared_trigger, e.integration_connection_id, NULL, false, true
    FROM run.marked AS m
    LEFT JOIN platform.crm_entities AS e ON e.id = m.cleared_entity_id
{{- else}}
    SELECT l.id, l.recording_id, l.entity_id, l.data_type, l.trigger::text, e.integration_connection_id, NULL, false, true
    FROM run.marked AS m
    JOIN platform.recording_links AS l ON l.id = m.cleared AND l.recording_id = m.recording_id
    LEFT JOIN platform.crm_entities AS e ON e.id = l.entity_id
{{- end}}
    WHERE m.row_no IS NULL
) AS x
ORDER BY recording_id::text COLLATE "C"
