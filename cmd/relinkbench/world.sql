-- The world of the benchmarks: :n recordings, :n CRM rows and :n/2 current
-- links. Ids are random text, as platforms have them, so that neither links
-- nor CRM rows stand in the order of the recordings.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SELECT setseed(0.42);
TRUNCATE recordings, integration_connections, crm_entities, recording_links RESTART IDENTITY;
INSERT INTO integration_connections (id, organization_id, platform, name, is_active)
SELECT 'conn-' || c, 'org-1', 'salesforce', 'Connection ' || c, true
FROM generate_series(1, 5) AS c;
INSERT INTO recordings (id, organization_id, title, created_at)
SELECT md5('recording' || n)::uuid::text, 'org-1', 'Call ' || n, now()
FROM generate_series(1, :n) AS n;
INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, name)
SELECT md5('entity' || n)::uuid::text,
    (ARRAY['ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT'])[1 + n % 5],
    'conn-' || (1 + n / 5 % 5),
    lpad(n::text, 12, '0'),
    'Entity ' || n
FROM generate_series(1, :n) AS n;
-- Recording n is linked to CRM row n/2, in random order of insertion.
INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
SELECT md5('recording' || n)::uuid::text,
    (ARRAY['ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT'])[1 + e % 5],
    md5('entity' || e)::uuid::text,
    now() - interval '1 day'
FROM (
    SELECT n, 1 + n / 2 AS e FROM generate_series(2, :n, 2) AS n ORDER BY random()
) AS link;
VACUUM ANALYZE recordings;
VACUUM ANALYZE integration_connections;
VACUUM ANALYZE crm_entities;
VACUUM ANALYZE recording_links;
CHECKPOINT;
