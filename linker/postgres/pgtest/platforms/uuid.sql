-- Uuids everywhere, an enum, foreign keys in all directions, and triggers: updated_at,
-- an audit trail whose table is found by the search path, an outbox.
DROP TABLE public.recording_links, public.crm_entities, public.integration_connections, public.recordings;
CREATE SCHEMA core;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = core, public', current_database()); END $$;
SET search_path = core, public;
CREATE FUNCTION core.uuid(kind integer, n integer) RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS
$$ SELECT format('a0%s00000-0000-4000-8000-%s', kind, lpad(n::text, 12, '0'))::uuid $$;
CREATE TYPE core.data_type AS ENUM ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT');

CREATE TABLE core.organizations (id uuid PRIMARY KEY);
CREATE TABLE core.recordings (
    id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES core.organizations, title text, created_at timestamptz,
    deleted_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(), last_link_id uuid);
CREATE TABLE core.integration_connections (
    id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES core.organizations, platform text NOT NULL, name text, is_active boolean NOT NULL);
CREATE TABLE core.crm_entities (
    id uuid PRIMARY KEY, data_type core.data_type NOT NULL,
    integration_connection_id uuid NOT NULL REFERENCES core.integration_connections ON DELETE CASCADE,
    external_id text NOT NULL, name text, last_activity_at timestamptz, deleted_at timestamptz,
    merged_into_id uuid REFERENCES core.crm_entities DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (integration_connection_id, data_type, external_id));
CREATE TABLE core.recording_links (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    recording_id uuid NOT NULL REFERENCES core.recordings ON DELETE CASCADE, data_type core.data_type NOT NULL,
    entity_id uuid NOT NULL REFERENCES core.crm_entities, trigger text,
    linked_at timestamptz NOT NULL, cleared_at timestamptz, cleared_trigger text,
    updated_at timestamptz NOT NULL DEFAULT now(), CHECK (cleared_at >= linked_at));
CREATE UNIQUE INDEX ON core.recording_links (recording_id) WHERE cleared_at IS NULL;
CREATE INDEX ON core.recording_links (entity_id) WHERE cleared_at IS NULL;
ALTER TABLE core.recordings ADD FOREIGN KEY (last_link_id) REFERENCES core.recording_links DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION core.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON core.recordings FOR EACH ROW EXECUTE FUNCTION core.touch();
CREATE TRIGGER touch BEFORE UPDATE ON core.recording_links FOR EACH ROW EXECUTE FUNCTION core.touch();
CREATE TABLE core.audit_log (at timestamptz NOT NULL DEFAULT now(), what text NOT NULL, link uuid NOT NULL);
CREATE FUNCTION core.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log (what, link) VALUES (TG_OP, NEW.id); -- wherever the search path has it
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON core.recording_links FOR EACH ROW EXECUTE FUNCTION core.audit();
CREATE TABLE core.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb NOT NULL);
CREATE FUNCTION core.publish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core.outbox (payload) VALUES (to_jsonb(NEW));
    UPDATE core.recordings SET last_link_id = NEW.id WHERE id = NEW.recording_id;
    RETURN NULL;
END $$;
CREATE TRIGGER publish AFTER INSERT ON core.recording_links FOR EACH ROW EXECUTE FUNCTION core.publish();

INSERT INTO core.organizations SELECT core.uuid(4, n) FROM generate_series(1, 2) AS n;
INSERT INTO core.integration_connections SELECT core.uuid(3, n), core.uuid(4, organization), 'salesforce', NULL, true FROM world.connections;
INSERT INTO core.recordings (id, organization_id, deleted_at)
SELECT core.uuid(1, n), core.uuid(4, organization), CASE WHEN deleted THEN now() END FROM world.recordings;
INSERT INTO core.crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id)
SELECT core.uuid(2, n), data_type::core.data_type, core.uuid(3, connection), external, CASE WHEN deleted THEN now() END, core.uuid(2, merged_into) FROM world.entities;
INSERT INTO core.recording_links (recording_id, data_type, entity_id, trigger, linked_at)
SELECT core.uuid(1, recording), data_type::core.data_type, core.uuid(2, entity), trigger, now() - interval '1 day' FROM world.links;
CREATE VIEW world.current AS
SELECT recording_id::text AS recording, entity_id::text AS entity, data_type::text AS word, trigger AS how FROM core.recording_links WHERE cleared_at IS NULL;
