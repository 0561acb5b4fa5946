-- uuids for all ids, updated_at triggers, an audit trigger that finds its table by
-- the search path, an outbox, and the tables around: what a platform in production
-- has beside the four that relink needs.
CREATE TABLE public.organizations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES public.organizations, name text);
CREATE TABLE public.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES public.organizations, team_id uuid REFERENCES public.teams, email text NOT NULL);
CREATE TABLE public.api_tokens (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES public.users, digest text NOT NULL, deleted_at timestamptz);

CREATE TABLE public.conversations (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations,
    owner_id        uuid REFERENCES public.users,
    title           text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz
);
CREATE TABLE public.call_transcripts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES public.conversations, body text, deleted_at timestamptz);
CREATE TABLE public.transcript_segments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), transcript_id uuid NOT NULL REFERENCES public.call_transcripts, said text);
CREATE TABLE public.conversation_participants (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES public.conversations, user_id uuid REFERENCES public.users);
CREATE TABLE public.conversation_comments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES public.conversations, user_id uuid REFERENCES public.users, body text);
CREATE TABLE public.conversation_shares (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES public.conversations, expires_at timestamptz);
CREATE TABLE public.recording_files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES public.conversations, bucket text, size bigint);
CREATE TABLE public.playlists (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES public.organizations, name text);
CREATE TABLE public.playlist_items (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), playlist_id uuid NOT NULL REFERENCES public.playlists, conversation_id uuid NOT NULL REFERENCES public.conversations);
CREATE TABLE public.links (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), slug text NOT NULL UNIQUE, url text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE public.integrations (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations,
    provider        text NOT NULL,
    name            text,
    is_active       boolean NOT NULL DEFAULT true,
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE public.integration_sync_runs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), integration_id uuid NOT NULL REFERENCES public.integrations, state text, finished_at timestamptz);
CREATE TABLE public.integration_webhooks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), integration_id uuid NOT NULL REFERENCES public.integrations, url text);

CREATE TABLE public.crm_records (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    record_type      text NOT NULL CHECK (record_type IN ('account', 'contact', 'lead', 'opportunity', 'engagement')),
    integration_id   uuid NOT NULL REFERENCES public.integrations,
    external_id      text NOT NULL,
    display_name     text,
    owner_id         uuid REFERENCES public.users,
    parent_id        uuid REFERENCES public.crm_records,
    last_activity_at timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    merged_into_id   uuid REFERENCES public.crm_records,
    UNIQUE (integration_id, record_type, external_id)
);
CREATE TABLE public.crm_notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), crm_record_id uuid NOT NULL REFERENCES public.crm_records, conversation_id uuid REFERENCES public.conversations, external_id text, body text, created_at timestamptz);
CREATE TABLE public.crm_fields (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), integration_id uuid NOT NULL REFERENCES public.integrations, object_type text, external_id text, label text);
CREATE TABLE public.crm_field_values (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), crm_record_id uuid NOT NULL REFERENCES public.crm_records, field_id uuid NOT NULL REFERENCES public.crm_fields, value text);

CREATE TABLE public.conversation_crm_links (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES public.conversations,
    crm_record_id   uuid NOT NULL REFERENCES public.crm_records,
    record_type     text NOT NULL,
    trigger         text,
    linked_at       timestamptz NOT NULL DEFAULT now(),
    unlinked_at     timestamptz,
    unlink_trigger  text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ON public.conversation_crm_links (conversation_id) WHERE unlinked_at IS NULL;
CREATE INDEX ON public.conversation_crm_links (crm_record_id) WHERE unlinked_at IS NULL;

CREATE TABLE public.audit_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, of_table text NOT NULL, row_id uuid NOT NULL, action text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.outbox_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL);
CREATE TABLE public.job_queue (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, conversation_id uuid REFERENCES public.conversations, run_at timestamptz);

CREATE FUNCTION public.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at = now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON public.conversations FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON public.crm_records FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON public.conversation_crm_links FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE FUNCTION public.write_audit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO audit_log (of_table, row_id, action) VALUES (TG_TABLE_NAME, NEW.id, TG_OP); RETURN NULL; END';
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON public.conversation_crm_links FOR EACH ROW EXECUTE FUNCTION public.write_audit();

CREATE FUNCTION public.announce_link() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO outbox_events (topic, payload) VALUES (''link'', to_jsonb(NEW)); RETURN NULL; END';
CREATE TRIGGER outbox AFTER INSERT ON public.conversation_crm_links FOR EACH ROW EXECUTE FUNCTION public.announce_link();
