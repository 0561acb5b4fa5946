-- The CRM rows of a batch, locked against deletion, in id order: whoever else
-- locks several of them in order waits for us or we for him, never both.
SELECT id::text, data_type::text
FROM platform.crm_entities AS e
WHERE id = ANY ($1::text[]::{{type "crm_entities.id"}}[])
ORDER BY id
FOR KEY SHARE
