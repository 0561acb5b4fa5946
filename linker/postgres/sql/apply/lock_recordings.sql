-- The recordings of a batch, locked in id order, where no unique index keeps each
-- from having two current links.
-- $1 the recordings
SELECT
FROM platform.recordings AS r
WHERE r.id = ANY ($1::text[]::{{type "recordings.id"}}[])
ORDER BY r.id
FOR NO KEY UPDATE OF r
