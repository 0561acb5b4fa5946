-- Reconcile: a link outside the scope is somebody else's to change.
-- $1 $2 $3 the scope
UPDATE relink.run_0_plan AS p
SET outcome = 'rejected', code = 'linked_elsewhere'
FROM crm_entities AS e
JOIN integration_connections AS home ON home.id = e.integration_connection_id
WHERE p.outcome = 'replaced'
    AND NOT p.done
    AND e.id = p.previous_entity_id
    AND (
        home.id <> ALL ($1::text[])
        OR p.previous_data_type::text <> ALL ($2::text[])
        OR home.organization_id <> ALL ($3::text[])
    )
