-- The current links to CRM rows that are merged or deleted, as rows that ask for
-- those same CRM rows: the rule of an import finds the survivors. The type asked for
-- is that of the survivor, since a lead may have become a contact; one of another
-- organization has no say in it. Links of recordings that are deleted or gone are
-- nobody's any more.
-- $1 the caller's organization, null for any, $2 the connections of these CRM rows,
-- null for any, $3 the triggers that a row may have
CREATE UNLOGGED TABLE run.links WITH (autovacuum_enabled = off) AS
WITH RECURSIVE dead AS MATERIALIZED (
    SELECT l.recording_id, l.trigger::text AS trigger, e.id AS entity_id, e.data_type, e.merged_into_id, home.organization_id::text AS organization_id
    FROM platform.recording_links AS l
    JOIN platform.crm_entities AS e ON e.id = l.entity_id
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND ($1::text IS NULL OR home.organization_id::text = $1)
    JOIN platform.recordings AS r
        ON r.id = l.recording_id
        AND r.deleted_at IS NULL
        AND ($1 IS NULL OR r.organization_id::text = $1)
    WHERE {{current "l"}}
        AND (e.merged_into_id IS NOT NULL OR e.deleted_at IS NOT NULL)
        AND ($2::text[] IS NULL OR home.id::text = ANY ($2))
),
chain (merged_id, organization_id, id, next_id) AS (
    SELECT DISTINCT entity_id, organization_id, entity_id, merged_into_id
    FROM dead
    WHERE merged_into_id IS NOT NULL
    UNION ALL
    SELECT c.merged_id, c.organization_id, e.id, e.merged_into_id
    FROM chain AS c
    JOIN platform.crm_entities AS e ON e.id = c.next_id
) CYCLE id SET circular USING path,
survivor AS (
    SELECT c.merged_id, e.data_type
    FROM chain AS c
    JOIN platform.crm_entities AS e ON e.id = c.id
    JOIN platform.integration_connections AS home
        ON home.id = e.integration_connection_id
        AND home.organization_id::text = c.organization_id
    WHERE c.next_id IS NULL AND NOT c.circular
)
SELECT
    0::bigint AS row_no,
    d.recording_id::text AS recording_id,
    coalesce(s.data_type, d.data_type)::text AS data_type,
    d.entity_id::text AS entity_id,
    CASE WHEN d.trigger = ANY ($3::text[]) THEN d.trigger END AS trigger,
    d.entity_id::text AS expected
FROM dead AS d
LEFT JOIN survivor AS s ON s.merged_id = d.entity_id
