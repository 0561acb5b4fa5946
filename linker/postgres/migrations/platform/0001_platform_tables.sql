-- The platform's tables as relink expects to find them. A real platform has
-- its own; this set is for the local database, for tests and for demos. The
-- platform's schema takes the place of "platform".

-- +goose Up
CREATE TABLE platform.recordings (
    id              text PRIMARY KEY,
    organization_id text NOT NULL,
    title           text,
    created_at      timestamptz,
    deleted_at      timestamptz
);

CREATE TABLE platform.integration_connections (
    id              text PRIMARY KEY,
    organization_id text NOT NULL,
    platform        text NOT NULL,
    name            text,
    is_active       boolean NOT NULL
);

CREATE TABLE platform.crm_entities (
    id                        text PRIMARY KEY,
    data_type                 text NOT NULL
        CONSTRAINT crm_entities_data_type_check
        CHECK (data_type IN ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT')),
    integration_connection_id text NOT NULL
        CONSTRAINT crm_entities_integration_connection_id_fkey
        REFERENCES platform.integration_connections (id),
    external_id               text NOT NULL,
    name                      text,
    last_activity_at          timestamptz,
    deleted_at                timestamptz,
    merged_into_id            text,
    CONSTRAINT crm_entities_external_id_key
        UNIQUE (integration_connection_id, data_type, external_id)
);

-- Current state and history in one: a link is cleared, never deleted. There is
-- no foreign key to recordings, so that the links of a recording that is
-- deleted for good stay as history.
CREATE TABLE platform.recording_links (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording_id    text NOT NULL,
    data_type       text NOT NULL
        CONSTRAINT recording_links_data_type_check
        CHECK (data_type IN ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT')),
    entity_id       text NOT NULL
        CONSTRAINT recording_links_entity_id_fkey
        REFERENCES platform.crm_entities (id),
    trigger         text,
    linked_at       timestamptz NOT NULL,
    cleared_at      timestamptz,
    cleared_trigger text,
    CONSTRAINT recording_links_cleared_at_check
        CHECK (cleared_at >= linked_at)
);

-- The database itself keeps "one current link".
CREATE UNIQUE INDEX recording_links_current_key
ON platform.recording_links (recording_id)
WHERE cleared_at IS NULL;

CREATE INDEX recording_links_current_entity_idx
ON platform.recording_links (entity_id)
WHERE cleared_at IS NULL;
