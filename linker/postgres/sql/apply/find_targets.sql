-- The same question where relink may not lock CRM rows (views, or a role that
-- can only read them): the foreign key, if there is one, has the last word.
SELECT id::text, data_type::text
FROM platform.crm_entities AS e
WHERE id = ANY ($1::text[]::{{type "crm_entities.id"}}[])
