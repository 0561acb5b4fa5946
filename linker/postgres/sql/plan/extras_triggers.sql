-- The links that a prune clears, or has cleared, by the trigger that made them.
-- $1 as in totals.sql, $2 extras are cleared
SELECT
    CASE WHEN trigger IS NULL THEN '' WHEN trigger = ANY ($1::text[]) THEN trigger ELSE 'other' END AS made_by,
    count(*)
FROM run.extras
WHERE done OR ($2::boolean AND protected IS NULL)
GROUP BY made_by
