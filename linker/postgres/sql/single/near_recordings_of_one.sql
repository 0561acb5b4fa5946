-- The near misses of near_recordings.sql for one row that was not found.
{{template "miss"}}
SELECT near.said
FROM (
{{template "near_recordings"}}
) AS near
