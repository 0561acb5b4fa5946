-- The same where this role may not lock recordings: by numbers made of their ids.
-- $1 the recordings, $2 the lock, $3 the platform, $4 how many numbers there are
SELECT pg_advisory_xact_lock($2::integer, k.key)
FROM (
    SELECT DISTINCT abs(hashtext($3::text || ' ' || r.id) % $4::integer) AS key
    FROM unnest($1::text[]) AS r (id)
    ORDER BY key
) AS k
