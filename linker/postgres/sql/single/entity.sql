-- The CRM row that the HTTP operation answers with.
-- $1 its id
SELECT id::text, external_id::text, data_type::text, name, last_activity_at
FROM platform.crm_entities AS e
WHERE id = $1::text::{{type "crm_entities.id"}}
