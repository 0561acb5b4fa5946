-- Whether a reconciliation that ended well would find anything else now: links
-- made or cleared by others in scope, and recordings and CRM rows of its links
-- that were deleted or merged.
-- $1 $2 $3 the scope, $4 the caller's organization, $5 the run, $6 when it began
SELECT EXISTS (
    SELECT FROM recording_links AS l
    JOIN crm_entities AS e ON e.id = l.entity_id
    JOIN integration_connections AS home ON home.id = e.integration_connection_id
    LEFT JOIN recordings AS r ON r.id = l.recording_id AND l.cleared_at IS NULL
    WHERE (home.id <> ALL ($1::text[])) IS NOT TRUE
        AND (l.data_type::text <> ALL ($2::text[])) IS NOT TRUE
        AND (home.organization_id <> ALL ($3::text[])) IS NOT TRUE
        AND ($4::text IS NULL OR home.organization_id = $4)
        AND (
            (l.linked_at >= $6 AND l.linked_by_run IS DISTINCT FROM $5)
            OR (l.cleared_at >= $6 AND l.cleared_by_run IS DISTINCT FROM $5)
            OR (l.cleared_at IS NULL AND (e.deleted_at IS NOT NULL OR e.merged_into_id IS NOT NULL OR r.deleted_at IS NOT NULL))
        )
)
