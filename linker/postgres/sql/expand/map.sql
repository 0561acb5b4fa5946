-- The rows of a map of CRM rows, as Check has them. An id that is no value of its
-- type is null, and message names it.
CREATE UNLOGGED TABLE run.map WITH (autovacuum_enabled = off) AS
SELECT
    NULL::bigint AS row_no,
    NULL::bigint AS line,
    NULL::text AS code,
    NULL::text AS message,
    e.data_type,
    NULL::{{idType "crm_entities.external_id"}} AS external_id,
    NULL::{{idType "integration_connections.id"}} AS connection_id,
    e.data_type AS new_data_type,
    NULL::{{idType "crm_entities.external_id"}} AS new_external_id,
    NULL::{{idType "integration_connections.id"}} AS new_connection_id
FROM platform.crm_entities AS e
WITH NO DATA
