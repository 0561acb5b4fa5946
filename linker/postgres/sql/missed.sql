-- External ids that were not found as given and have the length of a
-- Salesforce id: other forms of them are worth a second look.
SELECT p.row_no, s.external_id
FROM relink.run_0_plan AS p
JOIN relink.run_0_staged AS s USING (row_no)
WHERE p.code = 'entity_not_found'
    AND length(s.external_id) IN (15, 18)
