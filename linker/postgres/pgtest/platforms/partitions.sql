-- A table of links in partitions by the recording, without a unique index on current
-- links.
DROP TABLE public.recording_links, public.crm_entities, public.integration_connections, public.recordings;
CREATE SCHEMA parts;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = parts, public', current_database()); END $$;
CREATE TABLE parts.recordings (id text PRIMARY KEY, organization_id text NOT NULL, title text, created_at timestamptz, deleted_at timestamptz);
CREATE TABLE parts.integration_connections (id text PRIMARY KEY, organization_id text NOT NULL, platform text NOT NULL, name text, is_active boolean NOT NULL);
CREATE TABLE parts.crm_entities (
    id text PRIMARY KEY, data_type text NOT NULL, integration_connection_id text NOT NULL REFERENCES parts.integration_connections,
    external_id text NOT NULL, name text, last_activity_at timestamptz, deleted_at timestamptz, merged_into_id text,
    UNIQUE (integration_connection_id, data_type, external_id));
CREATE SEQUENCE parts.links;
CREATE TABLE parts.recording_links (
    id bigint NOT NULL DEFAULT nextval('parts.links'), recording_id text NOT NULL, data_type text NOT NULL,
    entity_id text NOT NULL REFERENCES parts.crm_entities, trigger text,
    linked_at timestamptz NOT NULL, cleared_at timestamptz, cleared_trigger text, PRIMARY KEY (recording_id, id)
) PARTITION BY HASH (recording_id);
CREATE TABLE parts.links_0 PARTITION OF parts.recording_links FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parts.links_1 PARTITION OF parts.recording_links FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parts.links_2 PARTITION OF parts.recording_links FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE INDEX ON parts.recording_links (entity_id) WHERE cleared_at IS NULL;
INSERT INTO parts.integration_connections SELECT 'c-' || n, 'o-' || organization, 'salesforce', NULL, true FROM world.connections;
INSERT INTO parts.recordings (id, organization_id, deleted_at) SELECT 'r-' || n, 'o-' || organization, CASE WHEN deleted THEN now() END FROM world.recordings;
INSERT INTO parts.crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id)
SELECT 'e-' || n, data_type, 'c-' || connection, external, CASE WHEN deleted THEN now() END, 'e-' || merged_into FROM world.entities;
INSERT INTO parts.recording_links (recording_id, data_type, entity_id, trigger, linked_at)
SELECT 'r-' || recording, data_type, 'e-' || entity, trigger, now() - interval '1 day' FROM world.links;
CREATE VIEW world.current AS
SELECT recording_id AS recording, entity_id AS entity, data_type AS word, trigger AS how FROM parts.recording_links WHERE cleared_at IS NULL;
