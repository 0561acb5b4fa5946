-- Links that are deleted when they are cleared, and have neither type nor trigger;
-- CRM rows in two tables; recordings whose organization stands elsewhere.
DROP TABLE public.recording_links, public.crm_entities, public.integration_connections, public.recordings;
CREATE SCHEMA studio;
CREATE TABLE studio.users (id integer PRIMARY KEY, team text NOT NULL);
CREATE TABLE studio.takes (id varchar(40) PRIMARY KEY, owner integer NOT NULL REFERENCES studio.users, trashed_at timestamptz);
CREATE TABLE studio.feeds (id text PRIMARY KEY, team text NOT NULL, vendor text NOT NULL);
CREATE TABLE studio.companies (id text PRIMARY KEY, feed text NOT NULL REFERENCES studio.feeds, remote text NOT NULL, gone timestamptz, survivor text, UNIQUE (feed, remote));
CREATE TABLE studio.prospects (id text PRIMARY KEY, sort text NOT NULL, feed text NOT NULL REFERENCES studio.feeds, remote text NOT NULL, UNIQUE (feed, sort, remote));
CREATE TABLE studio.take_crm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, take varchar(40) NOT NULL UNIQUE, crm_id text NOT NULL, made_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON studio.take_crm (crm_id);

CREATE SCHEMA relink_studio;
CREATE VIEW relink_studio.recordings AS
SELECT t.id, u.team AS organization_id, t.trashed_at AS deleted_at FROM studio.takes AS t JOIN studio.users AS u ON u.id = t.owner;
CREATE VIEW relink_studio.integration_connections AS
SELECT id, team AS organization_id, vendor AS platform FROM studio.feeds;
CREATE VIEW relink_studio.crm_entities AS
SELECT id, 'ACCOUNT' AS data_type, feed AS integration_connection_id, remote AS external_id, gone AS deleted_at, survivor AS merged_into_id FROM studio.companies
UNION ALL
SELECT id, sort, feed, remote, NULL, NULL FROM studio.prospects;
CREATE VIEW relink_studio.recording_links AS
SELECT id, take AS recording_id, crm_id AS entity_id, made_at AS linked_at FROM studio.take_crm;
INSERT INTO relink.platforms VALUES ('studio', 'relink_studio', '{"current": "row", "dataTypes": {"opp": "OPPORTUNITY", "lead": "LEAD", "contact": "CONTACT"}}');

INSERT INTO studio.users SELECT n, 'o-' || n FROM generate_series(1, 2) AS n;
INSERT INTO studio.feeds SELECT 'c-' || n, 'o-' || organization, 'salesforce' FROM world.connections;
INSERT INTO studio.takes SELECT 'r-' || n, organization, CASE WHEN deleted THEN now() END FROM world.recordings;
INSERT INTO studio.companies SELECT 'e-' || n, 'c-' || connection, external, CASE WHEN deleted THEN now() END, 'e-' || merged_into FROM world.entities WHERE data_type = 'ACCOUNT';
INSERT INTO studio.prospects
SELECT 'e-' || n, CASE data_type WHEN 'OPPORTUNITY' THEN 'opp' ELSE lower(data_type) END, 'c-' || connection, external FROM world.entities WHERE data_type <> 'ACCOUNT';
INSERT INTO studio.take_crm (take, crm_id, made_at) SELECT 'r-' || recording, 'e-' || entity, now() - interval '1 day' FROM world.links;
CREATE VIEW world.current AS
SELECT l.take::text AS recording, l.crm_id AS entity, NULL::text AS word, NULL::text AS how FROM studio.take_crm AS l;
