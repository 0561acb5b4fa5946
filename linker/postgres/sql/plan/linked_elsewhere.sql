-- Reconcile: a link outside the scope is somebody else's to change.
-- $1 $2 $3 the scope
UPDATE run.plan AS p
SET outcome = 'rejected', code = 'linked_elsewhere'
FROM platform.crm_entities AS e
JOIN platform.integration_connections AS home ON home.id = e.integration_connection_id
WHERE p.outcome = 'replaced'
    AND NOT p.done
    AND e.id = p.previous_entity_id
    AND {{outside "home.id" "p.previous_data_type" "home.organization_id" 1}}
