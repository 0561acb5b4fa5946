-- The rule: what each row of a table shaped like the staged one asks for, and
-- what would become of it by itself, its twins in the file not looked at.
-- Everything that resolves rows goes through this one statement.
--
-- $1 the caller's organization, null for any; rows of others do not exist, nor do
-- links to them, which are cleared all the same
-- $2 leave every recording that has a link ("keep")
-- $3 triggers of links that are left
-- $4 $5 $6 scope: connections, data types, organizations; null does not limit
-- $7 what else is asked for: 'unlink' clears the link to the row's target, whatever
-- has become of that; 'clear_deleted' clears the link that the row expects when the
-- target is deleted; null links
SELECT
    d.row_no,
    d.line,
    d.recording_id,
    CASE WHEN x.is_dead THEN 'USER_UNLINK' ELSE d.trigger END AS trigger,
    CASE
        WHEN x.is_dead THEN 'cleared'
        WHEN d.code IS NOT NULL THEN 'rejected'
        WHEN $7::text = 'unlink' AND d.previous_entity_id IS DISTINCT FROM d.entity_id THEN 'unchanged'
        WHEN $7 = 'unlink' AND (NOT d.as_expected OR d.previous_trigger = ANY ($3::text[])) THEN 'kept'
        WHEN $7 = 'unlink' THEN 'cleared'
        WHEN d.previous_entity_id = d.entity_id THEN 'unchanged'
        WHEN NOT d.as_expected THEN 'kept'
        WHEN d.previous_entity_id IS NULL THEN 'created'
        WHEN $2::boolean OR d.previous_trigger = ANY ($3::text[]) THEN 'kept'
        ELSE 'replaced'
    END AS outcome,
    CASE WHEN NOT x.is_dead THEN d.code END AS code,
    -- a row of another organization is not to be named
    CASE
        WHEN d.code IS DISTINCT FROM 'organization_mismatch' THEN d.detail
        WHEN d.foreign_connection THEN 'the connection that the row names belongs to another organization'
        WHEN d.detail LIKE '% is merged into %' THEN 'the row that it was merged into belongs to another organization'
    END AS detail,
    CASE WHEN x.is_dead THEN d.previous_entity_id ELSE d.entity_id END AS entity_id,
    d.data_type,
    d.connection_id,
    d.link_id,
    d.previous_entity_id,
    d.previous_data_type,
    -- of a link that may be replaced: of others nobody asks
    CASE WHEN d.previous_entity_id <> d.entity_id OR $7 IS NOT NULL THEN d.previous_trigger::text END AS previous_trigger,
    d.expected,
    d.as_expected,          -- null also where that makes no difference
    NULL::bigint AS worker, -- the row that does the work for this one, too
    false AS done           -- decided by a mark of this run, for good
FROM (
    SELECT
        t.row_no,
        t.line,
        t.recording_id,
        t.trigger,
        t.detail,
        t.entity_id,
        t.data_type,
        t.connection_id,
        l.id AS link_id,
        CASE WHEN theirs.id IS NULL THEN l.entity_id END AS previous_entity_id,
        CASE WHEN theirs.id IS NULL THEN l.data_type END AS previous_data_type,
        CASE WHEN theirs.id IS NULL THEN l.trigger END AS previous_trigger,
        t.expected,
        CASE
            WHEN (l.entity_id IS DISTINCT FROM t.entity_id) = ($7::text IS DISTINCT FROM 'unlink')
                THEN {{asExpected "t" "CASE WHEN theirs.id IS NULL THEN l.entity_id END"}}
        END AS as_expected,
        home.organization_id::text = r.organization_id::text
            AND named.organization_id::text <> r.organization_id::text AS foreign_connection,
        CASE
            WHEN r.id IS NULL THEN 'recording_not_found'
            WHEN r.deleted_at IS NOT NULL THEN 'recording_deleted'
            WHEN (t.named_connection_id IS NOT NULL OR t.unfit_connection_id IS NOT NULL) AND named.id IS NULL THEN 'connection_not_found'
            WHEN home.id IS NULL THEN 'entity_not_found'
            WHEN home.organization_id::text <> r.organization_id::text
                OR named.organization_id::text <> r.organization_id::text THEN 'organization_mismatch'
            WHEN t.merged_into_id IS NOT NULL AND $7 IS DISTINCT FROM 'unlink' THEN 'entity_merged'
            WHEN t.data_type <> t.asked_data_type THEN 'data_type_mismatch'
            WHEN t.named_connection_id <> t.connection_id THEN 'connection_mismatch'
            WHEN t.deleted_at IS NOT NULL AND $7 IS DISTINCT FROM 'unlink' THEN 'entity_deleted'
            WHEN {{outside "t.connection_id" "t.data_type" "home.organization_id" 4}} THEN 'out_of_scope'
        END AS code
    FROM (
        SELECT
            s.row_no, s.line, s.recording_id, s.trigger, s.detail, s.expected, s.expected_entity_id, s.expected_external_ids,
            s.connection_id AS named_connection_id, s.unfit_connection_id,
            s.data_type AS asked_data_type,
            e.id AS entity_id, e.data_type, e.integration_connection_id AS connection_id,
            e.merged_into_id, e.deleted_at
        FROM run.staged AS s
        LEFT JOIN platform.crm_entities AS e
            ON e.integration_connection_id = s.connection_id
            AND {{sameType "e" "s.data_type"}}
            AND e.external_id = s.external_id
        WHERE s.code IS NULL AND s.entity_id IS NULL AND s.unfit_entity_id IS NULL
        UNION ALL
        SELECT
            s.row_no, s.line, s.recording_id, s.trigger, s.detail, s.expected, s.expected_entity_id, s.expected_external_ids,
            s.connection_id, s.unfit_connection_id,
            s.data_type,
            e.id, e.data_type, e.integration_connection_id,
            e.merged_into_id, e.deleted_at
        FROM run.staged AS s
        LEFT JOIN platform.crm_entities AS e ON e.id = s.entity_id
        WHERE s.code IS NULL AND (s.entity_id IS NOT NULL OR s.unfit_entity_id IS NOT NULL)
    ) AS t
    LEFT JOIN platform.recordings AS r
        ON r.id = t.recording_id
        AND ($1::text IS NULL OR r.organization_id::text = $1)
    LEFT JOIN platform.integration_connections AS named
        ON named.id = t.named_connection_id
        AND ($1 IS NULL OR named.organization_id::text = $1)
    LEFT JOIN platform.integration_connections AS home
        ON home.id = t.connection_id
        AND ($1 IS NULL OR home.organization_id::text = $1)
    LEFT JOIN platform.recording_links AS l
        ON l.recording_id = r.id -- what the caller does not see has no link
        AND {{current "l"}}
    {{others "l.entity_id" 1}}
) AS d
CROSS JOIN LATERAL (
    SELECT (
        $7::text = 'clear_deleted' AND d.code = 'entity_deleted' AND d.expected IS NOT NULL
        AND (d.previous_entity_id = d.entity_id OR d.as_expected)
    ) IS TRUE AS is_dead
) AS x
