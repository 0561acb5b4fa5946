-- Ids of a map that were not found as given and have the shape of a Salesforce id.
SELECT s.side_no, s.external_id::text
FROM (
{{template "map_sides"}}
) AS s
LEFT JOIN run.map_found AS f ON f.side_no = s.side_no
WHERE f.side_no IS NULL
    AND s.external_id::text COLLATE "C" ~ '^([0-9A-Za-z]{15}|[0-9A-Za-z]{18})$'
