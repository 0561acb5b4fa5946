-- What a reconciliation of a scope looks at, as counts and sums of hashes, which
-- do not depend on any order: its current links with the CRM rows and recordings
-- that they join, and all merges of CRM rows. Once as it is, and once as it was
-- before the given run.
-- $1 $2 $3 the scope, $4 the caller's organization, $5 the run, 0 for none
-- $6 the connections that can matter, null for all
WITH links AS (
    SELECT
        l.is_current,
        l.made,
        hashtextextended(concat_ws('|', l.id, l.recording_id, l.entity_id, l.data_type, coalesce(l.trigger::text, ''),
            l.entity_data_type, l.external_id, home.id, l.entity_deleted, coalesce(l.merged_into_id::text, ''),
            home.organization_id, coalesce(r.organization_id::text, ''), r.deleted_at IS NOT NULL), 0)::numeric AS hash
    FROM (
        SELECT
            l.id, l.recording_id, l.entity_id, l.data_type, l.trigger,
            e.data_type AS entity_data_type, e.external_id, e.integration_connection_id,
            e.deleted_at IS NOT NULL AS entity_deleted, e.merged_into_id,
            true AS is_current,
            m.run IS NOT NULL AS made
        FROM platform.recording_links AS l
        JOIN platform.crm_entities AS e ON e.id = l.entity_id
        LEFT JOIN relink.marks AS m ON m.run = $5 AND m.made = l.id::text
        WHERE {{current "l"}}
            AND {{within "e.integration_connection_id" 6}}
        UNION ALL
        -- What the run has cleared was current before, unless it made it, too.
        SELECT
            l.id, l.recording_id, l.entity_id, l.data_type, l.trigger,
            e.data_type, e.external_id, e.integration_connection_id,
            e.deleted_at IS NOT NULL, e.merged_into_id,
            false,
            EXISTS (SELECT FROM relink.marks AS m WHERE m.run = $5 AND m.made = c.cleared)
        FROM relink.marks AS c
        JOIN platform.recording_links AS l
            ON l.id = c.cleared::{{type "recording_links.id"}}
            AND l.recording_id = c.recording_id::{{type "recording_links.recording_id"}}
        JOIN platform.crm_entities AS e ON e.id = l.entity_id
        WHERE c.run = $5 AND NOT ({{current "l"}})
    ) AS l
    JOIN platform.integration_connections AS home ON home.id = l.integration_connection_id
    LEFT JOIN platform.recordings AS r ON r.id = l.recording_id
    WHERE {{outside "home.id" "l.data_type" "home.organization_id" 1}} IS NOT TRUE
        AND ($4::text IS NULL OR home.organization_id::text = $4)
),
merges AS (
    SELECT concat_ws('+', count(*), coalesce(sum(hashtextextended(concat_ws('|', id, merged_into_id), 0)::numeric), 0)) AS state
    FROM platform.crm_entities AS e
    WHERE merged_into_id IS NOT NULL
)
SELECT
    concat_ws('+', count(*) FILTER (WHERE is_current), coalesce(sum(hash) FILTER (WHERE is_current), 0), min(merges.state)),
    concat_ws('+', count(*) FILTER (WHERE NOT made), coalesce(sum(hash) FILTER (WHERE NOT made), 0), min(merges.state))
FROM merges LEFT JOIN links ON true
