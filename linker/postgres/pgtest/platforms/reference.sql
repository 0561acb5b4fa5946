-- The reference platform, in schema public.
INSERT INTO public.integration_connections SELECT 'c-' || n, 'o-' || organization, 'salesforce', NULL, true FROM world.connections;
INSERT INTO public.recordings (id, organization_id, deleted_at) SELECT 'r-' || n, 'o-' || organization, CASE WHEN deleted THEN now() END FROM world.recordings;
INSERT INTO public.crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id)
SELECT 'e-' || n, data_type, 'c-' || connection, external, CASE WHEN deleted THEN now() END, 'e-' || merged_into FROM world.entities;
INSERT INTO public.recording_links (recording_id, data_type, entity_id, trigger, linked_at)
SELECT 'r-' || recording, data_type, 'e-' || entity, trigger, now() - interval '1 day' FROM world.links;
CREATE VIEW world.current AS
SELECT recording_id AS recording, entity_id AS entity, data_type AS word, trigger AS how FROM public.recording_links WHERE cleared_at IS NULL;
