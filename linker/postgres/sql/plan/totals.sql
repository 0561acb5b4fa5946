-- $1 the triggers that are counted by name; all others together are 'other'
SELECT outcome, code, connection_id::text, previous_trigger, count(*)
FROM (
    SELECT outcome, code, connection_id,
        CASE
            WHEN outcome NOT IN ('replaced', 'cleared') THEN NULL
            WHEN previous_trigger IS NULL THEN ''
            WHEN previous_trigger = ANY ($1::text[]) THEN previous_trigger
            ELSE 'other'
        END AS previous_trigger
    FROM run.plan
) AS p
GROUP BY outcome, code, connection_id, previous_trigger
