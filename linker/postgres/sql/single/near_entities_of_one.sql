-- The near misses of near_entities.sql for one row that was not found.
{{template "miss"}},
asked AS MATERIALIZED (
{{template "near_asked"}}
)
SELECT near.said
FROM (
{{template "near_entities"}}
) AS near
