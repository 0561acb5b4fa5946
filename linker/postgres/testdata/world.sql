-- Two organizations, o-1 with three connections and o-2 with one.
INSERT INTO integration_connections (id, organization_id, platform, name, is_active) VALUES
    ('c-1', 'o-1', 'salesforce', 'Sales', true),
    ('c-2', 'o-1', 'hubspot', 'Marketing', true),
    ('c-3', 'o-1', 'dynamics', 'Old', false),
    ('c-9', 'o-2', 'salesforce', 'Other', true);

INSERT INTO recordings (id, organization_id, title, deleted_at)
SELECT 'r-' || n, 'o-1', 'call ' || n, NULL FROM generate_series(1, 50) AS n;
INSERT INTO recordings (id, organization_id, deleted_at) VALUES
    ('r-gone', 'o-1', now()),
    ('r-Case', 'o-1', NULL),
    ('007', 'o-1', NULL),
    ('s-1', 'o-2', NULL),
    ('s-2', 'o-2', NULL);

INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, name, deleted_at, merged_into_id)
SELECT 'e-' || n, 'ACCOUNT', 'c-1', 'x-' || n, 'Account ' || n, NULL, NULL FROM generate_series(1, 20) AS n;
INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id) VALUES
    ('e-lead', 'LEAD', 'c-1', 'x-lead', NULL, NULL),
    ('e-two', 'ACCOUNT', 'c-2', 'x-two', NULL, NULL),
    ('e-deleted', 'ACCOUNT', 'c-1', 'x-deleted', now(), NULL),
    ('e-merged', 'ACCOUNT', 'c-1', 'x-merged', NULL, 'e-merged-2'),
    ('e-merged-2', 'ACCOUNT', 'c-1', 'x-merged-2', NULL, 'e-1'),
    ('e-circle-1', 'ACCOUNT', 'c-1', 'x-circle-1', NULL, 'e-circle-2'),
    ('e-circle-2', 'ACCOUNT', 'c-1', 'x-circle-2', NULL, 'e-circle-1'),
    ('e-dangling', 'ACCOUNT', 'c-1', 'x-dangling', NULL, 'e-nowhere'),
    ('e-to-lead', 'ACCOUNT', 'c-1', 'x-to-lead', NULL, 'e-lead'),
    ('e-to-two', 'ACCOUNT', 'c-1', 'x-to-two', NULL, 'e-two'),
    ('e-to-deleted', 'ACCOUNT', 'c-1', 'x-to-deleted', NULL, 'e-deleted'),
    ('e-to-other', 'ACCOUNT', 'c-1', 'x-to-other', NULL, 'f-1'),
    ('e-sf', 'OPPORTUNITY', 'c-1', '70130000001tcyIAAQ', NULL, NULL),
    ('e-sf15', 'OPPORTUNITY', 'c-2', '70130000001tcyI', NULL, NULL),
    ('e-zeros', 'CONTACT', 'c-2', '000123', NULL, NULL),
    ('f-1', 'ACCOUNT', 'c-9', 'x-1', NULL, NULL);

INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES
    ('r-1', 'ACCOUNT', 'e-1', NULL, now() - interval '1 day'),
    ('r-2', 'ACCOUNT', 'e-2', 'USER_LINK_WEB', now() - interval '1 day'),
    ('r-3', 'LEAD', 'e-lead', 'CALENDAR_MATCH', now() - interval '1 day'),
    ('r-4', 'ACCOUNT', 'e-two', NULL, now() - interval '1 day');
