-- Runs that wrote, of the platform in schema $1 with links in table $2: how many were
-- made on another table, and how many do not have their own marks.
SELECT
    count(*) FILTER (WHERE r.links_table <> to_regclass($2)::oid),
    count(*) FILTER (WHERE NOT EXISTS (SELECT FROM relink.marks AS m WHERE m.run = r.id AND m.seal = r.uid))
FROM relink.runs AS r
WHERE r.applying_at IS NOT NULL AND (r.platform_schema <> $1) IS NOT TRUE
