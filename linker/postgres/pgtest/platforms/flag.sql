-- Links that a flag says are current, with no times but the one they were made at,
-- and one organization alone.
DROP TABLE public.recording_links, public.crm_entities, public.integration_connections, public.recordings;
CREATE SCHEMA flagged;
CREATE TABLE flagged.recordings (id text PRIMARY KEY);
CREATE TABLE flagged.integration_connections (id text PRIMARY KEY);
CREATE TABLE flagged.crm_entities (
    id text PRIMARY KEY, data_type smallint NOT NULL, integration_connection_id text NOT NULL REFERENCES flagged.integration_connections, external_id text NOT NULL,
    UNIQUE (integration_connection_id, data_type, external_id));
CREATE TABLE flagged.recording_links (
    id serial PRIMARY KEY, recording_id text NOT NULL, data_type smallint NOT NULL, entity_id text NOT NULL REFERENCES flagged.crm_entities,
    linked_at timestamptz, archived boolean NOT NULL);
CREATE UNIQUE INDEX ON flagged.recording_links (recording_id) WHERE NOT archived;
INSERT INTO relink.platforms VALUES ('flagged', 'flagged', '{
    "current": "flag:!archived", "dataTypes": {"1": "ACCOUNT", "2": "CONTACT", "3": "LEAD", "4": "OPPORTUNITY", "5": "ENGAGEMENT"}
}');
INSERT INTO flagged.integration_connections SELECT 'c-' || n FROM world.connections WHERE organization = 1;
INSERT INTO flagged.recordings SELECT 'r-' || n FROM world.recordings WHERE organization = 1 AND NOT deleted;
INSERT INTO flagged.crm_entities
SELECT 'e-' || n, array_position(ARRAY['ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY'], data_type), 'c-' || connection, external
FROM world.entities WHERE connection <> 9 AND NOT deleted AND merged_into IS NULL;
INSERT INTO flagged.recording_links (recording_id, data_type, entity_id, linked_at, archived)
SELECT 'r-' || recording, array_position(ARRAY['ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY'], data_type), 'e-' || entity, now() - interval '1 day', false FROM world.links;
CREATE VIEW world.current AS
SELECT recording_id AS recording, entity_id AS entity, data_type::text AS word, NULL::text AS how FROM flagged.recording_links WHERE NOT archived;
