-- $1 the caller's organization, null for any
SELECT
    count(*),
    count(*) FILTER (WHERE EXISTS (SELECT FROM ({{template "linked"}}) AS l WHERE l.recording_id = r.id))
FROM platform.recordings AS r
WHERE r.deleted_at IS NULL AND ($1::text IS NULL OR r.organization_id::text = $1)
