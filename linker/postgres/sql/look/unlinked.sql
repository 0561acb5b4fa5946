-- Recordings that have no current link, in their order.
-- $1 the caller's organization, $2 organizations; null does not limit
SELECT r.id::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text
FROM platform.recordings AS r
WHERE r.deleted_at IS NULL
    AND ($1::text IS NULL OR r.organization_id::text = $1)
    AND ($2::text[] IS NULL OR r.organization_id::text = ANY ($2))
    AND NOT EXISTS (SELECT FROM ({{template "linked"}}) AS l WHERE l.recording_id = r.id)
ORDER BY r.id::text COLLATE "C"
