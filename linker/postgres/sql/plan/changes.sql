-- The work list, one row a recording, stored in the order in which it is done:
-- by CRM row. Lanes are ranges of its blocks, so they never share a recording,
-- and hardly a CRM row. The foreign key's look-ups and locks and the index on
-- entity_id then go along, and only the index on recording_id is met at random:
-- in the order of recordings it was the other way round, and 500,000 inserts
-- took 40 % more CPU. Whoever else locks several CRM rows in id order (a CRM
-- sync) meets us in the same order. No order of recordings is needed against
-- deadlocks: no two lanes have one in common, and the platform changes one
-- recording at a time.
CREATE UNLOGGED TABLE run.changes WITH (autovacuum_enabled = off) AS
SELECT
    row_no,
    recording_id,
    CASE WHEN outcome <> 'cleared' THEN entity_id END AS entity_id, -- null only clears
    data_type,
    CASE WHEN outcome = 'cleared' THEN coalesce(trigger, 'USER_UNLINK') ELSE trigger END AS trigger,
    link_id,
    -- the CRM row that the link must still be to, '' for no link, null for any
    CASE WHEN expected IS NOT NULL OR outcome = 'cleared' THEN coalesce(previous_entity_id::text, '') END AS expected,
    CASE WHEN link_id IS NOT NULL AND previous_entity_id IS NULL THEN true END AS hidden,
    NULL::{{type "recording_links.id"}} AS restores{{template "previous_link"}}
FROM run.plan AS p
WHERE outcome IN ('created', 'replaced', 'cleared') AND NOT done
ORDER BY {{inOrder "crm_entities.id" "p.entity_id"}}, {{inOrder "recordings.id" "recording_id"}}
