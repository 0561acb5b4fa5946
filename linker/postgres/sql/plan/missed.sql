-- Ids that were not found as given and have the shape of a Salesforce id: other
-- forms of them are worth a second look. An id of the platform is never found
-- in another form, but the forms tell what it may be instead.
SELECT p.row_no, coalesce(s.external_id::text, s.entity_id::text, s.unfit_entity_id)
FROM run.plan AS p
JOIN run.staged AS s USING (row_no)
WHERE p.code = 'entity_not_found'
    AND coalesce(s.external_id::text, s.entity_id::text, s.unfit_entity_id) COLLATE "C" ~ '^([0-9A-Za-z]{15}|[0-9A-Za-z]{18})$'
